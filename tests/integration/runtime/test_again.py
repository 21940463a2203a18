"""Dead letters that are sent again are put back once, whatever their kind; one that fails can be sent once more."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from itertools import count
from uuid import uuid4

import pytest
from aiokafka.structs import ConsumerRecord

from rondo import resending
from rondo.dead_letters import Became, Letter
from rondo.dead_letters import Log as Letters
from rondo.place import Place
from schemas import records as r
from schemas.topics import Topic
from streams.reading import committed
from streams.replay import verify
from streams.runtime import Block, Stage, Stream, again
from streams.settings import Settings
from tests.integration.runtime.counting import Counting, Log, command, numbers, outcome, prepared, running, until

HOUR = 3_600_000
NOW = 1_800_000_000_000


class Mending(Counting):
    """A stage that can't fold commands for a task "sick", and timers of one, until it is mended."""

    def __init__(self, settings: Settings, name: str, *, mended: bool) -> None:
        super().__init__(settings, name, retried=True)
        self.mended = mended

    def count(self, block: Block, command: r.CompleteTask) -> None:
        if command.task == "sick" and not self.mended:
            raise ZeroDivisionError("sick")
        super().count(block, command)

    def tick(self, block: Block, timer: r.Timer) -> None:
        if timer.subject == "13" and self.mended:
            super().tick(block, r.Timer(timer.id, timer.user, "cured", timer.due))
        else:
            super().tick(block, timer)


class Hospital:
    """A stage whose records die, and what an operator does about that."""

    def __init__(self, settings: Settings, log: Log, name: str, looking: Letters) -> None:
        self.settings, self.log, self.name, self._looking = settings, log, name, looking

    async def stage(self, *, mended: bool) -> Mending:
        return await prepared(Mending(self.settings, self.name, mended=mended))

    async def letters(self) -> list[Letter]:
        return [one for one in await self._looking.letters() if one.stage in self._looking.stages]

    async def send(self, *which: Letter, at: int | None = None) -> None:
        await resending.send(self._looking, self.settings.kafka, which, at=at)

    async def became(self, *wanted: Became) -> list[Letter]:
        """Return the letters once they have become this."""
        return await until(self.letters, lambda found: [letter.became for letter in found] == list(wanted))


@pytest.fixture
async def hospital(worker_settings: Settings, log: Log) -> AsyncIterator[Hospital]:
    name = uuid4().hex[:8]
    counting = await prepared(Mending(worker_settings, name, mended=False))
    place = Place({"kafka": worker_settings.kafka, "registry": worker_settings.registry})
    async with Letters.of(place, [counting.stage]) as looking:
        yield Hospital(worker_settings, log, name, looking)


def counted(outcomes: Sequence[r.CommandOutcome]) -> dict[str, list[int]]:
    return numbers([outcome for outcome in outcomes if outcome.task != "timer"])


async def holds(hospital: Hospital) -> str:
    """Verify the stage; return what the report tells."""
    report = await verify(hospital.settings, [(await hospital.stage(mended=True)).stage])
    assert report.differences == [], report.told()
    return report.told()


async def test_what_could_not_be_folded_is_put_back_once_however_often_it_is_sent(hospital: Hospital, log: Log):
    """Whatever clocks say meanwhile: that of the stage is set back, and then that of whoever sends again."""
    sick = await hospital.stage(mended=False)
    sick.stage.clock = count(NOW, -HOUR).__next__
    await log.put(sick.commands, [command("ann", n, "sick" if n in {2, 5} else "t") for n in range(8)])
    async with running(sick.stage):
        await log.wait_for(sick.counts, 6)
    dead = await hospital.became(Became.DEAD, Became.DEAD)
    assert dead[0].died > dead[1].died
    assert [letter.place for letter in dead] == [f"{sick.commands.name}/0/{n}" for n in (2, 5)]

    mended = await hospital.stage(mended=True)
    await hospital.send(*reversed(dead), at=NOW)
    await hospital.send(*dead, at=NOW - 2 * HOUR)
    assert [raw.timestamp async for raw in committed(log.kafka, mended.retries.name)] == [NOW] * 4
    async with running(mended.stage):
        await hospital.became(Became.PUT_BACK, Became.PUT_BACK)
        await log.put(mended.commands, [command("ann", 9)])
        outcomes = await log.wait_for(mended.counts, 9)
    assert counted(outcomes) == {"ann": list(range(1, 10))}
    assert [outcome.command for outcome in outcomes[6:8]] == [command("ann", n).id for n in (2, 5)]
    assert "set aside that fold today" not in await holds(hospital)


async def test_what_fails_again_is_set_aside_again_and_can_be_sent_again(hospital: Hospital, log: Log):
    sick = await hospital.stage(mended=False)
    await log.put(sick.commands, [command("ann", 0, "sick"), command("ann", 1)])
    async with running(sick.stage):
        (first,) = await hospital.became(Became.DEAD)
        await hospital.send(first, first)
        failed = await until(hospital.letters, lambda found: len(found[0].numbers) == 3)
    assert [letter.became for letter in failed] == [Became.DEAD]
    assert failed[0].number > first.number

    mended = await hospital.stage(mended=True)
    async with running(mended.stage):
        await hospital.send(failed[0])
        await hospital.became(Became.PUT_BACK)
        outcomes = await log.wait_for(mended.counts, 2)
    assert counted(outcomes) == {"ann": [1, 2]}
    await holds(hospital)


