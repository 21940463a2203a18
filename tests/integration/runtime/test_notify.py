"""The worker of notify, and a receiver that takes longer to answer than a lease."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import time_ns
from uuid import uuid4

import pytest

from bench.notify import is_ready
from local import ports
from local.process import Command, Process
from local.settings import ROOT
from schemas import records as r
from schemas.kafka import admin
from schemas.topics import NOTIFICATIONS, REMINDERS
from streams import notify
from streams.regrouping import regroup
from streams.replay import verify
from streams.runtime import Topology
from streams.runtime.settings import Settings
from streams.runtime.topology import grouping_of
from streams.topologies import STAGES
from tests.integration.runtime.counting import Log, until
from tests.receiver import Receiver

NOTIFY = Topology.of(notify.stage)
SENDING = Topology("sending", (notify.stage,))
LEASE = 1.0
ANSWER = 1.5
"""Seconds until the receiver answers."""
SLOTS = 8
WITHIN = LEASE + 6.0
"""Seconds in which what was being sent is sent again; a delivery that is not answered takes 20."""
ALONE = 6
"""Slots that one of two partitions may have."""
Start = Callable[[], Process]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A receiver that takes its time."""
    with Receiver(ANSWER) as receiver:
        yield receiver


@pytest.fixture
async def settings(worker_settings: Settings, receiver: Receiver, log: Log) -> Settings:
    """The workers' settings, for topics that exist."""
    await admin.create(worker_settings.kafka, worker_settings.partitions, NOTIFY.topics)
    await log.codec.publish(NOTIFY.topics)
    return worker_settings.model_copy(update={"webhook": receiver.url, "lease": LEASE, "effects": SLOTS})


@contextmanager
def worker(settings: Settings, name: str, topology: Topology = NOTIFY) -> Iterator[Process]:
    """A worker process of a name that it keeps, once its partitions are open."""
    port = ports.choose([name], {})[name]
    names = ("kafka", "registry", "webhook", "lease", "effects", "partitions", "session_timeout")
    told = {key: getattr(settings, key) for key in names}
    environment = {f"RONDO_{key.upper()}": str(value) for key, value in told.items()}
    own = {"RONDO_DATA": str(settings.data / name), "RONDO_INSTANCE": name, "RONDO_HEALTH_PORT": str(port)}
    own["RONDO_TOPOLOGIES"] = " ".join((*STAGES[:-2], grouping_of([topology]), STAGES[-1]))
    program = str(Path(sys.executable).with_name("rondo"))
    argv = [sys.executable, program, "worker", topology.name]
    process = Process(Command(name, argv, settings.data / f"{name}.log", {**environment, **own}, cwd=ROOT))
    try:
        process.wait_until(lambda: is_ready(port), 60)
        yield process
    finally:
        process.stop()


async def remind(log: Log, number: int, partition: int = 0) -> list[str]:
    """Let ``number`` reminders of a new user be due; return their ids."""
    user, at = str(uuid4()), time_ns() // 1_000_000
    due = [r.ReminderDue(str(uuid4()), user, at, "c", "t", "r", at, f"Number {n}") for n in range(number)]
    await log.put(REMINDERS, due, partition)
    return [each.id for each in due]


async def ended(log: Log, reminders: list[str]) -> list[r.Notification]:
    """Return the ledger's steps of these reminders, once each of them was sent."""

    async def steps() -> list[r.Notification]:
        return [step for step in await log.read(NOTIFICATIONS) if step.id in reminders]

    def all_sent(found: list[r.Notification]) -> bool:
        return {step.id for step in found if step.step is r.Step.SENT} == {*reminders}

    return await until(steps, all_sent, 60)


def posts(receiver: Receiver, reminders: list[str]) -> Counter[str]:
    return Counter(received.key for received in receiver.received if received.key in reminders)


async def posted(receiver: Receiver, reminders: list[str], number: int) -> None:
    async def look() -> Counter[str]:
        return posts(receiver, reminders)

    await until(look, lambda found: found.total() >= number)


async def posted_again(receiver: Receiver, reminders: list[str], number: int, seconds: float) -> set[str]:
    """Return what was posted twice, once ``number`` were."""

    async def look() -> set[str]:
        return {reminder for reminder, times in posts(receiver, reminders).items() if times > 1}

    return await until(look, lambda found: len(found) >= number, seconds)


async def test_reminders_for_which_there_is_no_room_and_a_receiver_slower_than_a_lease_are_sent_once(
    settings: Settings, receiver: Receiver, log: Log
):
    with worker(settings, "first"):
        reminders = await remind(log, 2 * SLOTS) + await remind(log, 1, partition=1)
        steps = await ended(log, reminders)
    assert posts(receiver, reminders) == Counter(reminders)
    assert Counter(step.step for step in steps) == dict.fromkeys((r.Step.CLAIMED, r.Step.SENT), len(reminders))
    report = await verify(settings.model_copy(update={"data": settings.data / "first"}), [Topology.of(notify.stage)])
    assert report.differences == [], report.describe()


