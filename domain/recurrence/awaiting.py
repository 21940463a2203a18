"""What series by the calendar await, of many users: the recurrence stage runs it over its tables, tests over dicts.

If a user's zone or the time zone data change, what depends on these is planned again (``replanning``). Decision version
6 plans again only the series without a zone of their own, of a user whose zone has changed, by the index ``local`` and
notices that name no series; what it has begun is ended so.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from domain import replanning
from domain.decision import BEFORE_7
from domain.recurrence import calendar
from domain.replanning import TZDATA, Replannings
from domain.store import Index, Listed, Map
from schemas import ids
from schemas import records as r

CHUNK = 100
"""The most series that one notice plans again."""

Notice = r.SeriesNotice | r.ReplanNotice


@dataclass(frozen=True)
class Store(replanning.Store):
    """The state of what series by the calendar await."""

    awaited: Listed[r.AwaitedOccurrence]
    """What the series of each open occurrence awaits, by user/task."""
    settings: Map[r.Settings]
    """The settings of each user who has set any, by user/."""
    local: Index
    """In decision version 6: the tasks of each user whose days or floating times are the user's."""


def notice(timer: r.Timer, at: int) -> Notice:
    """Return the notice that a timer has fired."""
    if replanning.is_of(timer):
        return replanning.notice(timer, at)
    series, _, task = timer.subject.partition("/")
    return r.SeriesNotice(timer.id, timer.user, at, series, timer.due, task)


class Awaiting:
    """What series await in a store, by a decision version and a version of the time zone data."""

    def __init__(self, store: Store, version: str, tzdata: str) -> None:
        self._store, self._version, self._tzdata = store, version, tzdata
        self._is_old = version in BEFORE_7

    def follow(self, event: Any) -> None:
        """Fold an event of a task or of settings: plan what the task's series awaits."""
        if isinstance(event, r.SettingsUpdated):
            self._set(event)
        elif calendar.is_awaiting(event.task) or _may_have_awaited(event):
            held = self._held(event.user, event.task.id)
            zone = self._zone(event.user) if calendar.is_awaiting(event.task) else None
            self._keep(event.user, event.task.id, held, calendar.react(held, event.task, event.id, zone))

    def decide(self, notice: Notice) -> calendar.Command | None:
        """Fold a notice; return the command that it leads to. One of a replanning plans the next series again."""
        if isinstance(notice, r.ReplanNotice):
            self._replan(notice)
            return None
        if not notice.series:
            self._plan_local_again(notice)
            return None
        held = self._held(notice.user, notice.task)
        after, command = calendar.fire(held, notice, self._zone(notice.user), self._version)
        self._keep(notice.user, notice.task, held, after)
        return command

    def renew(self, at: int) -> None:
        """Begin to plan the series of all users again, if the time zone data has changed."""
        if not self._is_old:
            self._again.renew(at)

    def due_at_once(self, at: int) -> r.Timer | None:
        """Return a timer to fire now, so that changed time zone data is noticed."""
        return self._again.due_at_once(at)

    @cached_property
    def _again(self) -> Replannings:
        return Replannings(self._store, self._tzdata, self._planned, CHUNK)

    def _planned(self, limit: int, after: str) -> list[str]:
        names = self._store.awaited.names(limit, after.replace(":", "/", 1))
        return [name.replace("/", ":", 1) for name in names]

    def _set(self, event: r.SettingsUpdated) -> None:
        """Store a user's settings, and begin to plan again what depends on the zone, if that has changed."""
        self._store.settings[f"{event.user}/"] = event.settings
        if "zone" not in event.changed:
            return
        if not self._is_old:
            if self._again.has_any(event.user):
                self._again.begin(event.user, event.at)
        elif self._store.local.names(event.user, 1):
            self._store.timers.set(r.Timer(ids.derive("zone", event.id), event.user, "/", event.at))

    def _replan(self, notice: r.ReplanNotice) -> None:
        if notice.subject == TZDATA:
            self._again.renew(notice.at, also_unknown=True)  # decision version 6 does not keep it
        cause = ids.derive("replanned", notice.id, notice.due)  # an id of a command that it leads to is used once
        for user, task in self._again.next(notice):
            self._plan_again(user, task, cause)

    def _plan_local_again(self, notice: r.SeriesNotice) -> None:
        """Plan the next of a user's series again, and the others by another notice, as decision version 6 does."""
        self._store.timers.remove(r.Timer(notice.id, notice.user, f"/{notice.task}", notice.due))
        names = self._store.local.names(notice.user, CHUNK, notice.task)
        for task in names:
            self._plan_again(notice.user, task, notice.id)
        if len(names) == CHUNK:
            again = ids.derive("zone", notice.id)
            self._store.timers.set(r.Timer(again, notice.user, f"/{names[-1]}", notice.due))

    def _plan_again(self, user: str, task: str, cause: str) -> None:
        held = self._held(user, task)
        if held and (held.due is not None or not self._is_old):
            self._keep(user, task, held, calendar.replan(held, cause, self._zone(user), self._version))

    def _held(self, user: str, task: str) -> r.AwaitedOccurrence | None:
        return self._store.awaited.get(f"{user}/{task}")

    def _zone(self, user: str) -> str | None:
        """Return the zone in which a user's days pass; None for UTC."""
        found = self._store.settings.get(f"{user}/")
        return found.zone if found else None

    def _keep(self, user: str, task: str, held: r.AwaitedOccurrence | None, after: r.AwaitedOccurrence | None) -> None:
        """Store what a series awaits, and set and remove timers and entries of the indexes to match."""
        if held == after:
            return
        for timer in _timers(user, held):
            self._store.timers.remove(timer)
        for timer in _timers(user, after):
            self._store.timers.set(timer)
        if after:
            self._store.awaited[f"{user}/{task}"] = after
        else:
            del self._store.awaited[f"{user}/{task}"]
        if _is_local(held) and not _is_local(after):
            self._store.local.remove(user, task)
        elif self._is_old and _is_local(after) and not _is_local(held):
            self._store.local.add(user, task)


def _may_have_awaited(event: Any) -> bool:
    """Return whether the task of an event may have been an open occurrence of a series by the calendar before it."""
    if isinstance(event, r.TaskUpdated):
        return "recurrence" in event.changed
    return event.task.recurrence is not None


def _timers(user: str, held: r.AwaitedOccurrence | None) -> tuple[r.Timer, ...]:
    """Return the timer of what a series awaits, none if nothing."""
    if held is None or held.due is None:
        return ()
    return (r.Timer(held.id, user, f"{held.series}/{held.task}", held.due),)


def _is_local(held: r.AwaitedOccurrence | None) -> bool:
    """Return whether an occurrence that is awaited has no zone of its own."""
    return held is not None and held.recurrence.start.zone is None