async def test_what_could_not_be_read_is_put_back_once_its_schema_is_there(hospital: Hospital, log: Log):
    """The worker that set it aside learns the schema: it asks the registry once more."""
    counting = await hospital.stage(mended=True)
    await log.codec.publish([counting.commands])
    known = log.codec.encode(counting.commands.name, command("ann", 0))
    newer = b"\0" + (int.from_bytes(known[1:5]) + 1000).to_bytes(4) + known[5:]
    await log.put(counting.commands, [newer, b"no avro"])
    async with running(counting.stage):
        dead = await hospital.became(Became.DEAD, Became.DEAD)
        await hospital.send(*dead)
        await until(hospital.letters, lambda found: all(len(letter.numbers) == 2 for letter in found))
    assert [letter.became for letter in await hospital.letters()] == [Became.DEAD, Became.DEAD]
    await holds(hospital)


async def test_a_timer_that_died_is_put_back(hospital: Hospital, log: Log):
    sick = await hospital.stage(mended=False)
    await log.put(sick.commands, [command("ann", 0, "13")])
    async with running(sick.stage):
        (dead,) = await hospital.became(Became.DEAD)
    assert dead.place == f"timer {command('ann', 0).id}"
    mended = await hospital.stage(mended=True)
    async with running(mended.stage):
        await hospital.send(dead)
        await hospital.send(dead)
        await hospital.became(Became.PUT_BACK)
        outcomes = await log.wait_for(mended.counts, 2)
    assert [outcome.task for outcome in outcomes] == ["13", "timer"]
    await holds(hospital)


class Alone:
    """A stage with one input, and one more once it reads retries."""

    def __init__(self, counting: Counting, *reads: Topic) -> None:
        self.stage = Stage(counting.stage.name, reads=reads, writes=(counting.counts,))
        self.stage.settings = counting.stage.settings
        self.heads = self.stage.table("heads", r.AuditHead)
        self.counting = counting
        self.stage.agent(counting.commands)(self.fold)

    async def fold(self, blocks: Stream) -> None:
        async for block in blocks.noack():
            with block:
                for record in block:
                    before = self.heads.get(record.value.user)
                    number = before.sequence + 1 if before else 1
                    self.heads[record.value.user] = r.AuditHead(number, record.value.id)
                    given = record.value
                    block.emit(self.counting.counts, outcome(given.user, given.at, given.id, number, given.task))


@pytest.mark.parametrize("more", [0, 3])
async def test_what_was_taken_before_there_were_retries_is_followed_without_blocks(
    more: int, hospital: Hospital, log: Log
):
    counting = await hospital.stage(mended=True)
    await log.put(counting.commands, [command("ann", 0), b"no avro", *(command("ann", n) for n in range(1, 5))])
    before = Alone(counting, counting.commands)
    assert before.stage.blocks is None
    async with running(before.stage):
        await log.wait_for(counting.counts, 5)
    after = Alone(counting, counting.commands, counting.retries)
    async with running(after.stage):
        await hospital.send(*await hospital.letters())
        await until(hospital.letters, lambda found: len(found[0].numbers) == 2)
        await log.put(counting.commands, [command("ann", n) for n in range(10, 10 + more)])
        await log.wait_for(counting.counts, 5 + more)
    report = await verify(hospital.settings, [after.stage])
    assert report.differences == [], report.told()
    assert report.parts[0].records == 6 + 1 + more


async def test_what_was_never_set_aside_and_is_sent_again_is_named(hospital: Hospital, log: Log):
    counting = await hospital.stage(mended=True)
    await log.put(counting.commands, [command("ann", 0)])
    await log.codec.publish([counting.commands])
    value = log.codec.encode(counting.commands.name, command("ann", 0))
    planted = r.Retry(
        "id", "ann", 2_000, counting.stage.name, 0, 10**13, counting.commands.name, 0, 0, "", b"ann", value
    )
    await log.put(counting.retries, [planted])
    async with running(counting.stage):
        await log.wait_for(counting.counts, 2)
    report = await verify(hospital.settings, [counting.stage])
    assert [one.place for one in report.differences] == [f"{counting.retries.name}/0/0"]


async def test_a_thousand_letters_are_held_against_what_came_later_at_once(hospital: Hospital, log: Log):
    """Of each third task something came after the sender had looked."""
    counting = await hospital.stage(mended=True)
    counting.stage.codec = log.codec
    counting.stage.about[counting.commands.name] = lambda about: str(about.task)
    later = [command("ann", 2_000 + n, f"t{n}") for n in range(0, 1_000, 3)]
    await log.put(counting.commands, [*(command("ann", n, f"t{n}") for n in range(1_000)), *later])
    await log.codec.publish([counting.retries])
    block = Block(counting.stage, 0, [sent_again(counting, log, n) for n in range(1_000)], None, NOW)
    async with asyncio.timeout(15):
        await again.prepare(counting.stage, block, {counting.commands.name: 1_000 + len(later)})
    assert block.given["later"].split() == [str(n) for n in range(0, 1_000, 3)]


def sent_again(counting: Counting, log: Log, number: int) -> ConsumerRecord:
    """The retry of a command, as it is read: whoever sent it had seen all before the thousandth."""
    value, commands = log.codec.encode(counting.commands.name, command("ann", number, f"t{number}")), counting.commands
    retry = r.Retry(
        "i", "ann", NOW, counting.stage.name, 0, NOW, commands.name, 0, number, "", b"ann", value, seen=1_000
    )
    raw = log.codec.encode(counting.retries.name, retry)
    return ConsumerRecord(counting.retries.name, 0, number, NOW, 0, b"ann", raw, None, 3, len(raw), ())
