"""The log and the state of a partition that an earlier Rondo wrote: decided again, compared, and gone on with."""

from collections import Counter
from collections.abc import AsyncIterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from domain.decision import BEFORE_7, DECIDABLE, VERSION
from domain.hierarchy import above
from schemas import ids
from schemas import records as r
from schemas.topics import AUDIT_LOG, REMINDERS, SERIES_NOTICES, TASK_EVENTS
from tests.contract.saved_partition import LOGS, Partition, Saved, read
from tests.unit.domain.given import ANNA, BERT, DAY, HOUR, NOON, complete, set_settings, skip

VERSIONS = sorted(path.stem.removeprefix("core-") for path in LOGS.glob("core-*.json"))
END = NOON + 2 * DAY
"""When the earlier Rondo was stopped."""
INDEX = b"tasks/subtasks"


@pytest.fixture(params=VERSIONS)
def saved(request: pytest.FixtureRequest) -> Saved:
    return read(request.param)


@pytest.fixture
async def upgraded(saved: Saved, tmp_path: Path) -> AsyncIterator[Partition]:
    """Today's Rondo on the earlier one's topics and state."""
    made = Partition(tmp_path, saved)
    await made.open()
    yield made
    made.state.close()


@pytest.fixture
async def replayed(saved: Saved, upgraded: Partition, tmp_path: Path) -> AsyncIterator[Partition]:
    """The earlier one's blocks, folded again."""
    made = Partition(tmp_path / "replayed", replace(saved, topics={}, blocks=[], state={}))
    await made.open()
    await made.codec.learn(raw.value for raws in upgraded.topics.values() for raw in raws)
    made.replay(saved)
    yield made
    made.state.close()


def test_what_an_earlier_version_emitted_is_emitted_again(saved: Saved, upgraded: Partition, replayed: Partition):
    assert saved.topics.keys() == replayed.topics.keys()
    for topic in saved.topics:
        assert replayed.written(topic) == upgraded.written(topic)


def test_an_upgraded_state_is_what_its_log_leads_to(upgraded: Partition, replayed: Partition):
    assert upgraded.kept() == replayed.kept()
    assert any(key.startswith(INDEX) for key in upgraded.kept())


def later(*commands: Any) -> list[Any]:
    """Commands under ids that the log does not have."""
    return [replace(command, id=ids.derive("later", command.id)) for command in commands]


def tasks(made: Partition) -> dict[str, r.Task]:
    """The tasks after all events."""
    events = [event for event in made.written(TASK_EVENTS.name) if isinstance(getattr(event, "task", None), r.Task)]
    return {event.task.id: event.task for event in events}


def open_of(made: Partition) -> dict[str, list[r.Task]]:
    """The open occurrences of each series, in their order."""
    found = [task for task in tasks(made).values() if task.recurrence and task.status is r.Status.OPEN]
    found.sort(key=lambda task: (str(task.series), str(task.occurrence)))
    return {series: [*them] for series, them in groupby(found, key=lambda task: str(task.series))}


def is_each(task: r.Task) -> bool:
    return task.recurrence is not None and task.recurrence.missed is r.Missed.EACH


@pytest.mark.parametrize("by", [complete, skip], ids=lambda each: each.__name__)
async def test_each_series_goes_on_with_one_open_occurrence(upgraded: Partition, by: Any):
    """Also one of which an earlier version had left two open, once the first of them is completed."""
    series = open_of(upgraded)
    assert len(series) >= 5
    upgraded.wakes(END)
    upgraded.does(*later(*(complete(task.id, END) for [*others, _] in series.values() for task in others)))
    for days in range(1, 4):
        upgraded.waits(now := END + days * DAY)
        for [*others, last] in open_of(upgraded).values():
            assert not others or is_each(last)
            upgraded.does(*later(by(last.id, now)))
    assert all(has_ended(upgraded, name) for name in series.keys() - open_of(upgraded).keys())


def has_ended(made: Partition, series: str) -> bool:
    """Whether a series has had its COUNT."""
    occurrences = [task for task in tasks(made).values() if task.recurrence and task.series == series]
    _, _, count = occurrences[0].recurrence.rrule.partition("COUNT=")  # type: ignore[union-attr]
    return bool(count) and len(occurrences) == int(count)


async def test_each_reminder_comes_once(upgraded: Partition):
    """Also those that came due while nothing ran."""
    upgraded.wakes(END)
    upgraded.does(*later(set_settings(END + HOUR, zone="Asia/Kathmandu"), set_settings(END + HOUR, BERT, zone="UTC")))
    upgraded.waits(END + 30 * DAY)
    by_kind = {kind: ids_of(upgraded, kind) for kind in REMINDERS.records}
    decided = by_kind[r.ReminderDue] + by_kind[r.ReminderWithheld]
    assert max(decided.values()) == 1
    ended = decided.keys() | by_kind[r.ReminderCancelled].keys()
    assert by_kind[r.ReminderScheduled].keys() <= ended | repeated(upgraded)


def ids_of(made: Partition, kind: type[Any]) -> Counter[str]:
    return Counter(each.id for each in made.written(REMINDERS.name) if isinstance(each, kind))


def repeated(made: Partition) -> set[str]:
    """The reminders that wait for their next repetition."""
    held = [kept for kept in made.kept().values() if isinstance(kept, r.StandingReminders)]
    return {standing.id for each in held for standing in each.standing}


def test_the_subtasks_of_an_earlier_state_are_indexed(upgraded: Partition):
    there = {(f"{task.user}/{above(task)}", task.id) for task in tasks(upgraded).values() if above(task)}
    index = [key.partition(b"\x00")[2].decode() for key in upgraded.kept() if key.startswith(INDEX)]
    assert sorted(index) == sorted(f"{parent}/{task}" for parent, task in there)
    assert there


async def test_what_series_await_is_planned_again_if_it_is_unknown_by_which_time_zone_data_it_was(
    saved: Saved, upgraded: Partition
):
    is_unknown = saved.version in BEFORE_7
    waits = is_unknown and any(isinstance(kept, r.AwaitedOccurrence) for kept in upgraded.kept().values())
    for _ in range(2):
        upgraded.wakes(END)
        upgraded.waits(END)
    replanned = [each for each in upgraded.written(SERIES_NOTICES.name) if isinstance(each, r.ReplanNotice)]
    assert [each.subject for each in replanned] == ["tzdata"] * (2 * waits)


async def test_the_audit_trail_goes_on(upgraded: Partition):
    upgraded.does(*later(complete("plain", END)))
    trail = [entry for entry in upgraded.written(AUDIT_LOG.name) if entry.user == ANNA]
    assert [entry.sequence for entry in trail] == [*range(1, len(trail) + 1)]
    assert [entry.previous for entry in trail[1:]] == [entry.hash for entry in trail[:-1]]


def test_each_version_that_is_no_longer_todays_has_left_a_state():
    assert {*DECIDABLE} - {"3", "4", VERSION} <= {*VERSIONS}, (
        "Write it with the Rondo that had this version: python -m tests.contract.logs"
    )
