"""Reminders: tasks' reminders become timers, and a timer that comes becomes a reminder that is due, decided once.

A timer that comes writes a notice to the stage's own topic; only consuming the notice changes state, and only if that
timer still stands. So the log holds every moment at which time passing mattered.
"""

from collections.abc import Iterable

from schemas import records as r
from schemas.topics import REMINDER_NOTICES, REMINDERS, TASK_EVENTS
from streams.domain import reminders
from streams.runtime import Block, Stage, Stream

stage = Stage("reminders", reads=(TASK_EVENTS, REMINDER_NOTICES), writes=(REMINDERS, REMINDER_NOTICES))
app = stage.app
held_by_task = stage.table("held", r.StandingReminders)
timers = stage.timer("timers")


@stage.agent(TASK_EVENTS)
async def follow(blocks: Stream) -> None:
    """Schedule and cancel reminders as tasks change."""
    async for block in blocks.noack():
        with block:
            for record in block:
                if not isinstance(record.value, r.CommandOutcome):
                    event = record.value
                    keep(block, event.user, event.task.id, *reminders.react(held(event.user, event.task.id), event))


@stage.agent(REMINDER_NOTICES)
async def fire(blocks: Stream) -> None:
    """Decide the reminders whose timers have come."""
    async for block in blocks.noack():
        with block:
            for record in block:
                notice = record.value
                keep(block, notice.user, notice.task, *reminders.fire(held(notice.user, notice.task), notice))


@stage.on_tick
def notice(block: Block, timer: r.Timer) -> None:
    """Put on the log that a timer has come."""
    block.emit(REMINDER_NOTICES, r.ReminderNotice(timer.id, timer.user, block.now, timer.subject, timer.due))


def held(user: str, task: str) -> r.StandingReminders | None:
    """Return what stands for a task."""
    return held_by_task.get(f"{user}/{task}")


def keep(
    block: Block,
    user: str,
    task: str,
    after: r.StandingReminders | None,
    output: Iterable[r.ReminderScheduled | r.ReminderCancelled | r.ReminderDue],
) -> None:
    """Keep what stands now, set and remove timers to match, and emit what changed."""
    key, before = f"{user}/{task}", held(user, task)
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
