"""Dead letters that are sent again are put back once, whatever their kind; one that fails can be sent once more."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.structs import ConsumerRecord

from rondo.location import Place
from rondo.operator import resending
from rondo.operator.dead_letters import Became, DeadLetterRecord
from rondo.operator.dead_letters import Log as Letters
from schemas import records as r
from schemas.kafka.log_reader import committed
from schemas.topics import DAYS, TASK_COMMANDS, Topic
from streams.replay import Report, verify
from streams.runtime import App, Block, Context, Stage, Topology, retries
from streams.runtime.settings import Settings
from tests.integration.runtime.conftest import writing
from tests.integration.runtime.counting import (
    Counting,
    Log,
    command,
    numbers,
    outcome,
    prepared,
    running,
    until,
)
from tests.integration.runtime.pair import Pair

MINUTE = 60_000
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

    async def dead_letters(self) -> list[DeadLetterRecord]:
        return [one for one in await self._looking.dead_letters() if one.stage in self._looking.stages]

    async def send(self, *which: DeadLetterRecord, at: int | None = None) -> None:
        await resending.send(self._looking, self.settings.kafka, which, at=at)

    async def obstacle(self, dead_letter: DeadLetterRecord) -> str:
        return await resending.obstacle(self._looking, dead_letter, NOW) or ""

    async def became(self, *wanted: Became) -> list[DeadLetterRecord]:
        """Return the dead letters once they have become this."""
        return await until(
            self.dead_letters, lambda found: [dead_letter.became for dead_letter in found] == list(wanted)
        )


@asynccontextmanager
async def admitted(settings: Settings, log: Log) -> AsyncIterator[Hospital]:
    name = uuid4().hex[:8]
    counting = await prepared(Mending(settings, name, mended=False))
    place = Place({"kafka": settings.kafka, "registry": settings.registry})
    async with Letters.of(place, [counting.topology]) as looking:
        yield Hospital(settings, log, name, looking)


@pytest.fixture
async def hospital(worker_settings: Settings, log: Log) -> AsyncIterator[Hospital]:
    async with admitted(worker_settings.model_copy(update={"partitions": 1}), log) as hospital:
        yield hospital


def counted(outcomes: Sequence[r.CommandOutcome]) -> dict[str, list[int]]:
    return numbers([outcome for outcome in outcomes if outcome.task != "timer"])


@dataclass
class Healed:
    """The results of dead letters of several kinds: sent while their stage was sick, and twice before it was mended."""

    dead: list[DeadLetterRecord]
    failed: list[DeadLetterRecord]
    healed: list[DeadLetterRecord]
    outcomes: list[r.CommandOutcome]
    again: list[ConsumerRecord]
    """What was sent again, as it is on the log."""
    report: Report


@pytest.fixture(scope="module")
async def healed(kafka: str, registry: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Healed]:
    """Clocks are set back meanwhile: that of the stage again and again, and that of the sender."""
    data = tmp_path_factory.mktemp("healed")
    settings = Settings(kafka=kafka, registry=registry, data=data, partitions=1, retry_pause=0.2, tick=0.05)
    settings = settings.model_copy(update={"block_records": 3})  # so the first two die in different blocks
    async with writing(kafka, registry) as log, admitted(settings, log) as hospital:
        sick = await hospital.stage(mended=False)
        sick.app.now = count(NOW, -MINUTE).__next__
        ann = [command("ann", n, "sick" if n in {2, 5} else "t") for n in range(8)]
        bob = [command("bob", 0, "sick"), command("bob", 1)]
        await log.put(sick.commands, [*ann, *bob, b"no avro", command("cid", 0, "13")])
        async with running(sick.app):
            dead = await hospital.became(*[Became.DEAD] * 5)
            by_place = {dead_letter.place: dead_letter for dead_letter in dead}
            retries = [by_place[f"{sick.commands.name}/0/{offset}"] for offset in (8, 8, 10)]
            await hospital.send(*retries, at=NOW)
            failed = await until(hospital.dead_letters, lambda found: sum(len(one.numbers) for one in found) == 5 + 3)
        mended = await hospital.stage(mended=True)
        curable = [dead_letter for dead_letter in failed if dead_letter.value != b"no avro"]
        await hospital.send(*reversed(curable), at=NOW)
        await hospital.send(*curable, at=NOW - 2 * 60 * MINUTE)
        async with running(mended.app):
            await until(hospital.dead_letters, lambda found: [one.became for one in found].count(Became.PUT_BACK) == 4)
            await log.put(mended.commands, [command("ann", 9)])
            outcomes = await log.wait_for(mended.counts, 13)
        again = [raw async for raw in committed(kafka, mended.retries.name)]
        report = await verify(settings, [(await hospital.stage(mended=True)).topology])
        yield Healed(dead, failed, await hospital.dead_letters(), outcomes, again, report)


def test_dead_letters_are_listed_in_the_order_of_the_log_though_the_clock_is_set_back(healed: Healed):
    assert [dead_letter.offset for dead_letter in healed.dead if not dead_letter.is_timer] == [2, 5, 8, 10]
    assert healed.dead[0].died > healed.dead[1].died


def test_what_could_not_be_folded_is_put_back_once_however_often_it_is_sent(healed: Healed):
    """In the order of the log, and behind what was folded meanwhile."""
    assert counted(healed.outcomes)["ann"] == list(range(1, 10))
    of_ann = [outcome.command for outcome in healed.outcomes if outcome.user == "ann"]
    assert of_ann == [command("ann", n).id for n in (0, 1, 3, 4, 6, 7, 2, 5, 9)]


def test_what_fails_again_is_dead_lettered_again_and_can_be_sent_again(healed: Healed):
    dead, failed, back = (dead_letters[2] for dead_letters in (healed.dead, healed.failed, healed.healed))
    assert (len(dead.numbers), len(failed.numbers), failed.became) == (1, 3, Became.DEAD)
    assert back.became is Became.PUT_BACK
    assert counted(healed.outcomes)["bob"] == [1, 2]


def test_what_cannot_be_read_stays_dead_lettered_under_a_new_number(healed: Healed):
    dead, after = healed.dead[3], healed.healed[3]
    assert (after.became, after.numbers[:-1], after.number > dead.number) == (Became.DEAD, dead.numbers, True)


def test_a_timer_that_died_is_put_back(healed: Healed):
    (dead,) = [dead_letter for dead_letter in healed.dead if dead_letter.is_timer]
    assert dead.place == f"timer {command('cid', 0).id}"
    assert [outcome.task for outcome in healed.outcomes if outcome.user == "cid"] == ["13", "timer"]


def test_times_of_what_is_sent_again_never_go_back_though_the_clock_does(healed: Healed):
    assert [raw.timestamp for raw in healed.again] == [NOW] * (3 + 4 + 4)


def test_what_is_sent_again_is_in_the_envelope_of_every_record(healed: Healed):
    shared = {"ce_specversion": b"1.0", "ce_source": b"/rondo/dead-letters", "ce_type": b"retry"}
    for raw in healed.again:
        headers = dict(raw.headers)
        assert {name: value for name, value in headers.items() if name != "ce_id"} == shared
        assert UUID(headers["ce_id"].decode())
    assert {raw.key for raw in healed.again} == {b"ann", b"bob", b"cid", b""}


def test_the_log_is_verified_after_dead_letters_were_put_back(healed: Healed):
    """What was put back does not count as dead-lettered; bob's two retries, which failed, do."""
    assert healed.report.differences == [], healed.report.describe()
    assert "2 dead-lettered records that fold today" in healed.report.describe()


