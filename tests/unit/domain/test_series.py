"""A series goes on once for each occurrence, whatever is completed twice, reopened or delivered late."""

import pytest
from msgspec.structs import replace

from schemas import ids
from schemas import records as r
from tests.unit.domain.given import (
    ANNA,
    DAY,
    NOON,
    PARIS,
    WEEKDAYS,
    World,
    complete,
    create,
    delete,
    reopen,
    update,
)

NOTHING = r.OutcomeKind.NOTHING_TO_DO
RECURRING = create(due=PARIS, rrule=WEEKDAYS, notes="Twice", tags=("home",), reminders=(r.Reminder("r1", before=900),))


def completed(*more):
    """A world whose recurring task was completed, and the command derived from that."""
    world = World(RECURRING, complete())
    followup = world.followup()
    for each in more:
        world.does(each)
    return world, followup


def test_the_first_task_names_the_series_and_is_its_first_occurrence():
    task = World(RECURRING).task("t")
    assert (task.series, task.occurrence, task.recurrence) == (
        "t", "2026-11-24T09:00:00", r.Recurrence(WEEKDAYS, PARIS, 1, subtasks=r.Subtasks.RESET),
    )  # fmt: skip


def test_a_completed_occurrence_is_followed_by_the_next():
    task = World(RECURRING).goes_on()
    assert (task.due, task.occurrence, task.status, task.version) == (
        replace(PARIS, date="2026-11-25"), "2026-11-25T09:00:00", r.Status.OPEN, 1,
    )  # fmt: skip


def test_the_next_occurrence_takes_the_fields_of_the_one_before():
    task = World(RECURRING).goes_on()
    assert (task.title, task.notes, task.tags, task.reminders) == (
        "Water the plants", "Twice", ("home",), (r.Reminder("r1", before=900),),
    )  # fmt: skip


def test_a_reminder_at_an_instant_is_moved_with_the_due():
    world = World(create(due=PARIS, rrule=WEEKDAYS, reminders=(r.Reminder("r2", at=NOON),)))
    [reminder] = world.goes_on().reminders
    assert reminder.at == NOON + DAY


def test_a_reminder_at_an_instant_does_not_go_on_by_earlier_versions():
    world = World(create(due=PARIS, rrule=WEEKDAYS, reminders=(r.Reminder("r2", at=NOON),)), version="5")
    assert world.goes_on().reminders == ()


def test_the_derived_command_says_what_caused_it():
    world, followup = completed()
    event = world.events[-1]
    assert (followup.actor, followup.at, followup.cause, followup.task) == (
        "stage:recurrence", event.at, event.id, ids.occurrence("t", "2026-11-25T09:00:00", 1),
    )  # fmt: skip


def test_the_event_of_a_derived_command_has_its_cause():
    world, followup = completed()
    assert world.does(followup).events[0].cause == followup.cause


def test_the_same_derived_command_again_does_nothing():
    world, followup = completed()
    world.does(followup)
    assert world.does(replace(followup, id="again")).outcome.kind is NOTHING


def test_completing_an_occurrence_twice_advances_the_series_once():
    world, first = completed()
    next_ = world.does(first).events[0].task.id
    world.does(update(next_, title="Feed"))
    world.does(reopen())  # it is a task of its own now
    world.does(complete())
    assert (world.followup(), world.open()) == (None, [next_])


@pytest.mark.parametrize("meanwhile", [delete(), update(title="Feed"), update(due=r.Due("2027-01-01"))])
def test_what_happens_to_a_completed_occurrence_meanwhile_does_not_stop_the_series(meanwhile):
    world, followup = completed(meanwhile)
    assert world.does(followup).outcome.kind is r.OutcomeKind.ACCEPTED


def test_a_derived_command_of_an_older_rule_does_nothing():
    world, followup = completed(reopen(), update(rrule="FREQ=DAILY"))
    assert world.does(followup).outcome.kind is NOTHING


