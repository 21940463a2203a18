"""Reminders: tasks' reminders become timers, and a timer that comes becomes a reminder that is due, decided once.

A timer that comes writes a notice to the stage's own topic; only consuming the notice changes state, and only if that
timer still stands. So the log holds every moment at which time passing mattered.

An event holds the whole task. So one that was set aside and is sent again does nothing where a later one of its task
has been folded.
"""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeAlias

from domain import reminders
from domain.tasks import TASK
from schemas import records as r
from schemas.topics import REMINDER_NOTICES, REMINDERS, RETRIES, TASK_EVENTS
from streams.runtime import App, Block, Stage

Decide: TypeAlias = Callable[[r.StandingReminders | None], tuple[r.StandingReminders | None, Iterable[Any]]]
"""From what stands for a task to what stands then, and the records that say so."""

stage = Stage(
    "reminders",
    reads=(TASK_EVENTS, REMINDER_NOTICES, RETRIES),
    writes=(REMINDERS, REMINDER_NOTICES),
    keeps="the current reminders and decisions of each task; timers",
)
held_by_task = stage.table("held", r.StandingReminders)
timers = stage.timer("timers")


@stage.on(TASK_EVENTS, folds=TASK.events, about=lambda event: str(event.task.id))
def follow(block: Block, event: Any) -> None:
    """Schedule and cancel reminders as tasks change."""
    if not block.record.overtaken:
        change(block, event.user, event.task.id, partial(reminders.react, event=event))


@stage.on(REMINDER_NOTICES)
def fire(block: Block, notice: r.ReminderNotice) -> None:
    """Decide the reminders whose timers have come."""
    change(block, notice.user, notice.task, partial(reminders.fire, notice=notice))


@stage.on_tick(REMINDER_NOTICES)
def notice(block: Block, timer: r.Timer) -> None:
    """Put on the log that a timer has come."""
    block.emit(REMINDER_NOTICES, r.ReminderNotice(timer.id, timer.user, block.now, timer.subject, timer.due))


def change(block: Block, user: str, task: str, decide: Decide) -> None:
    """Decide by what stands for a task, keep what stands then, set and remove timers to match, and emit the rest."""
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
        block.emit(REMINDERS, record)


def standing(held: r.StandingReminders | None) -> set[r.StandingReminder]:
    """Return the reminders that wait for their timers."""
    return set(held.standing) if held else set()


app = App(stage)
