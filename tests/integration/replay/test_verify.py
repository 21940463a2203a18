"""Verifying a stage on a real broker: it holds after whatever happened, and each planted difference is named."""

import time
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka.structs import ConsumerRecord

from schemas import records as r
from schemas.kafka.log_reader import committed
from schemas.topics import DEAD_LETTERS, Topic
from streams.replay import Difference, OtherVersion, Report, Scope, replay, verify
from streams.runtime import Block, Context
from streams.runtime.disk import directory
from streams.runtime.kafka_store import KafkaStore
from streams.runtime.rocksdb import StateStore
from tests.integration.runtime.counting import Counting, Log, command, outcome, prepared, running, until
from tests.integration.runtime.test_disk import Disk, Failing, flipped


async def verified(counting: Counting) -> Report:
    return await verify(counting.settings, [counting.topology])


async def first(counting: Counting) -> Difference:
    """The first difference that is found."""
    return (await verified(counting)).differences[0]


def head(counting: Counting, user: str) -> bytes:
    """The key of a user's number."""
    return f"{counting.stage.name}/heads\0{user}".encode()


def place_of(counting: Counting, user: str) -> str:
    return f"key {counting.stage.name}/heads {user}"


def clock() -> int:
    return 1_500


@pytest.fixture
async def lived(worker_settings, log: Log) -> Counting:
    """A stage after a day: two inputs, two partitions, records that can't be read or folded, timers, a restart."""
    counting = await prepared(Counting(worker_settings, name := uuid4().hex[:8]))
    counting.app.now = clock
    tasks = ["t"] * 40 + ["poison", "t", "100", "9000", "13"]
    for partition, user in enumerate(("ann", "bob")):
        await log.put(counting.commands, [command(user, n, task) for n, task in enumerate(tasks)], partition)
    await log.put(counting.followups, [b"no avro", *(command("ann", n) for n in range(100, 150))])
    async with running(counting.app):
        await log.wait_for(counting.counts, 2 * 44 + 50 + 2)
    again = Counting(worker_settings, name)
    again.app.now = clock
    await log.put(again.commands, [command("ann", n) for n in range(200, 220)])
    async with running(again.app):
        await log.wait_for(again.counts, 2 * 44 + 50 + 2 + 20)
    return again


async def test_a_stage_that_lived_through_a_day_holds(lived: Counting):
    report = await verified(lived)
    assert report.differences == [], report.describe()
    assert [(part.partition, part.records) for part in report.parts] == [(0, 45 + 51 + 20), (1, 45)]
    assert [part.outputs for part in report.parts] == [44 + 50 + 20, 44]
    assert not any(part.notes for part in report.parts)


@pytest.fixture
async def counted(worker_settings, log: Log) -> Counting:
    """A stage that has counted ten commands of one user, and is stopped."""
    counting = await prepared(Counting(worker_settings))
    counting.app.now = clock
    await log.put(counting.commands, [command("ann", n, "100") for n in range(10)])
    async with running(counting.app):
        await log.wait_for(counting.counts, 20)
    await log.codec.publish(counting.topology.topics)
    return counting


async def test_a_stage_is_verified_while_it_runs(counted: Counting, log: Log):
    again = Counting(counted.settings, counted.stage.name.removeprefix("counting-"))
    async with running(again.app):
        await log.put(again.commands, [command("ann", n) for n in range(10, 3000)])
        reports = [await verified(again)]
        while sum(part.records for part in reports[-1].parts) < 3000:
            reports.append(await verified(again))
    assert [report.differences for report in reports] == [[]] * len(reports)
    assert "in use by a worker" in reports[-1].describe()


async def test_a_value_of_the_state_that_was_changed_is_named(counted: Counting, log: Log):
    key, value = head(counted, "ann"), r.AuditHead(11, command("ann", 9).id)
    encoded = log.codec.encode(counted.topology.changelog.name, value)
    sent = await log.producer.send_and_wait(counted.topology.changelog.name, encoded, key, partition=0)
    found = await first(counted)
    assert (found.partition, found.place, found.field) == (0, place_of(counted, "ann"), "sequence")
    assert (found.current, found.replayed) == ("11", "10")
    assert found.source == f"{counted.commands.name}/0/9"
    assert f"{sent.topic}/0/{sent.offset}" in found.reason


