"""A start beside the due, a version that is expected, a pin and a place."""

import pytest
from msgspec.structs import replace

from domain import audit
from schemas import records as r
from tests.unit.domain.given import PARIS, WEEKDAYS, World, complete, create, delete, reopen, update

MORNING = r.Due("2026-11-24", "08:30:00", "Europe/Paris")


def code(decision) -> str | None:
    return decision.outcome.code


@pytest.mark.parametrize(
    ("start", "due"),
    [
        (r.Due("2026-11-24"), r.Due("2026-11-24")),
        (r.Due("2026-11-24", "23:00:00"), r.Due("2026-11-24")),
        (MORNING, PARIS),
        (PARIS, PARIS),
        (r.Due("2026-11-24", "09:30:00", "Europe/Athens"), PARIS),  # half past eight in Paris
        (r.Due("2027-01-01"), None),
    ],
)
def test_a_task_may_begin_until_it_is_due(start: r.Due, due: r.Due | None):
    assert World(create(start=start, due=due)).task("t").start == start


@pytest.mark.parametrize(
    ("start", "due"),
    [
        (r.Due("2026-11-25"), r.Due("2026-11-24")),
        (r.Due("2026-11-24", "09:00:01", "Europe/Paris"), PARIS),
        (r.Due("2026-11-24", "08:30:00", "Europe/London"), PARIS),  # half past nine in Paris
        (r.Due("2026-11-24", "09:30:00"), PARIS),
    ],
)
def test_a_task_that_would_begin_after_it_is_due_is_refused(start: r.Due, due: r.Due):
    world = World()
    assert world.does(create(start=start, due=due)).outcome.field == "start"
    world.does(create(due=due))
    assert world.does(update(start=start)).outcome.field == "start"
    world.does(create("other", start=start))
    assert world.does(update("other", due=due)).outcome.field == "start"


def test_the_next_occurrence_begins_as_many_days_before_its_due():
    world = World(create(start=r.Due("2026-11-22", "10:00:00"), due=PARIS, rrule=WEEKDAYS, pinned=True, rank="V"))
    following = world.goes_on()
    assert (following.due.date, following.start) == ("2026-11-25", r.Due("2026-11-23", "10:00:00"))
    assert (following.pinned, following.rank) == (True, "V")


@pytest.mark.parametrize("make", [lambda: update(title="New"), complete, reopen, delete])
def test_a_command_that_expects_another_version_is_refused(make):
    world = World(create(), update(title="Other"))
    assert code(world.does(replace(make(), expected=1))) == "version"
    assert code(world.does(replace(make(), expected=2))) is None


def test_what_was_deleted_is_reported_before_its_version():
    world = World(create(), delete())
    assert code(world.does(replace(update(title="New"), expected=1))) == "deleted"


def test_a_new_task_tells_in_the_trail_only_those_later_fields_that_say_something():
    world = World(create(), create("pinned", pinned=True, rank="V"))
    plain, pinned = ({change.field for change in audit.changes(None, event.task)} for event in world.events)
    assert plain.isdisjoint({"start", "parent", "rank", "pinned"})
    assert pinned - plain == {"rank", "pinned"}


def test_a_pin_that_is_taken_off_is_reported_in_the_trail():
    world = World(create(pinned=True), update(pinned=False))
    (change,) = audit.changes(world.events[0].task, world.events[1].task)
    assert change == r.FieldChange("pinned", "true", "false")
