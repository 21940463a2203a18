"""Reminders: tasks' reminders become timers, and a timer that fires becomes a due reminder, decided once.

A timer that fires writes a notice to the stage's own topic; only consuming the notice changes state, and only if that
timer still exists. So the log has every moment at which passing time mattered. ``domain/reminder_state.py`` decides.

An event has the whole task. So a dead-lettered event that is sent again does nothing if a later event of its task has
been folded.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from domain import audit, ledger, recipients, reminder_state, targets
from domain.decision import BEFORE_7
from domain.reminder_state import Notice, Reminders, Store
from domain.targets import TARGET
from domain.tasks import TASK
from schemas import records as r
from schemas.topics import REMINDER_NOTICES, REMINDERS, RETRIES, TASK_EVENTS
from streams.runtime import App, Block, Stage

stage = Stage(
    "reminders",
    reads=(TASK_EVENTS, REMINDER_NOTICES, RETRIES),
    writes=(REMINDERS, REMINDER_NOTICES),
    keeps="the current reminders and last decisions of each task, and what they are planned by; each user's settings, "
    "targets and next digest; timers",
)
held_by_task = stage.table("held", r.StandingReminders)
recipients_by_user = stage.table("recipients", r.Recipients)
timers = stage.timer("timers")

store = Store(
    held=held_by_task,
    settings=stage.table("settings", r.Settings),
    replannings=stage.table("replannings", r.Replanning),
    zones=stage.table("zones", r.ZoneData),
    digests=stage.table("digests", r.DigestPlan),
    planned=stage.index("planned"),
    timers=timers,
)


@stage.on(TASK_EVENTS, folds=(*TASK.events, *TARGET.events, r.SettingsUpdated), about=audit.about)
def follow(block: Block, event: Any) -> None:
    """Schedule and cancel reminders as tasks and settings change, and keep each user's targets."""
    if block.record.overtaken:
        return
    if isinstance(event, TARGET.events):
        keep_target(event)
        if block.decision_version not in BEFORE_7 and (corrected := recipients.corrected(event)):
            block.emit(REMINDERS, corrected)
    else:
        emit(block, reminders(block).follow(event))


@stage.on(REMINDER_NOTICES)
def decide(block: Block, notice: Notice) -> None:
    """Decide the reminder whose timer has fired, or plan the next tasks again."""
    emit(block, reminders(block).decide(notice))


@stage.on_timer(REMINDER_NOTICES)
def notice(block: Block, timer: r.Timer) -> None:
    """Emit a notice that a timer has fired."""
    block.emit(REMINDER_NOTICES, reminder_state.notice(timer, block.now))


@stage.on_open
def wake(block: Block) -> r.Timer | None:
    """Return a timer to fire now, so that changed time zone data is noticed."""
    return reminders(block).due_at_once(block.now)


@stage.on_end
def renew(block: Block, folded: Sequence[Any]) -> None:
    """Begin to plan all tasks again if the time zone data has changed."""
    reminders(block).renew(max(record.at for record in folded))


def reminders(block: Block) -> Reminders:
    """Return the reminders in the stage's tables."""
    return Reminders(store, block.decision_version, block.tzdata)


def emit(block: Block, records: Iterable[Struct]) -> None:
    """Emit what happens to reminders."""
    for record in records:
        block.emit(REMINDERS, addressed(block, record))


def keep_target(event: targets.Event) -> None:
    """Keep a user's targets as one of them changes."""
    before = recipients_by_user.get(event.user)
    if after := recipients.follow(before, event):
        recipients_by_user[event.user] = after
    elif before:
        del recipients_by_user[event.user]


def addressed(block: Block, record: Any) -> Any:
    """Return a record, a reminder that is due or withheld with its user's targets."""
    decided = ledger.Due if block.decision_version in BEFORE_7 else ledger.Decided
    if not isinstance(record, decided):
        return record
    return recipients.addressed(recipients_by_user.get(record.user), record)


app = App(stage)
