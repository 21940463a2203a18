"""Whatever is done to a series: undone, the occurrences that follow are as before, and done again, as after."""

from itertools import islice

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.composition import unversioned
from domain.decision import VERSION
from domain.recurrence import upcoming
from domain.recurrence.derived import CLOSING, derived
from schemas import records as r
from tests.unit.domain.given import DAY, HOUR, NOON, PARIS, World, complete, create, delete, reopen, skip, update
from tests.unit.domain.test_one_open import copied

EARLY = NOON - 30 * DAY
START = r.Due("2026-11-23")
REMINDERS = (r.Reminder("a", at=NOON + HOUR), r.Reminder("b", before=0, days=1))
FORMS = (
    {"due": PARIS, "rrule": "FREQ=DAILY"},
    {"due": PARIS, "rrule": "FREQ=WEEKLY;COUNT=5", "reminders": REMINDERS},
    {"due": PARIS, "start": START, "rrule": "FREQ=WEEKLY;COUNT=6", "rdates": ("2026-11-26T09:00:00",)},
    {"due": r.Due("2026-11-24", "09:00:00"), "rrule": "FREQ=WEEKLY;BYDAY=TU,FR;COUNT=6"},
    {"due": PARIS, "rrule": "FREQ=DAILY;COUNT=6", "repeats": r.Repeats.CALENDAR},
)
CHANGES = (
    {"title": "Feed"},
    {"title": "Z", "tags": ("a",)},
    {"due": replace(PARIS, date="2026-11-25")},
    {"due": replace(PARIS, date="2026-12-02"), "title": "Late"},
    {"rrule": "FREQ=DAILY"},
    {"rrule": None},
    {"due": None, "rrule": None},
    {"exdates": ("2026-12-01T09:00:00",)},
    {"start": None},
    {"start": r.Due("2026-11-22")},
    {"reminders": ()},
    {"reminders": (r.Reminder("c", before=60),)},
)
ACTS = st.one_of(
    st.tuples(st.sampled_from(r.Scope), st.sampled_from(CHANGES)),
    st.sampled_from(("complete", "skip", "delete", "leave out", "go back", "change the next")),
)


def acted(world, act):
    """Do something to the open occurrence, the one before it or the one after it; return the command."""
    task = next(map(world.task, world.open()), world.task("t"))
    latest = world.series(task.series or "")
    match act:
        case "complete":
            return done(world, complete(task.id, EARLY))
        case "skip":
            return done(world, skip(task.id, EARLY))
        case "delete" | "leave out":
            scope = r.Scope.FOLLOWING if act == "delete" else r.Scope.THIS
            return done(world, delete(task.id, EARLY, scope))
        case "go back":
            return done(world, reopen((latest and latest.previous) or "t"))
        case "change the next":
            slots = upcoming.after(task.recurrence, task.occurrence) if task.recurrence else ()
            change = update(task.id, NOON, r.Scope.THIS, title="Ahead")
            return done(world, *(replace(change, occurrence=slot.key) for slot in islice(slots, 1)))
        case scope, fields:
            return done(world, update(task.id, NOON, scope, **fields))


def done(world, *commands):
    """Decide commands and what is derived from their events; return the last one that was accepted."""
    accepted = None
    for command in commands:
        decided = world.does(command)
        if decided.events:
            accepted = command
        for event in decided.events:
            if isinstance(event, CLOSING) and (followup := derived(event, VERSION)):
                world.does(followup)
    return accepted


def future(world):
    """Return what the next occurrences are like."""
    world, seen = copied(world), []
    for _ in range(5):
        for task in map(world.task, world.open()[:1]):
            seen.append((task.due, task.title, task.tags, task.start, task.reminders))
            done(world, complete(task.id, EARLY))
    return seen


@given(form=st.sampled_from(FORMS), past=st.lists(ACTS, max_size=3), act=ACTS)
@settings(max_examples=200)
def test_an_undone_change_leads_to_what_it_was_before_and_one_done_again_to_what_it_was_after(form, past, act):
    world = World(create(**form))
    for each in past:
        acted(world, each)
    before = future(world)
    command = acted(world, act)
    assume(command)
    after = future(world)
    undone = done(world, world.undoing(command))
    assume(undone)
    assert future(world) == before
    again = done(world, world.undoing(undone))
    assume(again)
    assert future(world) == after


