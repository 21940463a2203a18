"""Given something deleted, when the notice that its time is over comes, it is gone if it is still deleted as it was."""

import pytest
from msgspec.structs import replace

from domain import audit, deletion, lists, reminders
from domain.decision import VERSION
from domain.recurrence.derived import CLOSING, derived
from domain.rejections import Code
from domain.reminder_times import Basis
from domain.settings import defaults
from schemas import records as r
from tests.unit.domain.given import (
    ANNA,
    DAY,
    NOON,
    PARIS,
    World,
    colour_tag,
    complete,
    create,
    create_list,
    delete,
    delete_filter,
    delete_list,
    delete_tag,
    due_reminder,
    restore,
    restore_filter,
    restore_list,
    save_filter,
    update,
    update_list,
)

LATER = NOON + 30 * DAY
DELETED = {
    "Task": (create, delete),
    "List": (create_list, delete_list),
    "Filter": (save_filter, delete_filter),
}


def deleted(kind):
    return World(*(said() for said in DELETED[kind]))


def the(world):
    """The one thing that a world has, if any."""
    things = (*world.tasks.values(), *world.lists.values(), *world.filters.values(), *world.tags.values())
    return things[0] if things else None


def notice(world):
    return deletion.notice(deletion.timer(the(world)), LATER)


@pytest.mark.parametrize(
    "past",
    [
        (),
        (create(),),
        (create(), complete()),
        (create(), delete(), restore()),
        (create_list(),),
        (save_filter(), delete_filter(), restore_filter()),
        (colour_tag(), delete_tag()),
    ],
)
def test_what_is_not_deleted_has_no_timer(past):
    assert deletion.timer(the(World(*past))) is None


def test_a_deleted_task_has_a_timer_30_days_after_its_deletion():
    assert deletion.timer(World(create(at=NOON - DAY), delete()).task("t")).due == LATER


@pytest.mark.parametrize("kind", DELETED)
def test_what_was_deleted_and_whose_time_is_over_is_gone(kind):
    world = deleted(kind)
    [event] = world.purge(notice(world))
    assert (type(event).__name__, event.at) == (f"{kind}Purged", LATER)
    assert the(world) is None


def test_a_series_keeps_nothing_of_its_last_occurrence_once_that_is_gone():
    world = World(create(due=PARIS, rrule="FREQ=DAILY"), update(scope=r.Scope.THIS, title="Secret"))
    last = world.task("t")
    for _ in range(3):
        last = world.goes_on(last.id)
        world.does(update(last.id, scope=r.Scope.THIS, title="Secret"))
    world.does(delete(last.id))
    assert world.latest["t"].template
    assert world.latest["t"].earlier
    world.purge(deletion.notice(deletion.timer(world.task(last.id)), LATER))
    assert (world.latest["t"].template, world.latest["t"].earlier) == (None, ())


@pytest.mark.parametrize("kind", DELETED)
def test_its_id_can_stand_for_another_then(kind):
    world = deleted(kind)
    world.purge(notice(world))
    world.does(DELETED[kind][0]())
    assert the(world).version == 1


@pytest.mark.parametrize(
    ("kind", "later"),
    [
        ("Task", (restore(),)),
        ("Task", (restore(), delete())),
        ("Task", (restore(), update(title="New"), delete())),
        ("List", (restore_list(), update_list(name="Town"), delete_list())),
        ("Filter", (restore_filter(),)),
    ],
)
def test_the_notice_of_another_deletion_does_nothing(kind, later):
    world = deleted(kind)
    old = notice(world)
    for command in later:
        world.does(command)
    assert deletion.purge(world, old) is None


@pytest.mark.parametrize("kind", DELETED)
def test_a_notice_that_comes_again_does_nothing(kind):
    assert deletion.purge(World(), notice(deleted(kind))) is None


@pytest.mark.parametrize("kind", DELETED)
def test_the_audit_trail_says_that_it_is_gone_and_no_field_changed(kind):
    world = deleted(kind)
    before = the(world)
    entry = audit.entry(None, before, deletion.purge(world, notice(world)))
    assert (entry.event, entry.actor, entry.changes) == (f"{kind}Purged", "stage:tasks", ())


def test_a_task_whose_list_is_gone_when_it_is_restored_comes_to_the_inbox():
    world = World(create_list(), create(list="l"), delete(), delete_list())
    world.purge(deletion.notice(deletion.timer(world.get(lists.LIST, "l")), LATER))
    world.does(restore(at=LATER))
    assert world.task("t").list is None


def test_what_was_decided_of_its_reminders_is_forgotten():
    held = r.StandingReminders("t", "Water", "command", (), (due_reminder().id,))
    world = deleted("Task")
    assert reminders.react(held, deletion.purge(world, notice(world)), Basis(defaults(ANNA), "2026.1")) == (None, ())


@pytest.mark.parametrize(("version", "kind"), [("6", r.OutcomeKind.NOTHING_TO_DO), (VERSION, r.OutcomeKind.REJECTED)])
def test_a_followup_that_comes_after_the_closed_occurrence_was_purged_says_that_the_series_ends(version, kind):
    world = World(create(due=PARIS, rrule="FREQ=DAILY"), complete(), version=version)
    late = world.followup()
    world.does(delete())
    world.purge(deletion.notice(deletion.timer(world.task("t")), LATER))
    decided = world.does(late)
    assert (decided.events, decided.outcome.kind) == ((), kind)
    assert (decided.outcome.code == Code.ENDED) == (decided.outcome.detail is not None) == (version == VERSION)


def test_a_late_followup_of_a_series_that_went_on_otherwise_says_nothing():
    """Another command has opened the next occurrence, and the first one was purged since."""
    world = World(create(due=PARIS, rrule="FREQ=DAILY"))
    world.goes_on()
    late = replace(derived(next(event for event in world.events if isinstance(event, CLOSING)), VERSION), id="late")
    world.does(delete())
    world.purge(deletion.notice(deletion.timer(world.task("t")), LATER))
    assert world.does(late).outcome.kind is r.OutcomeKind.NOTHING_TO_DO


def test_a_series_whose_first_task_was_purged_and_created_again_goes_on():
    made = {"due": PARIS, "rrule": "FREQ=DAILY"}
    world = World(create(**made))
    second = world.goes_on()
    world.does(delete())
    world.purge(deletion.notice(deletion.timer(world.task("t")), LATER))
    world.does(create(at=LATER, **made))
    assert world.goes_on(at=LATER).id != second.id
