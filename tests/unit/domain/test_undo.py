"""Given what commands did, when one is undone, then all is as before, unless something later contradicts that."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import lists, undo
from domain.decision import VERSION
from domain.recurrence.derived import derived
from schemas import records as r
from schemas.records import Action
from tests.unit.domain.given import (
    BERT,
    MINUTE,
    NOON,
    PARIS,
    WEEKDAYS,
    World,
    chunk,
    colour_tag,
    complete,
    create,
    create_list,
    delete,
    delete_filter,
    delete_list,
    delete_tag,
    rename_tag,
    reopen,
    restore,
    save_filter,
    update,
    update_filter,
    update_list,
)

OPEN = (create(notes="Twice", tags=("home",), due=PARIS),)
RECURRING = create(due=PARIS, rrule=WEEKDAYS)
LATER = r.Due("2026-11-26", "10:00:00", "Europe/Paris")
REMINDERS = (r.Reminder("r1", before=900),)
CHANGES = [
    (OPEN, update(notes="New", tags=(), priority=r.Priority.HIGH)),
    (OPEN, update(due=None, start=r.Due("2026-11-23"), pinned=True, rank="V")),
    (OPEN, update(reminders=REMINDERS)),
    (OPEN, complete()),
    ((*OPEN, complete(at=NOON - MINUTE)), reopen()),
    ((*OPEN, complete(at=NOON - MINUTE)), delete()),
    ((*OPEN, delete()), restore()),
    (OPEN, chunk(Action.UPDATE, "t", shift=3, add_tags=("late",), fields={"title": "New"})),
    ((RECURRING,), update(due=LATER)),
    ((RECURRING,), update(rrule="FREQ=DAILY;COUNT=3")),
    ((RECURRING,), update(due=None, rrule=None)),
    ((RECURRING,), chunk(Action.UPDATE, "t", shift=3)),
    ((RECURRING,), update(exdates=("2026-11-25T09:00:00",))),
    ((RECURRING,), update(rdates=("2026-11-25T10:00:00",), title="New")),
    ((RECURRING,), update(missed=r.Missed.EACH, subtasks=r.Subtasks.CARRY)),
    ((RECURRING,), update(repeats=r.Repeats.CALENDAR)),
    (OPEN, update(rrule=WEEKDAYS)),
]


def undone(world, command):
    return world.does(world.undoing(command))


def facts(task):
    """What a task says but for the bookkeeping, a rule's version among it."""
    rule = task.recurrence and replace(task.recurrence, version=0)
    return replace(task, version=0, changed_at=0, recurrence=rule)


def counts(decision):
    part = decision.outcome.part
    return part.changed, part.unchanged, [(each.task, each.code) for each in part.refused]


@pytest.mark.parametrize(("past", "command"), CHANGES)
def test_what_is_undone_is_as_before(past, command):
    world = World(*past)
    before = world.task("t")
    world.does(command)
    assert counts(undone(world, command)) == (1, 0, [])
    assert facts(world.task("t")) == facts(before)


@pytest.mark.parametrize(("past", "command"), CHANGES)
def test_undoing_the_undoing_does_it_again(past, command):
    world = World(*past, command)
    done = world.task("t")
    undoing = world.undoing(command)
    world.does(undoing)
    assert counts(undone(world, undoing)) == (1, 0, [])
    assert facts(world.task("t")) == facts(done)


@pytest.mark.parametrize(("past", "command"), CHANGES)
def test_what_is_undone_already_is_unchanged(past, command):
    world = World(*past, command)
    undone(world, command)
    assert counts(undone(world, command)) == (0, 1, [])


def test_undoing_a_creation_deletes_the_task():
    world = World(OPEN[0])
    undone(world, OPEN[0])
    assert world.task("t").status is r.Status.DELETED


def test_a_creation_is_not_undone_once_the_task_was_changed_in_whatever_field():
    world = World(OPEN[0], update(pinned=True))
    [refused] = undone(world, OPEN[0]).outcome.part.refused
    assert (refused.code, refused.field) == ("contradicted", "pinned")


def test_a_field_that_was_changed_since_contradicts_and_the_others_stay():
    first = update(notes="New", priority=r.Priority.HIGH)
    world = World(*OPEN, first, update(priority=r.Priority.LOW))
    [refused] = undone(world, first).outcome.part.refused
    assert (refused.code, refused.field, refused.detail) == (
        "contradicted", "priority", "This was changed since: priority.",
    )  # fmt: skip
    assert world.task("t").notes == "New"


def test_a_change_of_another_field_does_not_contradict():
    first = update(notes="New")
    world = World(*OPEN, first, update(title="Feed"))
    undone(world, first)
    assert (world.task("t").notes, world.task("t").title) == ("Twice", "Feed")


def test_of_a_bulk_what_can_be_undone_is():
    bulk = chunk(Action.COMPLETE, "a", "b")
    world = World(create("a"), create("b"), bulk, reopen("a"), update("a", title="New"), delete("b"))
    assert counts(undone(world, bulk)) == (0, 1, [("b", "contradicted")])


