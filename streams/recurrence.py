"""Recurrence: a closed occurrence of a series leads to the command that creates the next one.

The next occurrence follows from the event, which has the whole task, and its id from series, occurrence and rule
version. The tasks stage decides whether the series is already past it, also if a dead-lettered completion is sent
again.

A series by the calendar awaits its next occurrence while one is open: a timer, whose notice leads to the command that
closes the open one as missed, or opens the next one beside it. If the user's zone changes, the series whose days or
floating times are the user's are planned again, ``CHUNK`` at a time.
"""

from typing import Any

from domain import audit
from domain.recurrence import calendar
from domain.recurrence.derived import CLOSING, derived
from domain.tasks import TASK
from schemas import ids
from schemas import records as r
from schemas.topics import RETRIES, SERIES_NOTICES, TASK_EVENTS, TASK_FOLLOWUPS
from streams.runtime import App, Block, Stage

CHUNK = 100
"""The most series that one notice plans again."""

stage = Stage(
    "recurrence",
    reads=(TASK_EVENTS, SERIES_NOTICES, RETRIES),
    writes=(TASK_FOLLOWUPS, SERIES_NOTICES),
    keeps="what each series by the calendar awaits; the settings of users who have such; timers",
)
awaited = stage.table("awaited", r.AwaitedOccurrence)
local = stage.index("local")
settings = stage.table("settings", r.Settings)
timers = stage.timer("timers")


@stage.on(TASK_EVENTS, folds=(*TASK.events, r.SettingsUpdated), about=audit.about)
def follow(block: Block, event: Any) -> None:
    """Emit the command that a closed occurrence leads to, and plan what series by the calendar await."""
    if isinstance(event, CLOSING) and (command := derived(event, block.decision_version)):
        block.emit(TASK_FOLLOWUPS, command)
    if block.record.overtaken:
        return
    if isinstance(event, r.SettingsUpdated):
        change_zone(event)
    elif calendar.is_awaiting(event.task) or may_await(event):
        plan(event)


@stage.on(SERIES_NOTICES)
def fire(block: Block, notice: r.SeriesNotice) -> None:
    """Emit the command that a notice leads to; without a series, plan some of the user's series again."""
    if not notice.series:
        return plan_again(notice)
    held = awaited.get(f"{notice.user}/{notice.task}")
    after, command = calendar.fire(held, notice, zone_of(notice.user))
    keep(notice.user, notice.task, held, after)
    if command:
        block.emit(TASK_FOLLOWUPS, command)
    return None


@stage.on_timer(SERIES_NOTICES)
def notice(block: Block, timer: r.Timer) -> None:
    """Emit a notice that a timer has fired."""
    series, _, task = timer.subject.partition("/")
    block.emit(SERIES_NOTICES, r.SeriesNotice(timer.id, timer.user, block.now, series, timer.due, task))


def may_await(event: Any) -> bool:
    """Return whether the task of an event may have been an open occurrence of a series by the calendar before it."""
    if isinstance(event, r.TaskUpdated):
        return "recurrence" in event.changed
    return event.task.recurrence is not None


def plan(event: Any) -> None:
    """Plan what the series of an event's task awaits."""
    held = awaited.get(f"{event.user}/{event.task.id}")
    zone = zone_of(event.user) if calendar.is_awaiting(event.task) else None
    keep(event.user, event.task.id, held, calendar.react(held, event.task, event.id, zone))


def keep(user: str, task: str, held: r.AwaitedOccurrence | None, after: r.AwaitedOccurrence | None) -> None:
    """Store what a series awaits, and set and remove timers to match."""
    if held == after:
        return
    if held and held.due is not None:
        timers.remove(_timer(user, held, held.due))
    if after and after.due is not None:
        timers.set(_timer(user, after, after.due))
    if after:
        awaited[f"{user}/{task}"] = after
    else:
        del awaited[f"{user}/{task}"]
    if _is_local(held) != _is_local(after):
        (local.add if _is_local(after) else local.remove)(user, task)


def change_zone(event: r.SettingsUpdated) -> None:
    """Store the user's settings, and plan again what depends on the zone, if that has changed."""
    settings[f"{event.user}/"] = event.settings
    if "zone" in event.changed and local.names(event.user, 1):
        timers.set(r.Timer(ids.derive("zone", event.id), event.user, "/", event.at))


def plan_again(notice: r.SeriesNotice) -> None:
    """Plan the next of the user's series again, and the others by another notice."""
    timers.remove(r.Timer(notice.id, notice.user, f"/{notice.task}", notice.due))
    names, zone = local.names(notice.user, CHUNK, after=notice.task), zone_of(notice.user)
    for task in names:
        if held := awaited.get(f"{notice.user}/{task}"):
            keep(notice.user, task, held, calendar.replan(held, notice.id, zone))
    if len(names) == CHUNK:
        timers.set(r.Timer(ids.derive("zone", notice.id), notice.user, f"/{names[-1]}", notice.due))


def zone_of(user: str) -> str | None:
    """Return the zone in which a user's days pass; None for UTC."""
    found = settings.get(f"{user}/")
    return found.zone if found else None


def _timer(user: str, held: r.AwaitedOccurrence, due: int) -> r.Timer:
    return r.Timer(held.id, user, f"{held.series}/{held.task}", due)


def _is_local(held: r.AwaitedOccurrence | None) -> bool:
    """Return whether an occurrence that is awaited has no zone of its own."""
    return held is not None and held.recurrence.start.zone is None


app = App(stage)
