"""Given a deleted task, when the notice that its time is over comes, it is gone, if it is still deleted as it was."""

import pytest

from schemas import records as r
from streams.domain import audit, deletion, reminders, tasks
from tests.unit.domain.given import DAY, NOON, PARIS, World, complete, create, delete, due_reminder, restore, update

LATER = NOON + 30 * DAY


def notice(world):
    timer = deletion.timer(world.task("t"))
    return r.TaskNotice(timer.id, timer.user, LATER, timer.subject, timer.due)


@pytest.mark.parametrize("past", [(), (create(),), (create(), complete()), (create(), delete(), restore())])
def test_a_task_that_is_not_deleted_has_no_timer(past):
    assert deletion.timer(World(*past).task("t")) is None


def test_a_deleted_task_has_a_timer_30_days_after_its_deletion():
    assert deletion.timer(World(create(at=NOON - DAY), delete()).task("t")).due == LATER


def test_a_task_whose_time_is_over_is_gone():
    world = World(create(), delete())
    event = deletion.purge(world.task("t"), notice(world))
    assert (event.at, event.task.version) == (LATER, 3)
    assert tasks.evolve(world.task("t"), event) is None


@pytest.mark.parametrize("later", [(restore(),), (restore(), delete()), (restore(), update(title="New"), delete())])
def test_the_notice_of_another_deletion_does_nothing(later):
    world = World(create(), delete())
    old = notice(world)
    for command in later:
        world.does(command)
    assert deletion.purge(world.task("t"), old) is None


def test_a_notice_that_comes_again_does_nothing():
    assert deletion.purge(None, notice(World(create(), delete()))) is None


def test_the_audit_trail_tells_that_a_task_is_gone_and_no_field_changed():
    world = World(create(), delete())
    event = deletion.purge(world.task("t"), notice(world))
    entry = audit.entry(None, world.task("t"), event)
    assert (entry.event, entry.actor, entry.changes) == ("TaskPurged", "stage:tasks", ())


def test_what_was_decided_of_its_reminders_is_forgotten():
    held = r.StandingReminders("t", "Water", "command", (), (due_reminder().id,))
    world = World(create(), delete())
    assert reminders.react(held, deletion.purge(world.task("t"), notice(world))) == (None, ())


def test_a_series_whose_first_task_was_purged_and_created_again_goes_on():
    made = {"due": PARIS, "rrule": "FREQ=DAILY"}
    world = World(create(**made))
    second = world.goes_on()
    world.does(delete())
    world.expires(notice(world))
    world.does(create(at=LATER, **made))
    assert world.goes_on(at=LATER).id != second.id