def test_a_task_that_was_deleted_is_not_changed_back():
    first = update(notes="New")
    world = World(*OPEN, first, delete())
    assert counts(undone(world, first)) == (0, 0, [("t", "deleted")])


def test_what_was_done_last_and_what_was_done_before_it_is_undone_on_a_recurring_task_too():
    first, second = update(due=LATER), update(rrule="FREQ=DAILY")
    world = World(RECURRING, first, second)
    assert [counts(undone(world, command)) for command in (second, first, RECURRING)] == [(1, 0, [])] * 3


def test_a_rule_that_was_undone_already_is_unchanged():
    change = update(due=LATER)
    world = World(RECURRING, change)
    assert [counts(undone(world, change)) for _ in range(2)] == [(1, 0, []), (0, 1, [])]


def test_a_rule_does_not_come_back_once_its_occurrence_was_completed():
    change = update(due=LATER)
    world = World(RECURRING, change, complete())
    assert (counts(undone(world, change)), world.task("t").due) == ((0, 0, [("t", "contradicted")]), LATER)


def test_a_count_goes_on_where_it_was_once_a_change_was_undone():
    world = World(create(due=PARIS, rrule="FREQ=DAILY;COUNT=2"))
    last, change = world.goes_on(), update(due=LATER)
    world.does(replace(change, task=last.id))
    undone(world, change)
    world.does(complete(last.id))
    assert world.followup() is None


def test_a_later_occurrence_whose_rule_was_cleared_comes_back_to_its_series():
    world = World(RECURRING)
    last = world.goes_on()
    clear = replace(update(due=None, rrule=None), task=last.id)
    world.does(clear)
    undone(world, clear)
    assert (world.task(last.id).series, facts(world.task(last.id))) == ("t", facts(last))
    assert world.goes_on(last.id, at=NOON + MINUTE).series == "t"


def test_a_rule_comes_back_as_a_new_version_with_its_start():
    change = update(rrule="FREQ=DAILY")
    world = World(RECURRING, change)
    undone(world, change)
    assert world.task("t").recurrence == r.Recurrence(WEEKDAYS, PARIS, version=3, subtasks=r.Subtasks.RESET)


def test_a_rule_that_was_cleared_comes_back():
    clear = update(due=None, rrule=None)
    world = World(RECURRING, clear)
    undone(world, clear)
    assert (world.task("t").recurrence.rrule, world.task("t").series, world.task("t").due) == (WEEKDAYS, "t", PARIS)


# Lists, saved filters, the colours of tags.

LIST, FILTER, COLOUR = create_list(colour="#1e90ff"), save_filter(), colour_tag()
OTHERS = [
    ((), create_list()),
    ((LIST,), update_list(name="Town", colour=None)),
    ((LIST,), delete_list()),
    ((), save_filter()),
    ((FILTER,), update_filter(name="Next", text="overdue", sort="due")),
    ((FILTER,), delete_filter()),
    ((), colour_tag()),
    ((COLOUR,), colour_tag(colour=None)),
    ((COLOUR,), rename_tag()),
    ((COLOUR, colour_tag("house", "#ff0000")), rename_tag()),
    ((COLOUR,), delete_tag()),
]


def standing_things(world):
    """What lists, saved filters and tags say but for the bookkeeping, without the deleted and what has no colour."""
    things = (*world.lists.values(), *world.filters.values(), *world.tags.values())
    there = (each for each in things if not getattr(each, "deleted", False) and getattr(each, "colour", "") is not None)
    return {repr(replace(each, version=0, changed_at=0, **created(each))) for each in there}


def created(thing):
    return {} if isinstance(thing, r.Tag) else {"created_at": 0}


@pytest.mark.parametrize(("past", "command"), OTHERS)
def test_what_was_done_to_a_list_a_filter_or_a_tag_is_undone(past, command):
    world = World(*past)
    before = standing_things(world)
    world.does(command)
    after = standing_things(world)
    undoing = world.undoing(command)
    assert (world.does(undoing).outcome.kind, standing_things(world)) == (r.OutcomeKind.ACCEPTED, before)
    assert (undone(world, undoing).outcome.kind, standing_things(world)) == (r.OutcomeKind.ACCEPTED, after)


def test_undoing_the_deletion_of_a_list_brings_its_tasks_back_to_it():
    moves = chunk(Action.UPDATE, "t", fields={"list": None})
    deletes = delete_list()
    world = World(LIST, create(list="l"), moves, deletes)
    undoing = replace(chunk(Action.REVERT), items=undo.items([*world.audited[moves.id], *world.audited[deletes.id]]))
    assert counts(world.does(undoing)) == (2, 0, [])
    assert (world.get(lists.LIST, "l").deleted, world.task("t").list) == (False, "l")


def test_the_creation_of_a_list_is_not_undone_while_a_task_is_on_it():
    world = World(LIST, create(list="l"))
    [refused] = undone(world, LIST).outcome.part.refused
    assert (refused.subject, refused.task, refused.code) == ("list:l", "", "not-empty")