def test_a_derived_command_of_a_series_that_was_stopped_does_nothing():
    world, followup = completed(reopen(), update(rrule=None))
    assert world.does(followup).outcome.kind is NOTHING


def test_a_derived_command_of_a_rule_that_was_cleared_and_set_again_does_nothing():
    world, followup = completed(reopen(), update(rrule=None), update(rrule=WEEKDAYS))
    assert world.does(followup).outcome.kind is NOTHING


def test_a_changed_rule_is_a_new_version_counted_from_the_due():
    world = World(RECURRING, update(rrule="FREQ=DAILY"))
    assert world.task("t").recurrence == r.Recurrence("FREQ=DAILY", PARIS, 2, subtasks=r.Subtasks.RESET)


def test_a_moved_due_moves_the_series():
    moved = replace(PARIS, date="2026-12-01")
    task = World(RECURRING, update(due=moved)).task("t")
    assert (task.recurrence, task.occurrence) == (
        r.Recurrence(WEEKDAYS, moved, 2, subtasks=r.Subtasks.RESET),
        "2026-12-01T09:00:00",
    )


def test_a_series_goes_on_after_its_rule_was_changed():
    world = World(RECURRING, update(rrule="FREQ=DAILY;INTERVAL=3"))
    assert world.goes_on().occurrence == "2026-11-27T09:00:00"


def test_the_same_rule_written_otherwise_is_no_change():
    world = World(RECURRING)
    assert world.does(update(rrule="freq=weekly;byday=FR,MO,TU,WE,TH;interval=1")).outcome.kind is NOTHING


def test_the_due_of_a_completed_occurrence_moves_alone():
    world = World(RECURRING, complete(), update(due=replace(PARIS, date="2026-12-01")))
    assert (world.task("t").occurrence, world.series("t").task) == ("2026-11-24T09:00:00", "t")


@pytest.mark.parametrize("rule_", ["FREQ=DAILY", None])
def test_the_rule_cannot_be_changed_on_an_earlier_occurrence(rule_):
    world = World(RECURRING)
    world.goes_on()
    outcome = world.does(update(rrule=rule_)).outcome
    assert (outcome.code, outcome.field) == ("conflict", "recurrence")


def test_the_rule_cannot_be_changed_on_a_completed_task():
    world = World(RECURRING, complete())
    outcome = world.does(update(rrule="FREQ=DAILY")).outcome
    assert (outcome.code, outcome.field) == ("conflict", "recurrence")


def test_setting_a_rule_on_a_plain_task_starts_a_series():
    world = World(create(due=PARIS), update(rrule=WEEKDAYS))
    assert world.series("t") == r.Series("2026-11-24T09:00:00", 1, task="t")


def test_a_completed_task_begins_no_series():
    world = World(create(due=PARIS), complete())
    outcome = world.does(update(rrule="FREQ=DAILY")).outcome
    assert (outcome.kind, outcome.field) == (r.OutcomeKind.REJECTED, "recurrence")
    world.does(reopen())
    assert world.does(update(rrule="FREQ=DAILY")).outcome.kind is r.OutcomeKind.ACCEPTED


def test_a_series_ends_with_its_rule():
    world = World(create(due=PARIS, rrule="FREQ=DAILY;COUNT=2"))
    last = world.goes_on()
    world.does(complete(last.id))
    assert world.followup() is None


def test_a_plain_task_is_followed_by_nothing():
    world = World(create(due=PARIS), complete())
    assert world.followup() is None


def test_missed_occurrences_are_skipped():
    friday = NOON + 4 * DAY
    assert World(RECURRING).goes_on(at=friday).occurrence == "2026-11-30T09:00:00"


def test_events_of_another_users_series_are_left_alone():
    world, followup = completed()
    assert world.does(replace(followup, user="b" + ANNA[1:])).outcome.kind is NOTHING
