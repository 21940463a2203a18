"""Reminders: tasks' reminders become timers, and a timer that fires becomes a due reminder, decided once.

A timer that fires writes a notice to the stage's own topic; only consuming the notice changes state, and only if that
timer still exists. So the log has every moment at which passing time mattered.

An event has the whole task. So a dead-lettered event that is sent again does nothing if a later event of its task has
been folded.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeAlias

from domain import audit, recipients, reminders, targets
from domain.targets import TARGET
from domain.tasks import TASK
from schemas import records as r
from schemas.topics import REMINDER_NOTICES, REMINDERS, RETRIES, TASK_EVENTS
from streams.runtime import App, Block, Stage

Decide: TypeAlias = Callable[[r.StandingReminders | None], tuple[r.StandingReminders | None, Iterable[Any]]]
"""From a task's state to its next state, and the records of the change."""

stage = Stage(
    "reminders",
    reads=(TASK_EVENTS, REMINDER_NOTICES, RETRIES),
    writes=(REMINDERS, REMINDER_NOTICES),
    keeps="the current reminders and decisions of each task; each user's targets; timers",
)
held_by_task = stage.table("held", r.StandingReminders)
recipients_by_user = stage.table("recipients", r.Recipients)
timers = stage.timer("timers")


@stage.on(TASK_EVENTS, folds=(*TASK.events, *TARGET.events), about=audit.about)
def follow(block: Block, event: Any) -> None:
    """Schedule and cancel reminders as tasks change, and keep each user's targets."""
    if block.record.overtaken:
        return
    if isinstance(event, TARGET.events):
        keep_target(event)
    else:
        change(block, event.user, event.task.id, partial(reminders.react, event=event))


@stage.on(REMINDER_NOTICES)
def fire(block: Block, notice: r.ReminderNotice) -> None:
    """Decide the reminder whose timer has fired."""
    change(block, notice.user, notice.task, partial(reminders.fire, notice=notice))


@stage.on_timer(REMINDER_NOTICES)
def notice(block: Block, timer: r.Timer) -> None:
    """Emit a notice that a timer has fired."""
    block.emit(REMINDER_NOTICES, r.ReminderNotice(timer.id, timer.user, block.now, timer.subject, timer.due))


def change(block: Block, user: str, task: str, decide: Decide) -> None:
    """Decide by a task's current state, store the next one, set and remove timers to match, and emit the records."""
    key = f"{user}/{task}"
    before = held_by_task.get(key)
    after, output = decide(before)
    if after != before:
        was, now = standing(before), standing(after)
        for gone in was - now:
            timers.remove(r.Timer(gone.id, user, task, gone.due))
        for new in now - was:
            timers.set(r.Timer(new.id, user, task, new.due))
        if after:
            held_by_task[key] = after
        else:
            del held_by_task[key]
    for record in output:
        block.emit(REMINDERS, addressed(record))


def keep_target(event: targets.Event) -> None:
    """Keep a user's targets as one of them changes."""
    before = recipients_by_user.get(event.user)
    if after := recipients.follow(before, event):
        recipients_by_user[event.user] = after
    elif before:
        del recipients_by_user[event.user]


def addressed(record: Any) -> Any:
    """Return a record, a due reminder with the targets that it goes to."""
    if not isinstance(record, r.ReminderDue):
        return record
    return recipients.addressed(recipients_by_user.get(record.user), record)


def standing(held: r.StandingReminders | None) -> set[r.StandingReminder]:
    """Return the reminders that wait for their timers."""
    return set(held.standing) if held else set()


app = App(stage)