def test_a_list_that_was_renamed_since_is_not_named_as_before():
    rename = update_list(name="Town")
    world = World(LIST, rename, update_list(name="Garden"))
    [refused] = undone(world, rename).outcome.part.refused
    assert (refused.code, refused.field) == ("contradicted", "name")


def test_another_users_list_is_left_alone():
    bert = World(create_list(user=BERT), user=BERT)
    undoing = replace(chunk(Action.REVERT), items=undo.items(bert.audited[bert.events[0].command]))
    assert counts(bert.does(undoing)) == (0, 0, [("", "contradicted")])


# Completed occurrences.


def opened(world):
    return [task.id for task in world.tasks.values() if task.status is r.Status.OPEN]


def test_undoing_a_completion_takes_back_the_next_occurrence():
    done = complete()
    world = World(RECURRING, done)
    world.does(world.followup())
    assert counts(undone(world, done)) == (1, 0, [])
    assert opened(world) == ["t"]


def test_undoing_a_completion_whose_followup_is_on_its_way_keeps_that_from_acting():
    done = complete()
    world = World(RECURRING, done)
    late = world.followup()
    undone(world, done)
    assert world.does(late).outcome.kind is r.OutcomeKind.NOTHING_TO_DO
    assert opened(world) == ["t"]


def test_completing_again_creates_the_same_occurrence_again():
    done = complete()
    world = World(RECURRING, done)
    world.does(world.followup())
    [next_] = opened(world)
    undone(world, done)
    again = world.goes_on(at=NOON + MINUTE)
    assert (opened(world), again.id, again.version) == ([next_], next_, 3)


@pytest.mark.parametrize("touch", [update("next", title="New"), complete("next"), delete("next")])
def test_a_completion_is_not_undone_once_the_next_occurrence_was_touched(touch):
    done = complete()
    world = World(RECURRING, done)
    next_ = world.does(world.followup()).events[0].task.id
    world.does(replace(touch, task=next_))
    assert counts(undone(world, done)) == (0, 0, [("t", "contradicted")])


def test_a_completion_is_undone_once_a_change_of_the_next_occurrence_was_undone():
    done, change = complete(), update(due=LATER)
    world = World(RECURRING, done)
    next_ = world.does(world.followup()).events[0].task.id
    world.does(replace(change, task=next_))
    undone(world, change)
    assert (counts(undone(world, done)), opened(world)) == ((1, 0, []), ["t"])


def test_a_change_of_another_field_of_the_completed_task_does_not_keep_its_completion_from_being_undone():
    done = complete()
    world = World(RECURRING, done)
    world.does(world.followup())
    world.does(update(notes="New"))
    assert (counts(undone(world, done)), opened(world)) == ((1, 0, []), ["t"])


def test_an_occurrence_that_was_taken_back_and_restored_is_a_task_of_its_own():
    done = complete()
    world = World(RECURRING, done)
    next_ = world.does(world.followup()).events[0].task.id
    undone(world, done)
    world.does(restore(next_))
    assert (world.task(next_).recurrence, world.task(next_).series, world.open()) == (None, "t", ["t"])


STEPS = st.sampled_from(["complete", "edit", "undo", "undo_further", "deliver"])


class Course:
    """A series whose owner completes, moves and undoes, while followups are delivered late but in their order."""

    def __init__(self):
        self.world, self.now, self.commands, self.late = World(RECURRING), NOON, [], []

    def complete(self):
        if open_ := opened(self.world):
            self._do(complete(open_[-1], at=self.now))

    def edit(self):
        if open_ := opened(self.world):
            self._do(replace(update(open_[-1], at=self.now), changed=("due",), fields=self._due()))

    def _due(self):
        return r.TaskFields(due=r.Due("2026-11-24", f"{len(self.commands) % 24:02}:00:00", "Europe/Paris"))

    def undo(self):
        if self.commands:
            self._do(self.world.undoing(self.commands[-1], at=self.now))

    def undo_further(self):
        if len(self.commands) > 1:
            self._do(self.world.undoing(self.commands[-2], at=self.now))

    def deliver(self):
        if self.late:
            self.world.does(self.late.pop(0))

    def _do(self, command):
        self.now += MINUTE
        self.commands.append(command)
        done = [event for event in self.world.does(command).events if isinstance(event, r.TaskCompleted)]
        self.late += [derived(event, VERSION) for event in done]


@given(st.lists(STEPS, max_size=20))
def test_whatever_is_completed_and_undone_exactly_one_occurrence_is_open_in_the_end(steps):
    course = Course()
    for step in steps:
        getattr(course, step)()
        assert len(opened(course.world)) <= 1
    while course.late:
        course.deliver()
    assert len(opened(course.world)) == 1


@given(st.lists(STEPS, max_size=20))
def test_whatever_is_completed_and_undone_the_series_goes_on(steps):
    course = Course()
    for step in (*steps, *["deliver"] * len(steps), "complete", *["deliver"] * (len(steps) + 1)):
        getattr(course, step)()
    [last] = opened(course.world)
    assert course.world.task(last).occurrence == course.world.series("t").occurrence