class Alone:
    """A stage with one input, and one more once it reads retries."""

    def __init__(self, counting: Counting, *reads: Topic) -> None:
        self.stage = Stage(counting.stage.name, reads=reads, writes=(counting.counts,))
        self.heads = self.stage.table("heads", r.AuditHead)
        self.counting = counting
        self.stage.on(counting.commands)(self.fold)
        self.topology = Topology.of(self.stage)
        self.app = App(self.topology, counting.settings)

    def fold(self, block: Block, given: r.CompleteTask) -> None:
        before = self.heads.get(given.user)
        number = before.sequence + 1 if before else 1
        self.heads[given.user] = r.AuditHead(number, given.id)
        block.emit(self.counting.counts, outcome(given.user, given.at, given.id, number, given.task))


@pytest.mark.parametrize("more", [0, pytest.param(3, marks=pytest.mark.deep)])
async def test_what_was_taken_before_there_were_retries_is_followed(more: int, hospital: Hospital, log: Log):
    counting = await hospital.stage(mended=True)
    await log.put(counting.commands, [command("ann", 0), b"no avro", *(command("ann", n) for n in range(1, 5))])
    before = Alone(counting, counting.commands)
    async with running(before.app):
        await log.wait_for(counting.counts, 5)
    after = Alone(counting, counting.commands, counting.retries)
    async with running(after.app):
        await hospital.send(*await hospital.dead_letters())
        await until(hospital.dead_letters, lambda found: len(found[0].numbers) == 2)
        await log.put(counting.commands, [command("ann", n) for n in range(10, 10 + more)])
        await log.wait_for(counting.counts, 5 + more)
    report = await verify(hospital.settings, [after.topology])
    assert report.differences == [], report.describe()
    assert report.parts[0].records == 6 + 1 + more


async def test_what_was_never_dead_lettered_and_is_sent_again_is_named(hospital: Hospital, log: Log):
    counting = await hospital.stage(mended=True)
    await log.put(counting.commands, [command("ann", 0)])
    await log.codec.publish([counting.commands])
    value = log.codec.encode(counting.commands.name, command("ann", 0))
    planted = r.Retry(
        "id", "ann", 2_000, counting.stage.name, 0, 10**13, counting.commands.name, 0, 0, "", b"ann", value
    )
    await log.put(counting.retries, [planted])
    async with running(counting.app):
        await log.wait_for(counting.counts, 2)
    report = await verify(hospital.settings, [counting.topology])
    assert [one.place for one in report.differences] == [f"{counting.retries.name}/0/0"]


