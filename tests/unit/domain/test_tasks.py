"""Given tasks, when a command comes, then these events and this outcome."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import tasks
from domain.decision import OutOfOrder
from schemas import records as r
from tests.unit.domain.given import (
    ANNA,
    BERT,
    NOON,
    PARIS,
    WEEKDAYS,
    World,
    command,
    complete,
    create,
    delete,
    reopen,
    restore,
    update,
)

ACCEPTED, REJECTED, NOTHING = r.OutcomeKind.ACCEPTED, r.OutcomeKind.REJECTED, r.OutcomeKind.NOTHING_TO_DO
RELATIVE = (r.Reminder("r1", before=900),)

WAYS = {
    "absent": (),
    "open": (create(),),
    "completed": (create(), complete()),
    "deleted": (create(), delete()),
}
COMMANDS = {
    "create": create,
    "update": lambda: update(title="New"),
    "complete": complete,
    "reopen": reopen,
    "delete": delete,
    "restore": restore,
}
REPLIES = {
    "create": ("TaskCreated", NOTHING, NOTHING, NOTHING),
    "update": ("not-found", "TaskUpdated", "TaskUpdated", "deleted"),
    "complete": ("not-found", "TaskCompleted", NOTHING, "deleted"),
    "reopen": ("not-found", NOTHING, "TaskReopened", "deleted"),
    "delete": ("not-found", "TaskDeleted", "TaskDeleted", NOTHING),
    "restore": ("not-found", NOTHING, NOTHING, "TaskRestored"),
}


def reply(decision):
    """A decision in one word: its event, its rejection's code, or its kind."""
    if decision.events:
        return type(decision.events[0]).__name__
    return decision.outcome.code or decision.outcome.kind


@pytest.mark.parametrize(("state", "name"), list(product(WAYS, COMMANDS)))
def test_every_command_has_its_answer_in_every_state(state, name):
    expected = REPLIES[name][list(WAYS).index(state)]
    assert reply(World(*WAYS[state]).does(COMMANDS[name]())) == expected


def test_the_table_answers_every_command_in_every_state():
    states = {None, *r.Status}
    assert {kind: set(row) for kind, row in tasks.TABLE.items()} == dict.fromkeys(tasks.Command.__args__, states)


def test_a_task_is_created_with_its_fields():
    asked = create(notes="Twice", priority=r.Priority.HIGH, tags=("home",), due=PARIS, reminders=RELATIVE)
    [event] = World().does(asked).events
    assert event.task == r.Task(
        id="t",
        user=ANNA,
        title="Water the plants",
        created_at=NOON,
        changed_at=NOON,
        notes="Twice",
        priority=r.Priority.HIGH,
        tags=("home",),
        due=PARIS,
        reminders=RELATIVE,
    )


def test_an_event_says_who_asked_when_and_by_which_command():
    asked = create()
    [event] = World().does(asked).events
    assert (event.user, event.at, event.actor, event.command, event.cause) == (
        ANNA, NOON, f"user:{ANNA}", asked.id, None,
    )  # fmt: skip


def test_an_outcome_has_the_fingerprint_and_the_version_after():
    asked = replace(complete(), fingerprint="f")
    outcome = World(create()).does(asked).outcome
    assert (outcome.command, outcome.kind, outcome.fingerprint, outcome.version) == (asked.id, ACCEPTED, "f", 2)


def test_a_change_names_exactly_the_fields_that_differ():
    world = World(create(notes="Twice", tags=("home",)))
    [event] = world.does(update(notes="Twice", tags=(), title="Feed")).events
    assert event.changed == ("title", "tags")


def test_a_change_that_changes_nothing_is_nothing_to_do():
    assert reply(World(create(notes="Twice")).does(update(notes="Twice"))) == NOTHING


def test_a_field_that_a_change_does_not_name_stays():
    world = World(create(notes="Twice"), update(title="Feed"))
    assert world.task("t").notes == "Twice"


def test_a_completed_task_says_when():
    assert World(create(), complete(at=NOON + 5)).task("t").completed_at == NOON + 5


def test_a_reopened_task_has_no_completion():
    assert World(create(), complete(), reopen()).task("t").completed_at is None


def test_another_users_task_is_not_found():
    foreign = command(r.DeleteTask, user=BERT)
    assert World(create()).does(foreign).outcome.code == "not-found"


def test_another_users_task_tells_nothing_of_its_version():
    foreign = command(r.CompleteTask, user=BERT)
    assert World(create()).does(foreign).outcome.version is None


def test_a_reminder_before_the_due_of_a_task_without_one_is_rejected():
    outcome = World().does(create(reminders=RELATIVE)).outcome
    assert (outcome.kind, outcome.code, outcome.field) == (REJECTED, "invalid", "reminders")


def test_the_due_cannot_be_cleared_under_a_reminder():
    world = World(create(due=PARIS, reminders=RELATIVE))
    assert world.does(update(due=None)).outcome.field == "reminders"


def test_a_rule_without_a_due_is_rejected():
    assert World().does(create(rrule=WEEKDAYS)).outcome.field == "due"