def kept(world):
    """Return what is not deleted, and series, by slots: without ids, and what counts changes."""
    alike = {"id": "", "version": 0, "changed_at": 0, "created_at": 0}
    tasks = [one for one in world.tasks.values() if one.status is not r.Status.DELETED]
    slots = {one.id: one.occurrence for one in world.tasks.values()}
    live = {one.id: one.series for one in tasks if one.recurrence}
    heads = [one for name, one in world.latest.items() if live.get(one.task) == name]
    series = [(one.occurrence, one.closed is None, *map(slots.get, (*one.earlier, one.previous))) for one in heads]
    return sorted(map(repr, (unversioned(replace(one, **alike)) for one in tasks))), series


@given(form=st.sampled_from(FORMS), acts=st.lists(ACTS, max_size=30))
@settings(max_examples=150)
def test_what_was_done_is_undone_step_by_step_to_what_it_was_before_each(form, acts):
    world, steps = World(create(**form)), []
    for act in acts:
        before = kept(world)
        if command := acted(world, act):
            steps.append((command, before))
    for command, before in reversed(steps):
        assume(done(world, world.undoing(command)))
        assert kept(world) == before


@pytest.mark.parametrize("first", r.Scope)
@pytest.mark.parametrize("second", r.Scope)
def test_a_change_is_undone_after_more_changes_than_are_kept_as_if_it_had_never_been_made(first, second):
    worlds = []
    for is_made in (True, False):
        world = World(create(due=PARIS, rrule="FREQ=DAILY"), update(scope=first, title="First"))
        world.does(change := update(scope=second, title="Second"))
        for number in range(30 if is_made else 0):
            world.does(update(scope=list(r.Scope)[number % 4], notes=str(number), pinned=number % 2 == 0))
        world.does(world.undoing(change))
        worlds.append((world.task("t").title, world.goes_on().title))
    assert worlds[0] == worlds[1]


def test_a_rule_that_was_given_back_knows_the_occurrences_before():
    world = World(create(due=PARIS, rrule="FREQ=DAILY"))
    done(world, first := complete("t", EARLY))
    [second] = world.open()
    done(world, then := complete(second, EARLY))
    [third] = world.open()
    world.does(cleared := update(third, rrule=None))
    for command in (cleared, then, first):
        assert world.does(world.undoing(command)).outcome.kind is r.OutcomeKind.ACCEPTED
    assert world.open() == ["t"]


def test_a_rule_is_not_given_back_to_a_task_that_was_completed_since():
    world = World(create(due=PARIS, rrule="FREQ=DAILY"), cleared := update(rrule=None), closed := complete())
    [refusal] = world.does(world.undoing(cleared)).outcome.part.refused
    assert (refusal.code, refusal.field) == ("contradicted", "recurrence")
    for command in (closed, cleared):
        assert world.does(world.undoing(command)).outcome.kind is r.OutcomeKind.ACCEPTED
    assert world.goes_on().title == "Water the plants"


def test_what_was_changed_of_one_alone_is_not_passed_on_once_the_series_went_back_to_it():
    world = World(create(due=PARIS, rrule="FREQ=DAILY"), update(scope=r.Scope.THIS, title="Feed"))
    assert world.goes_on().title == "Water the plants"
    world.does(reopen())
    assert world.goes_on().title == "Water the plants"


def test_starts_and_reminders_follow_the_slot_of_a_moved_one_once_the_series_went_back_to_it():
    world = World(create(due=PARIS, start=START, rrule="FREQ=WEEKLY", reminders=REMINDERS))
    world.does(update(scope=r.Scope.THIS, due=replace(PARIS, date="2026-11-27")))
    first = world.goes_on()
    world.does(reopen())
    again = world.goes_on()
    assert (again.start, again.reminders) == (first.start, first.reminders) == (r.Due("2026-11-30"), again.reminders)


def test_an_undone_change_of_the_series_gives_back_what_differs_from_this_one():
    world = World(create(due=PARIS, rrule="FREQ=DAILY"), update(scope=r.Scope.THIS, title="Feed"))
    world.does(all_of_them := update(title="Z"))
    world.does(world.undoing(all_of_them))
    assert (world.task("t").title, world.goes_on().title) == ("Feed", "Water the plants")


def test_an_undone_start_is_the_seriess_as_it_was():
    world = World(create(due=PARIS, rrule="FREQ=DAILY"), starts := update(start=START))
    world.does(world.undoing(starts))
    assert (world.task("t").start, world.goes_on().start) == (None, None)


def test_a_rule_that_was_cleared_comes_back_with_what_only_this_one_has():
    world = World(create(due=PARIS, rrule="FREQ=DAILY"), update(scope=r.Scope.THIS, title="Feed"))
    world.does(cleared := update(rrule=None))
    world.does(world.undoing(cleared))
    assert (world.task("t").title, world.goes_on().title) == ("Feed", "Water the plants")
