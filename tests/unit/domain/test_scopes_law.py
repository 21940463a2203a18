"""An edit touches what it names: whatever came before, it leaves all other slots, dues and the count as they are."""

from itertools import islice

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import times
from domain.recurrence import keys, overrides, upcoming
from schemas import records as r
from tests.unit.domain.given import NOON, PARIS, World, complete, create, update

THIS, FOLLOWING, ALL, UNNAMED = r.Scope.THIS, r.Scope.FOLLOWING, r.Scope.ALL, r.Scope.UNNAMED
EARLY = NOON - 30 * 86_400_000
DUES = (r.Due("2026-11-24"), r.Due("2026-11-24", "09:00:00"), PARIS)
RULES = ("FREQ=DAILY", "FREQ=WEEKLY;COUNT=7", "FREQ=DAILY;INTERVAL=2;COUNT=6")
KINDS = ((None, None), ("10:30:00", None), ("10:30:00", "Europe/Paris"), ("10:30:00", "America/New_York"))
UNRELATED = (
    {"title": "Feed"},
    {"tags": ("a",), "notes": "Twice"},
    {"missed": r.Missed.EACH},
    {"missed": r.Missed.SKIP, "title": "Z"},
    {"subtasks": r.Subtasks.CARRY},
    {"repeats": r.Repeats.CALENDAR},
    {"repeats": r.Repeats.SCHEDULE, "priority": r.Priority.HIGH},
)
"""Fields that say nothing about when a series recurs."""
STEPS = st.one_of(
    st.tuples(st.just("complete")),
    st.tuples(st.just("unrelated"), st.sampled_from(r.Scope), st.sampled_from(UNRELATED), st.integers(0, 2)),
    st.tuples(st.just("move"), st.sampled_from(r.Scope), st.integers(-1, 3), st.sampled_from(KINDS), st.integers(0, 2)),
    st.tuples(st.just("rule"), st.sampled_from((FOLLOWING, ALL)), st.sampled_from(RULES), st.integers(0, 2)),
)


def current(world) -> r.Task:
    return world.task(world.series("t").task)


def coming(world) -> list[tuple[str, r.Due]]:
    """The slot and the due of the open occurrence, and of those after it."""
    task = current(world)
    own = keys.shown_key(task.recurrence, task.occurrence)
    listed = islice(upcoming.listed(task.recurrence, task.occurrence), 9)
    return [(own, task.due), *((each.slot, each.due) for each in listed)]


def asked(world, number: int, scope: r.Scope, **fields) -> r.UpdateTask:
    """A change of the open occurrence, or of one after it."""
    change = update(current(world).id, NOON, scope, **fields)
    slots = [slot for slot, _ in coming(world)]
    return replace(change, occurrence=slots[number]) if 0 < number < len(slots) else change


def done(world, step) -> None:
    """Do a step, and check that it leaves as it is what it does not name."""
    before = coming(world)
    match step:
        case ["complete"]:
            world.does(complete(current(world).id, EARLY))
            world.does(world.followup())
            assert coming(world)[0] == before[1]
        case ["unrelated", scope, fields, number]:
            decided = world.does(asked(world, number, scope, **fields))
            event(f"unrelated, {scope.name}, {decided.outcome.kind.name}")
            assert coming(world) == before
        case ["rule", scope, rrule, number]:
            world.does(asked(world, number, scope, rrule=rrule))
            assert coming(world)[0][0] in {before[0][0], times.key(before[0][1])}  # a new rule counts from the due
        case ["move", scope, days, (time, zone), number]:
            slot, was = before[number] if number < len(before) else before[0]
            due = replace(times.moved(was, days), time=time, zone=zone)
            same = until_the_rule_changes(world, before, before[0][0] if scope is ALL else slot)
            decided = world.does(asked(world, number, scope, due=due))
            event(f"move, {scope.name}, {decided.outcome.kind.name}")
            if not decided.events:
                assert coming(world) == before
            else:
                moved(before, coming(world), slot, due, scope, same)


def until_the_rule_changes(world, before, slot: str) -> int:
    """The number of occurrences before the first one, after a slot, from which on another rule or start holds."""
    rule = current(world).recurrence
    begins = (overrides.begins(rule, each) for each in rule.overrides if overrides.is_switch(each))
    first = next((key for key in begins if key > slot), "9")
    return sum(key < first for key, _ in before)


def moved(before, after, slot: str, due: r.Due, scope: r.Scope, same: int) -> None:  # noqa: PLR0917
    """Check what has become of slots and dues after one was moved; a new start ends later changes of the rule."""
    number = [key for key, _ in before].index(slot)
    if scope in {THIS, UNNAMED}:
        assert [key for key, _ in after] == [key for key, _ in before]
        others = [[each for at, each in enumerate(found) if at != number] for found in (before, after)]
        assert others[0] == others[1]
        assert after[number][1] == due
    else:
        first = number if scope is FOLLOWING else 0
        assert after[:first] == before[:first]
        planned = keys.slot_due(r.Recurrence("", before[number][1]), slot)
        expected = [times.key(keys.moved_along(_due(key), planned, due)) for key, _ in before]
        assert [key for key, _ in after][first:same] == expected[first:same]


def _due(key: str) -> r.Due:
    date, _, time = key.partition("T")
    return r.Due(date, time or None)


@pytest.mark.parametrize("due", DUES, ids=str)
@settings(max_examples=150, deadline=None)
@given(rrule=st.sampled_from(RULES), steps=st.lists(STEPS, max_size=6))
def test_an_edit_with_any_scope_touches_what_it_names(due, rrule, steps):
    world = World(create(due=due, rrule=rrule))
    for step in steps:
        if len(coming(world)) > 2:
            done(world, step)