def test_the_due_cannot_be_cleared_while_a_rule_stands():
    world = World(create(due=PARIS, rrule=WEEKDAYS, reminders=RELATIVE))
    assert world.does(update(due=None)).outcome.field == "due"


def test_due_and_rule_can_be_cleared_together():
    world = World(create(due=PARIS, rrule=WEEKDAYS), update(due=None, rrule=None))
    cleared = world.task("t")
    assert (cleared.due, cleared.recurrence, cleared.series, cleared.occurrence) == (None, None, None, None)


def test_a_rule_that_does_not_go_with_the_new_due_is_rejected():
    world = World(create(due=PARIS, rrule="FREQ=DAILY;UNTIL=20261231T080000Z"))
    assert world.does(update(due=r.Due("2026-11-24"))).outcome.field == "recurrence"


def test_a_rejection_says_what_to_do():
    assert World().does(create(rrule=WEEKDAYS)).outcome.detail.endswith("give one, or leave recurrence out.")


def test_an_event_folded_twice_is_refused():
    world = World(create())
    with pytest.raises(OutOfOrder, match="version 2 was expected, not 1"):
        tasks.TASK.evolve(world.task("t"), world.events[0])


def test_an_event_whose_predecessor_is_missing_is_refused():
    world = World(create(), complete())
    with pytest.raises(OutOfOrder, match="version 1 was expected, not 2"):
        tasks.TASK.evolve(None, world.events[1])


LEFT_OUT = object()
FIELDS = {
    "title": (LEFT_OUT, "Water the plants", "Feed"),
    "due": (LEFT_OUT, None, PARIS, r.Due("2026-12-01"), r.Due("2026-12-01", "10:00:00")),
    "rrule": (LEFT_OUT, None, WEEKDAYS, "FREQ=DAILY;COUNT=3", "FREQ=MONTHLY;UNTIL=20270101"),
    "reminders": (LEFT_OUT, (), RELATIVE, (r.Reminder("r2", at=NOON),)),
}
SOME_FIELDS = [
    {name: value for name, value in zip(FIELDS, values, strict=True) if value is not LEFT_OUT}
    for values in product(*FIELDS.values())
]
MAKERS = (
    *([maker] for maker in (complete, reopen, delete, restore)),
    *([lambda task, f=fields: create(task, **f) for fields in SOME_FIELDS],),
    *([lambda task, f=fields: update(task, **f) for fields in SOME_FIELDS],),
)


def anything():
    """Any command of a person for one of two tasks."""
    maker = st.sampled_from(MAKERS).flatmap(st.sampled_from)
    return st.builds(lambda make, task: make(task), maker, st.sampled_from("tu"))


def lived(commands):
    """A world after these commands, each completed task's series gone on at once."""
    world = World()
    for each in commands:
        for event in world.does(each).events:
            if isinstance(event, r.TaskCompleted) and (next_ := world.followup()):
                world.does(next_)
    return world


@given(st.lists(anything(), max_size=8), anything())
def test_every_command_has_exactly_one_outcome_of_its_own(past, asked):
    outcome = lived(past).does(asked).outcome
    assert (outcome.command, outcome.user, outcome.at, outcome.task) == (asked.id, asked.user, asked.at, asked.task)


@given(st.lists(anything(), max_size=8), anything())
def test_a_command_is_accepted_exactly_if_it_leads_to_an_event(past, asked):
    decision = lived(past).does(asked)
    assert (decision.outcome.kind is ACCEPTED) == bool(decision.events)


@given(st.lists(anything(), max_size=8), anything())
def test_a_rejection_and_only_a_rejection_has_code_and_detail(past, asked):
    outcome = lived(past).does(asked).outcome
    assert (outcome.kind is REJECTED) == bool(outcome.code) == bool(outcome.detail)


@given(st.lists(anything(), max_size=8), anything())
def test_deciding_twice_in_the_same_state_gives_the_same(past, asked):
    world = lived(past)
    assert tasks.decide(world, asked) == tasks.decide(world, asked)


@given(st.lists(anything(), max_size=12))
def test_versions_count_the_events_of_each_task(past):
    world = lived(past)
    counted = {id_: sum(event.task.id == id_ for event in world.events) for id_ in world.tasks}
    assert counted == {id_: task.version for id_, task in world.tasks.items()}


@given(st.lists(anything(), max_size=12))
def test_a_recurring_task_always_has_due_series_and_occurrence(past):
    recurring = [task for task in lived(past).tasks.values() if task.recurrence]
    assert all(task.due and task.series and task.occurrence for task in recurring)


@given(st.lists(anything(), max_size=12))
def test_a_deleted_task_changes_only_by_being_restored_or_by_coming_again_in_its_series(past):
    deleted = set()
    for event in lived(past).events:
        comes = isinstance(event, r.TaskCreated) and event.cause is not None
        assert comes or (event.task.id in deleted) == isinstance(event, r.TaskRestored)
        (deleted.add if isinstance(event, r.TaskDeleted) else deleted.discard)(event.task.id)


@pytest.mark.parametrize("way", ["open", "completed"])
def test_a_restored_task_is_what_it_was(way):
    world = World(*WAYS[way])
    before = world.task("t")
    world.does(delete())
    world.does(restore())
    assert world.task("t") == replace(before, version=before.version + 2)
