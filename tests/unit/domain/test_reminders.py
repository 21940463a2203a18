"""Given scheduled reminders, when a task changes or a timer fires, then what is scheduled, cancelled or due."""

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import reminders, times
from domain.reminder_times import Basis
from domain.settings import defaults
from schemas import records as r
from tests.unit.domain.given import (
    ANNA,
    DAY,
    MINUTE,
    NOON,
    PARIS,
    World,
    complete,
    create,
    delete,
    reopen,
    restore,
    update,
)

DUE = times.instant(PARIS)
QUARTER = r.Reminder("r1", before=900)
CREATE = create(due=PARIS, reminders=(QUARTER,))


def react(held, event, **settings):
    return reminders.react(held, event, Basis(replace(defaults(ANNA), **settings), "2026.1"))


def fire(held, notice, **settings):
    return reminders.fire(held, notice, Basis(replace(defaults(ANNA), **settings), "2026.1"))


def told(*commands):
    """The reminders of a task after commands, and the output of the last of them."""
    held, output = None, ()
    for event in World(*commands).events:
        held, output = react(held, event)
    return held, output


def notice(of, at=DUE):
    [stands] = of.standing
    return r.ReminderNotice(stands.id, ANNA, at, "t", stands.due)


def kinds(output):
    return [(type(record).__name__, getattr(record, "due", None)) for record in output]


def test_a_reminder_before_the_due_is_scheduled():
    assert kinds(told(CREATE)[1]) == [("ReminderScheduled", DUE - 15 * MINUTE)]


def test_a_reminder_at_an_instant_is_scheduled_without_a_due():
    assert kinds(told(create(reminders=(r.Reminder("r2", at=NOON + 1),)))[1]) == [("ReminderScheduled", NOON + 1)]


def test_a_task_without_reminders_is_not_held():
    assert told(create(due=PARIS)) == (None, ())


def test_a_reminder_of_the_past_is_not_scheduled():
    assert told(create(reminders=(r.Reminder("r2", at=NOON),))) == (None, ())


def test_a_moved_due_cancels_and_schedules():
    moved = replace(PARIS, date="2026-11-25")
    assert kinds(told(CREATE, update(due=moved))[1]) == [
        ("ReminderCancelled", None), ("ReminderScheduled", DUE + DAY - 15 * MINUTE),
    ]  # fmt: skip


def test_a_moved_due_is_another_reminder():
    before, after = told(CREATE)[0], told(CREATE, update(due=replace(PARIS, date="2026-11-25")))[0]
    assert before.standing[0].id != after.standing[0].id


def test_another_title_schedules_nothing_but_is_reported_when_due():
    held, output = told(CREATE, update(title="Feed the cat"))
    assert (output, held.title) == ((), "Feed the cat")


def test_completing_cancels():
    assert kinds(told(CREATE, complete())[1]) == [("ReminderCancelled", None)]


def test_a_deleted_task_is_not_held():
    assert told(CREATE, delete())[0] is None


def test_a_restored_task_has_its_reminders_again():
    assert told(CREATE, delete(), restore())[0].standing == told(CREATE)[0].standing


def test_a_reminder_that_was_decided_is_not_scheduled_again_when_its_task_comes_back():
    held, _ = told(CREATE)
    after, _ = fire(held, notice(held))
    for event in World(CREATE, delete(), restore()).events[1:]:
        after, output = react(after, event)
        assert output == ()


def test_reopening_schedules_the_same_reminder_again():
    assert told(CREATE, complete(), reopen())[0].standing == told(CREATE)[0].standing


def test_reopening_after_the_instant_schedules_nothing():
    assert told(CREATE, complete(), reopen(at=DUE))[1] == ()


def test_a_timer_that_stands_is_due():
    held, _ = told(CREATE)
    [due] = fire(held, notice(held))[1]
    assert due == r.ReminderDue(
        id=held.standing[0].id,
        user=ANNA,
        at=DUE,
        command=CREATE.id,
        task="t",
        reminder="r1",
        due=DUE - 15 * MINUTE,
        title="Water the plants",
    )


def test_a_reminder_is_due_once():
    held, _ = told(CREATE)
    after, _ = fire(held, notice(held))
    assert fire(after, notice(held)) == (after, ())


def test_a_timer_that_was_cancelled_is_not_due():
    held, _ = told(CREATE)
    completed = told(CREATE, complete())[0]
    assert fire(completed, notice(held)) == (completed, ())


def test_a_timer_of_another_instant_is_not_due():
    held, _ = told(CREATE)
    assert fire(held, replace(notice(held), due=DUE)) == (held, ())


def test_what_was_due_is_not_scheduled_again_when_the_task_is_reopened():
    world = World(CREATE)
    held, _ = react(None, world.events[0])
    held, _ = fire(held, notice(held))
    for asked in (complete(), reopen()):
        [event] = world.does(asked).events
        held, output = react(held, event)
    assert output == ()


SCRIPT = st.lists(
    st.one_of(
        st.sampled_from((complete, reopen)),
        st.integers(0, 3).map(lambda n: lambda at: update(at=at, due=replace(PARIS, date=f"2026-11-2{5 + n}"))),
        st.just("the timers come"),
    ),
    max_size=12,
)


@given(SCRIPT, st.integers(MINUTE, DAY))
def test_no_reminder_is_due_twice_whatever_happens(script, step):
    world, at, decided = World(CREATE), NOON, []
    held, _ = react(None, world.events[0])
    for act in script:
        at += step
        if act == "the timers come":
            for stands in [s for s in (held.standing if held else ()) if s.due <= at]:
                held, due = fire(held, r.ReminderNotice(stands.id, ANNA, at, "t", stands.due))
                decided += [record.id for record in due]
        else:
            asked = act(at=at)
            for event in world.does(asked).events:
                held, _ = react(held, event)
    assert len(decided) == len(set(decided))


@given(SCRIPT)
def test_only_an_open_task_has_standing_reminders(script):
    held, world = None, World(CREATE)
    for act in script:
        for event in world.does(act(at=NOON)).events if callable(act) else ():
            held, _ = react(held, event)
            assert event.task.status is r.Status.OPEN or not (held and held.standing)
