"""The reminders of many users: the aggregate that the reminders stage runs over its tables, and tests over dicts.

If a user's settings or the time zone data change, all tasks whose reminders depend on these are planned again:
``CHUNK`` at a time, each chunk by a timer and its notice, so that no block grows with the number of tasks. A task whose
timer fires before its turn is planned again first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from domain import reminders, reminders_before_6, settings
from domain.decision import BEFORE_6
from domain.reminder_times import Basis
from domain.store import Index, Map, Timers
from schemas import ids
from schemas import records as r

CHUNK = 500
"""The most tasks that one notice plans again."""

SETTINGS, TZDATA = "settings:", "tzdata"
"""The subjects of timers that plan tasks again: those of a user, whose id follows, or those of all users."""

_EVERYONE = "everyone"
_PLANNED_BY = {"zone", "day_time"}
"""The settings that plans depend on."""

Held = r.StandingReminders
Notice = r.ReminderNotice | r.ReplanNotice


class HeldTimers(Timers, Protocol):
    """Timers that are known to be set or not."""

    def has(self, timer: r.Timer, /) -> bool:
        """Return whether a timer of this time and id is set."""


@dataclass(frozen=True)
class Store:
    """The state of the reminders of many users."""

    held: Map[Held]
    """The reminders of each task, by user/task."""
    settings: Map[r.Settings]
    """The settings of each user who has set any, by user."""
    replannings: Map[r.Replanning]
    """The replannings that go on, by subject."""
    zones: Map[r.ZoneData]
    """The time zone data that plans are made by; its only key is empty."""
    planned: Index
    """The tasks whose reminders depend on settings or time zone data, as user:task; all under one key."""
    timers: HeldTimers


def notice(timer: r.Timer, at: int) -> Notice:
    """Return the notice that a timer has fired."""
    kind = r.ReplanNotice if timer.subject.startswith((SETTINGS, TZDATA)) else r.ReminderNotice
    return kind(timer.id, timer.user, at, timer.subject, timer.due)


class Reminders:
    """The reminders in a store, decided by a decision version and a version of the time zone data."""

    def __init__(self, store: Store, version: str, tzdata: str) -> None:
        self._store, self._tzdata = store, tzdata
        self._is_old = version in BEFORE_6

    def follow(self, event: Any) -> Iterable[Any]:
        """Fold an event of a task or of settings; return the reminders that it cancels and schedules."""
        if isinstance(event, r.SettingsUpdated):
            self._set(event)
            return ()
        held = self._held(event.user, event.task.id)
        after: reminders.After
        if self._is_old:
            after = reminders_before_6.react(held, event)
        elif reminders.concerns(held, event):
            after = reminders.react(held, event, self._basis(event.user))
        else:
            return ()
        return self._kept(event.user, event.task.id, held, *after)

    def decide(self, notice: Notice) -> Iterable[Any]:
        """Fold a notice: decide the reminder whose timer has fired, or plan the next tasks again."""
        if isinstance(notice, r.ReplanNotice):
            return self._replan(notice)
        held = self._held(notice.user, notice.task)
        after: reminders.After
        if self._is_old:
            after = reminders_before_6.fire(held, notice)
        else:
            after = reminders.fire(held, notice, self._basis(notice.user))
        return self._kept(notice.user, notice.task, held, *after)

    def renew(self, at: int) -> None:
        """Begin to plan the tasks of all users again, if the time zone data has changed."""
        known = self._store.zones.get("")
        if self._is_old or (known and known.version == self._tzdata):
            return
        self._store.zones[""] = r.ZoneData(self._tzdata)
        if known and (names := self._store.planned.names(_EVERYONE, 1)):
            self._begin(names[0].partition(":")[0], TZDATA, at)

    def _set(self, event: r.SettingsUpdated) -> None:
        """Store a user's settings, and begin to plan their tasks again if plans depend on what has changed."""
        if self._is_old:
            return
        self._store.settings[event.user] = event.settings
        if _PLANNED_BY & {*event.changed}:
            self._begin(event.user, SETTINGS + event.user, event.at)

    def _begin(self, user: str, subject: str, at: int) -> None:
        self._store.replannings[subject] = r.Replanning(after="")
        self._store.timers.set(r.Timer(ids.derive("replan", subject), user, subject, at))

    def _replan(self, notice: r.ReplanNotice) -> Iterable[Any]:
        """Plan the next tasks again; unless these are the last, set the timer again."""
        timer = r.Timer(notice.id, notice.user, notice.subject, notice.due)
        if not self._store.timers.has(timer):
            return []
        self._store.timers.remove(timer)
        if (replanning := self._store.replannings.get(notice.subject)) is None:
            return []
        chunk = self._behind(replanning, notice)
        if len(chunk) < CHUNK:
            del self._store.replannings[notice.subject]
        else:
            self._store.replannings[notice.subject] = r.Replanning(chunk[-1])
            self._store.timers.set(r.Timer(timer.id, timer.user, timer.subject, notice.at))
        return [record for name in chunk for record in self._planned_again(name, notice.at)]

    def _behind(self, replanning: r.Replanning, notice: r.ReplanNotice) -> list[str]:
        """Return the next tasks of a replanning, as the index names them."""
        own = "" if notice.subject == TZDATA else f"{notice.user}:"
        names = self._store.planned.names(_EVERYONE, CHUNK, replanning.after or own)
        return [name for name in names if name.startswith(own)]

    def _planned_again(self, name: str, at: int) -> Iterable[Any]:
        user, _, task = name.partition(":")
        held = self._held(user, task)
        if held is None:
            return ()
        return self._kept(user, task, held, *reminders.replan(held, user, at, self._basis(user)))

    def _basis(self, user: str) -> Basis:
        return Basis(self._store.settings.get(user) or settings.defaults(user), self._tzdata)

    def _held(self, user: str, task: str) -> Held | None:
        return self._store.held.get(f"{user}/{task}")

    def _kept(
        self, user: str, task: str, before: Held | None, after: Held | None, output: Iterable[Any]
    ) -> Iterable[Any]:
        """Store a task's next state, set and remove timers to match, and return its output."""
        if after != before:
            was, now = _timers(user, task, before), _timers(user, task, after)
            for key in was.keys() - now.keys():
                self._store.timers.remove(was[key])
            for key in now.keys() - was.keys():
                self._store.timers.set(now[key])
            if after:
                self._store.held[f"{user}/{task}"] = after
            else:
                del self._store.held[f"{user}/{task}"]
            self._index(f"{user}:{task}", before, after)
        return output

    def _index(self, name: str, before: Held | None, after: Held | None) -> None:
        was, now = (bool(held and held.plan and held.plan.by) for held in (before, after))
        if now and not was:
            self._store.planned.add(_EVERYONE, name)
        elif was and not now:
            self._store.planned.remove(_EVERYONE, name)


def _timers(user: str, task: str, held: Held | None) -> dict[tuple[str, int], r.Timer]:
    """Return the timers of a task's reminders, by id and instant."""
    standing = held.standing if held else ()
    return {(each.id, each.due): r.Timer(each.id, user, task, each.due) for each in standing}