async def test_what_can_not_be_sent_again_says_why(hospital: Hospital, log: Log):
    counting = await hospital.stage(mended=True)
    await log.codec.publish([counting.commands])

    def dead_letter(stage: str = counting.stage.name, topic: str = TASK_COMMANDS.name, died: int = NOW, at: int = NOW):
        value = log.codec.encode(counting.commands.name, command("ann", 0, at=at))
        return DeadLetterRecord(stage, topic, 0, 7, died, b"ann", value, (), [0])

    assert await hospital.obstacle(dead_letter()) == ""
    assert await hospital.obstacle(dead_letter(died=NOW - 90 * DAYS, at=NOW - 30 * DAYS)) == ""
    assert await hospital.obstacle(dead_letter(stage="gone")) == "There is no stage gone."
    assert "is not a resent dead letter" in await hospital.obstacle(dead_letter(topic=counting.retries.name))
    assert "older than 90 days" in await hospital.obstacle(dead_letter(died=NOW - 90 * DAYS - 1))
    assert "older than 30 days" in await hospital.obstacle(dead_letter(at=NOW - 30 * DAYS - 1))
    assert await hospital.obstacle(dead_letter(topic=counting.commands.name, at=NOW - 31 * DAYS)) == ""


async def test_a_stage_that_does_not_read_what_is_sent_again_yet_is_named(worker_settings: Settings):
    older = Mending(worker_settings, uuid4().hex[:8], mended=True)
    place = Place({"kafka": worker_settings.kafka, "registry": worker_settings.registry})
    async with Letters.of(place, [older.topology]) as dead_letters:
        told = await resending.obstacle(
            dead_letters, DeadLetterRecord(older.topology.name, "t", 0, 7, NOW, None, None, (), [0]), NOW
        )
    assert (
        told
        == f"The stage {older.topology.name} can't take dead letters back yet: first start its workers in this version."
    )


async def test_a_thousand_dead_letters_are_compared_with_what_came_later_at_once(hospital: Hospital, log: Log):
    """Of each third task something came after the sender had looked."""
    counting = await hospital.stage(mended=True)
    counting.stage.on(counting.commands, about=lambda one: str(one.task))(counting.each)
    later = [command("ann", 2_000 + n, f"t{n}") for n in range(0, 1_000, 3)]
    await log.put(counting.commands, [*(command("ann", n, f"t{n}") for n in range(1_000)), *later])
    await log.codec.publish([counting.retries])
    sent = [sent_again(counting, log, n) for n in range(1_000)]
    block = Block(counting.topology, Context(counting.settings, log.codec), 0, sent, state=None, now=NOW)
    async with asyncio.timeout(15):
        await retries.prepare(block, {counting.commands.name: 1_000 + len(later)})
    assert block.recorded_settings["later"].split() == [str(n) for n in range(0, 1_000, 3)]


async def test_what_the_block_before_has_handed_on_overtakes_though_its_markers_are_still_to_come(
    worker_settings: Settings, log: Log
):
    """Its commit was accepted, and a reader of committed records does not see it yet."""
    pair = await prepared(Pair(worker_settings))
    pair.telling.on(pair.counts, about=lambda one: str(one.task))(pair.tell)
    await log.codec.publish([pair.counts, pair.retries])
    await log.put(pair.counts, [outcome("ann", 0, "c-0", 1, "t")])
    value = log.codec.encode(pair.counts.name, outcome("ann", 1, "c-1", 2, "t"))
    retry = r.Retry("i", "ann", NOW, pair.telling.name, 0, NOW, pair.counts.name, 0, 0, "", b"ann", value, seen=1)
    raw = log.codec.encode(pair.retries.name, retry)
    sent = ConsumerRecord(pair.retries.name, 0, 7, NOW, 0, b"ann", raw, None, 3, len(raw), ())
    block = Block(pair.topology, Context(worker_settings, log.codec), 0, [sent], state=None, now=NOW)
    async with AIOKafkaProducer(bootstrap_servers=log.kafka, transactional_id=uuid4().hex) as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(pair.counts.name, value, b"ann", partition=0)
        search = asyncio.ensure_future(retries.prepare(block, {}))
        searched, _ = await asyncio.wait([search], timeout=1)
        await producer.commit_transaction()
    assert not searched
    await asyncio.wait_for(search, 20)
    assert block.recorded_settings["later"] == "7"


def sent_again(counting: Counting, log: Log, number: int) -> ConsumerRecord:
    """The retry of a command, as it is read: its sender had seen all before the thousandth."""
    value, commands = log.codec.encode(counting.commands.name, command("ann", number, f"t{number}")), counting.commands
    retry = r.Retry(
        "i", "ann", NOW, counting.stage.name, 0, NOW, commands.name, 0, number, "", b"ann", value, seen=1_000
    )
    raw = log.codec.encode(counting.retries.name, retry)
    return ConsumerRecord(counting.retries.name, 0, number, NOW, 0, b"ann", raw, None, 3, len(raw), ())