async def test_a_key_of_the_state_that_is_gone_is_named(counted: Counting, log: Log):
    await log.producer.send_and_wait(counted.topology.changelog.name, None, head(counted, "ann"), partition=0)
    found = await first(counted)
    assert (found.place, found.current) == (place_of(counted, "ann"), "nothing")


async def test_a_key_that_nothing_led_to_is_named(counted: Counting, log: Log):
    encoded = log.codec.encode(counted.topology.changelog.name, r.AuditHead(1, "h"))
    await log.producer.send_and_wait(counted.topology.changelog.name, encoded, head(counted, "eve"), partition=0)
    found = await first(counted)
    assert (found.place, found.replayed) == (place_of(counted, "eve"), "nothing")


def doctor(counted: Counting, log: Log) -> Path:
    """Change a value on the disk of the first partition; return where that is."""
    path = directory(counted.settings.data, counted.app.runtime.context.cluster, counted.stage.name, 0)
    disk = StateStore(path)
    doctored = log.codec.encode(counted.topology.changelog.name, r.AuditHead(12, command("ann", 9).id))
    disk.write({head(counted, "ann"): doctored}, disk.changelog, disk.at)
    disk.close()
    return path


async def test_a_value_on_the_disk_that_was_changed_is_named(counted: Counting, log: Log):
    path = doctor(counted, log)
    found = await first(counted)
    assert (found.place, found.field, found.current, found.replayed) == (
        place_of(counted, "ann"),
        "sequence",
        "12",
        "10",
    )
    assert str(path) in found.reason


async def test_a_damaged_disk_is_named(counted: Counting, log: Log):
    path = doctor(counted, log)
    for file in path.glob("*.sst"):
        flipped(file)
    found = await first(counted)
    assert found.place == str(path)
    assert "damaged" in found.reason


class Ailing(StateStore):
    """A state that can be opened, but not be read where its disk is ``ill``."""

    ill: Path

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        if path == self.ill:
            disk = Disk()
            disk.ill = True
            self._db = Failing(disk, self._db)


async def test_a_disk_that_this_machine_cannot_read_is_noted_and_no_difference(
    counted: Counting, log: Log, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Ailing, "ill", doctor(counted, log), raising=False)
    monkeypatch.setattr("streams.replay.verify_state.StateStore", Ailing)
    report = await verified(counted)
    assert report.differences == []
    (note,) = report.parts[0].notes
    assert note.startswith(f"its disk can't be read ({Ailing.ill}: IO error")
    assert note.endswith("Too many open files) and was not compared")


async def raws(log: Log, topic: Topic) -> list[ConsumerRecord]:
    return [raw async for raw in committed(log.kafka, topic.name)]


async def put(log: Log, raw: ConsumerRecord, value: bytes | None = None) -> str:
    """Put a record once more, or another in its place; return its place."""
    sent = await log.producer.send_and_wait(
        raw.topic, value or raw.value, raw.key, raw.partition, raw.timestamp, list(raw.headers)
    )
    return f"{sent.topic}/{sent.partition}/{sent.offset}"


async def test_an_output_that_stands_twice_is_named(counted: Counting, log: Log):
    where = await put(log, (await raws(log, counted.counts))[4])
    found = await first(counted)
    assert (found.place, found.reason.count(f"of {counted.commands.name}/0/4")) == (where, 1)


async def test_an_output_that_stands_twice_in_the_midst_is_named(counted: Counting, log: Log):
    where = await put(log, (await raws(log, counted.counts))[4])
    await log.put(counted.commands, [command("ann", n) for n in range(10, 20)])
    again = Counting(counted.settings, counted.stage.name.removeprefix("counting-"))
    async with running(again.app):
        await log.wait_for(again.counts, 31)
    found = await first(again)
    assert found.place == where
    assert found.current
    assert found.replayed
    assert found.current.endswith(f"{counted.commands.name}/0/4")
    assert found.replayed.endswith(f"{counted.commands.name}/0/10")