async def test_what_a_killed_worker_was_sending_is_sent_again_and_nothing_else_is(
    settings: Settings, receiver: Receiver, log: Log
):
    receiver.answering.clear()
    with worker(settings, "first") as process:
        reminders = await remind(log, SLOTS)
        await posted(receiver, reminders, ALONE)
        os.kill(process.pid, signal.SIGKILL)
    being_sent = posts(receiver, reminders)
    receiver.answering.set()
    with worker(settings, "first"):
        steps = await ended(log, reminders)
    assert posts(receiver, reminders) == Counter(reminders) + being_sent
    again = {step.id for step in steps if step.attempt == 2}
    assert again >= being_sent.keys()  # what was claimed and not yet on its way is claimed again as well


async def test_no_more_are_claimed_than_there_is_room_for_in_all_partitions_together(
    settings: Settings, receiver: Receiver, log: Log
):
    receiver.answering.clear()
    reminders = await remind(log, SLOTS) + await remind(log, SLOTS, partition=1)
    with worker(settings, "first"):
        await posted(receiver, reminders, SLOTS)
        steps = [step for step in await log.read(NOTIFICATIONS) if step.id in reminders]
        assert {step.id for step in steps} == posts(receiver, reminders).keys()
        receiver.answering.set()
        await ended(log, reminders)


async def test_what_a_killed_worker_was_sending_goes_before_what_waits_for_room(
    settings: Settings, receiver: Receiver, log: Log
):
    receiver.answering.clear()  # so that nothing makes room
    with worker(settings, "first") as process:
        reminders = await remind(log, 2 * SLOTS)
        await posted(receiver, reminders, ALONE)
        os.kill(process.pid, signal.SIGKILL)
    being_sent = posts(receiver, reminders)
    with worker(settings, "first"):
        await posted_again(receiver, reminders, ALONE, WITHIN)
        assert posts(receiver, reminders) == being_sent + being_sent
        receiver.answering.set()
        await ended(log, reminders)
    assert posts(receiver, reminders) == Counter(reminders) + being_sent


async def test_what_a_killed_worker_was_sending_is_sent_again_by_one_that_has_no_room(
    settings: Settings, short_sessions: Settings, receiver: Receiver, log: Log
):
    quick = settings.model_copy(update={"session_timeout": short_sessions.session_timeout})
    receiver.answering.clear()
    with worker(quick, "first") as process, worker(quick, "second"):
        partitions = [await remind(log, 2 * SLOTS, partition) for partition in (0, 1)]
        reminders = partitions[0] + partitions[1]
        await posted(receiver, reminders, 2 * SLOTS)
        os.kill(process.pid, signal.SIGKILL)
        twice = await posted_again(receiver, reminders, SLOTS, quick.session_timeout + WITHIN)
        assert any(twice <= {*partition} for partition in partitions)
        receiver.answering.set()
        await ended(log, reminders)
    assert posts(receiver, reminders) == Counter(reminders) + Counter(twice)


async def test_what_is_being_sent_when_another_worker_joins_is_handed_over_and_sent_once(
    settings: Settings, receiver: Receiver, log: Log
):
    patient = settings.model_copy(update={"lease": 5.0})
    receiver.answering.clear()
    with worker(patient, "first"):
        reminders = await remind(log, ALONE // 2) + await remind(log, ALONE // 2, partition=1)
        await posted(receiver, reminders, ALONE)
        with worker(patient, "second"):
            receiver.answering.set()
            steps = await ended(log, reminders)
    assert posts(receiver, reminders) == Counter(reminders)
    assert Counter((step.id, step.attempt) for step in steps if step.step is r.Step.CLAIMED) == dict.fromkeys(
        ((reminder, 1) for reminder in reminders), 2
    )


async def test_what_is_being_sent_when_a_worker_stops_is_ended_before(settings: Settings, receiver: Receiver, log: Log):
    with worker(settings, "first"):
        reminders = await remind(log, 2)
        await posted(receiver, reminders, 2)
    assert {step.id for step in await log.read(NOTIFICATIONS) if step.step is r.Step.SENT} >= {*reminders}
    assert posts(receiver, reminders) == Counter(reminders)


@pytest.mark.deep
async def test_what_a_killed_worker_was_sending_is_sent_again_under_another_name_of_its_topology(
    settings: Settings, short_sessions: Settings, receiver: Receiver, log: Log
):
    """What waited for room is sent once; and so it is under the former name again."""
    quick = settings.model_copy(update={"session_timeout": short_sessions.session_timeout})
    own = quick.model_copy(update={"data": quick.data / "first"})
    receiver.answering.clear()
    with worker(quick, "first") as process:
        reminders = await remind(log, 2 * SLOTS)
        await posted(receiver, reminders, ALONE)
        os.kill(process.pid, signal.SIGKILL)
    being_sent = posts(receiver, reminders)
    await regroup(own, [SENDING])
    try:
        receiver.answering.set()
        with worker(quick, "first", SENDING):
            steps = await ended(log, reminders)
        assert posts(receiver, reminders) == Counter(reminders) + being_sent
        assert {step.id for step in steps if step.attempt == 2} >= being_sent.keys()
    finally:
        await regroup(own, [NOTIFY])
    report = await verify(own, [NOTIFY])
    assert report.differences == [], report.describe()
