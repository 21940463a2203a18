"""Recurrence: a closed occurrence of a series leads to the command that creates the next one.

The next occurrence follows from the event, which has the whole task, and its id from series, occurrence and rule
version. The tasks stage decides whether the series is already past it, also if a dead-lettered completion is sent
again.

A series by the calendar awaits its next occurrence while one is open: a timer, whose notice leads to the command that
closes the open one as missed, or opens the next one beside it. ``domain/recurrence/awaiting.py`` decides.
"""

from collections.abc import Sequence
from typing import Any

from domain import audit
from domain.recurrence import awaiting
from domain.recurrence.awaiting import Awaiting, Notice, Store
from domain.recurrence.derived import CLOSING, derived
from domain.tasks import TASK
from schemas import records as r
from schemas.topics import RETRIES, SERIES_NOTICES, TASK_EVENTS, TASK_FOLLOWUPS
from streams.runtime import App, Block, Stage

stage = Stage(
    "recurrence",
    reads=(TASK_EVENTS, SERIES_NOTICES, RETRIES),
    writes=(TASK_FOLLOWUPS, SERIES_NOTICES),
    keeps="what each series by the calendar awaits; each user's settings; timers",
)
store = Store(
    awaited=stage.table("awaited", r.AwaitedOccurrence),
    settings=stage.table("settings", r.Settings),
    local=stage.index("local"),
    replannings=stage.table("replannings", r.Replanning),
    zones=stage.table("zones", r.ZoneData),
    timers=stage.timer("timers"),
)


@stage.on(TASK_EVENTS, folds=(*TASK.events, r.SettingsUpdated), about=audit.about)
def follow(block: Block, event: Any) -> None:
    """Emit the command that a closed occurrence leads to, and plan what series by the calendar await."""
    if isinstance(event, CLOSING) and (command := derived(event, block.decision_version)):
        block.emit(TASK_FOLLOWUPS, command)
    if not block.record.overtaken:
        series(block).follow(event)


@stage.on(SERIES_NOTICES)
def decide(block: Block, notice: Notice) -> None:
    """Emit the command that a notice leads to, or plan the next series again."""
    if command := series(block).decide(notice):
        block.emit(TASK_FOLLOWUPS, command)


@stage.on_timer(SERIES_NOTICES)
def notice(block: Block, timer: r.Timer) -> None:
    """Emit a notice that a timer has fired."""
    block.emit(SERIES_NOTICES, awaiting.notice(timer, block.now))


@stage.on_open
def wake(block: Block) -> r.Timer | None:
    """Return a timer to fire now, so that changed time zone data is noticed."""
    return series(block).due_at_once(block.now)


@stage.on_end
def renew(block: Block, folded: Sequence[Any]) -> None:
    """Begin to plan all series again if the time zone data has changed."""
    series(block).renew(max(record.at for record in folded))


def series(block: Block) -> Awaiting:
    """Return what series await in the stage's tables."""
    return Awaiting(store, block.decision_version, block.tzdata)


app = App(stage)