async def test_an_output_whose_value_is_another_is_named_by_its_field(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    await log.put(counting.commands, [command("ann", 0)])
    truth = counting.count
    counting.count = lambda block, given: block.emit(counting.counts, outcome("ann", 1_000, given.id, 7, "t"))
    async with running(counting.app):
        await log.wait_for(counting.counts, 1)
    counting.count = truth
    found = await first(counting)
    assert (found.place, found.field) == (f"{counting.counts.name}/0/0", "version")
    assert (found.current, found.replayed) == ("7", "1")


async def test_a_record_that_the_stage_did_not_write_is_named(counted: Counting, log: Log):
    await log.put(counted.counts, [outcome("ann", 1_000, "c", 1, "t")])
    found = await first(counted)
    assert (found.place.rpartition("/")[0], found.reason) == (
        f"{counted.counts.name}/0",
        "the record is there, but the stage did not write it.",
    )


async def by_hand(counting: Counting, log: Log, raw: ConsumerRecord | None, positions: dict[str, int]) -> None:
    """Commit a block that nobody folded."""
    context = Context(counting.settings, log.codec, counting.app.runtime.context.cluster)
    store = KafkaStore(counting.topology, context, 0)
    before = await store.open()
    raws, now = [raw] if raw else [], time.time_ns() // 1_000_000
    block = Block(counting.topology, context, 0, raws, state=store.state, now=now)
    if raw is None:
        with block:
            list(counting.timers.due(10**15, 1000))
    await store.commit(block, before | positions)
    await store.close()


async def test_a_command_that_was_passed_over_is_named(counted: Counting, log: Log):
    await log.put(counted.commands, [command("ann", 10)])
    raw = (await raws(log, counted.commands))[-1]
    await by_hand(counted, log, raw, {raw.topic: raw.offset + 1})
    found = await first(counted)
    assert found.place == f"{counted.counts.name}/0"
    assert found.reason.endswith(f"of {counted.commands.name}/0/10 is missing.")


async def test_a_command_that_no_block_took_is_named(counted: Counting, log: Log):
    await log.put(counted.commands, [command("ann", 10)])
    await by_hand(counted, log, None, {counted.commands.name: 11})
    found = await first(counted)
    assert (found.current, found.replayed) == (
        repr({counted.commands.name: 11}),
        repr({counted.commands.name: 10}),
    )


async def test_a_block_that_was_taken_twice_is_named(counted: Counting, log: Log):
    assert counted.topology.blocks
    where = await put(log, (await raws(log, counted.topology.blocks))[0])
    await log.put(counted.commands, [command("ann", 10)])
    raw = (await raws(log, counted.commands))[-1]
    await by_hand(counted, log, raw, {raw.topic: raw.offset + 1})
    found = await first(counted)
    assert (found.place, found.replayed) == (where, "None to None, 0 records")


async def test_a_record_that_was_dead_lettered_without_a_dead_letter_is_named(counted: Counting, log: Log):
    await log.put(counted.commands, [b"no avro"])
    raw = (await raws(log, counted.commands))[-1]
    await by_hand(counted, log, raw, {raw.topic: raw.offset + 1})
    found = await first(counted)
    assert (found.place, "dead letters" in found.reason) == (f"{raw.topic}/0/{raw.offset}", True)


async def test_a_record_that_was_dead_lettered_though_it_folds_is_noted(worker_settings, log: Log):
    counting = await prepared(Sickly(worker_settings, name := uuid4().hex[:8]))
    await log.put(counting.commands, [command("ann", n, "sickening" if n == 3 else "t") for n in range(10)])
    async with running(counting.app):
        await log.wait_for(counting.counts, 9)
    report = await verified(Counting(worker_settings, name))
    assert report.differences == [], report.describe()
    assert "1 dead-lettered records that fold today" in report.describe()


class Sickly(Counting):
    """A stage that cannot fold what its successor can."""

    def count(self, block: Block, command: r.CompleteTask) -> None:
        assert command.task != "sickening"
        super().count(block, command)


async def test_a_dead_letter_of_a_record_that_was_folded_is_named(counted: Counting, log: Log):
    name = counted.commands.name
    letter = r.DeadLetter(counted.stage.name, name, 0, 3, 1_500, "no reason", None, b"x")
    await log.codec.publish([DEAD_LETTERS])
    await log.producer.send_and_wait(DEAD_LETTERS.name, log.codec.encode(DEAD_LETTERS.name, letter), partition=0)
    assert (await first(counted)).place == f"{counted.counts.name}/0/3"


async def test_a_timer_that_was_passed_over_is_named(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    counting.app.now = lambda: 0
    await log.put(counting.commands, [command("ann", 0, task="500")])
    async with running(counting.app):
        await log.wait_for(counting.counts, 1)
    await log.codec.publish(counting.topology.topics)
    assert (await verified(counting)).differences == []
    await by_hand(counting, log, None, {})
    assert (await first(counting)).place == f"timer {command('ann', 0).id} of 500, due 1500"


@pytest.fixture
async def upgraded(counted: Counting, log: Log) -> Counting:
    """A stage of which one block was decided under other rules."""
    assert counted.topology.blocks
    block = r.Block(counted.stage.name, counted.commands.name, 10, 10, 1, "0", "2026.6")
    encoded = log.codec.encode(counted.topology.blocks.name, block)
    await put(log, (await raws(log, counted.topology.blocks))[0], encoded)
    await log.put(counted.commands, [command("ann", 10)])
    raw = (await raws(log, counted.commands))[-1]
    await by_hand(counted, log, raw, {raw.topic: raw.offset + 1})
    return counted


async def test_a_part_that_was_decided_by_another_version_is_reported_and_the_others_are_verified(upgraded: Counting):
    report = await verified(upgraded)
    older, other = report.parts
    assert (older.records, older.undecided is not None, other.undecided) == (10, True, None)
    assert report.differences == [], report.describe()
    assert "was decided by decision version 0" in report.describe()
    assert "Everything is as it follows" not in report.describe()


class Older(Counting):
    """A stage of decision version 3."""

    def count(self, block: Block, command: r.CompleteTask) -> None:
        block.decision_version = "3"
        super().count(block, command)


class Newer(Counting):
    """A stage that counts no more, and still decides as in version 3."""

    def count(self, block: Block, command: r.CompleteTask) -> None:
        if block.decision_version == "3":
            super().count(block, command)


async def test_what_was_decided_under_rules_that_are_still_known_is_decided_by_them_again(worker_settings, log: Log):
    older = await prepared(Older(worker_settings, name := uuid4().hex[:8]))
    await log.put(older.commands, [command("ann", n) for n in range(10)])
    async with running(older.app):
        await log.wait_for(older.counts, 10)
    newer = Newer(worker_settings, name)
    async with running(newer.app):
        await log.put(newer.commands, [command("ann", n) for n in range(10, 15)])
        await log.put(newer.followups, [command("bob", 0)])
        report = await until(lambda: verified(newer), lambda found: sum(part.records for part in found.parts) == 16)
    assert report.differences == [], report.describe()
    assert [(part.outputs, part.undecided) for part in report.parts] == [(10, None), (0, None)]


async def test_the_disk_of_a_part_that_was_decided_under_other_rules_is_verified(upgraded: Counting, log: Log):
    doctor(upgraded, log)
    assert (await first(upgraded)).place == place_of(upgraded, "ann")


async def test_a_replay_of_what_was_decided_under_other_rules_is_refused(upgraded: Counting):
    with pytest.raises(OtherVersion, match=r"decision version 0.*replay it with a Rondo of that version"):
        [entry async for entry in replay(upgraded.settings, upgraded.topology, upgraded.stage.name, Scope())]
