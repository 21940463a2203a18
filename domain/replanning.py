"""Replanning: what is planned by settings or by the time zone data is planned again once these change.

It is done in bounded chunks, each by a timer and its notice, so that no block grows with the number of plans. The
stages that plan, reminders and recurrence, list their plans, and plan those again that a notice is about.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from domain.store import Map, Timers
from schemas import ids
from schemas import records as r

SETTINGS, TZDATA = "settings:", "tzdata"
"""The subjects of replannings: of the plans of a user, whose id follows, or of those of all users."""

Planned = Callable[[int, str], list[str]]
"""Returns at most a number of plans behind another, in order, as user:task: those that settings or data may change."""


class HeldTimers(Timers, Protocol):
    """Timers that are known to be set or not."""

    def has(self, timer: r.Timer, /) -> bool:
        """Return whether a timer of this time and id is set."""


@dataclass(frozen=True)
class Store:
    """The state of the replannings of a stage, for many users."""

    replannings: Map[r.Replanning]
    """The replannings that go on, by subject."""
    zones: Map[r.ZoneData]
    """The time zone data that plans are made by; its only key is empty."""
    timers: HeldTimers


def is_of(timer: r.Timer) -> bool:
    """Return whether a timer is one of a replanning."""
    return timer.subject.startswith((SETTINGS, TZDATA))


def notice(timer: r.Timer, at: int) -> r.ReplanNotice:
    """Return the notice that the timer of a replanning has fired."""
    return r.ReplanNotice(timer.id, timer.user, at, timer.subject, timer.due)


class Replannings:
    """The replannings in a store, of at most ``chunk`` plans a notice, by a version of the time zone data."""

    def __init__(self, store: Store, tzdata: str, planned: Planned, chunk: int) -> None:
        self._store, self._tzdata, self._planned, self._chunk = store, tzdata, planned, chunk

    def has_any(self, user: str) -> bool:
        """Return whether a user has plans."""
        return any(name.startswith(f"{user}:") for name in self._planned(1, f"{user}:"))

    def begin(self, user: str, at: int) -> None:
        """Begin to plan the tasks of a user again."""
        self._begin(user, SETTINGS + user, at)

    def renew(self, at: int, *, also_unknown: bool = False) -> None:
        """Begin to plan the tasks of all users again, if the time zone data has changed.

        ``also_unknown``: if it is unknown by which data they were planned, too.
        """
        known = self._store.zones.get("")
        if known and known.version == self._tzdata:
            return
        self._store.zones[""] = r.ZoneData(self._tzdata)
        if (known or also_unknown) and (user := self._first()):
            self._begin(user, TZDATA, at)

    def due_at_once(self, at: int) -> r.Timer | None:
        """Return a timer to fire now, if the data is not known to be that by which everything was planned.

        So new data is noticed in a partition where nothing else happens: its notice leads to ``renew``.
        """
        known = self._store.zones.get("")
        if (known and known.version == self._tzdata) or (user := self._first()) is None:
            return None
        return r.Timer(ids.derive("tzdata", self._tzdata), user, TZDATA, at)

    def next(self, notice: r.ReplanNotice) -> list[tuple[str, str]]:
        """Return users and tasks to plan again now; unless these are the last, set the timer again."""
        timer = r.Timer(notice.id, notice.user, notice.subject, notice.due)
        if not self._store.timers.has(timer):
            return []
        self._store.timers.remove(timer)
        if (replanning := self._store.replannings.get(notice.subject)) is None:
            return []
        chunk = self._behind(replanning, notice)
        if len(chunk) < self._chunk:
            del self._store.replannings[notice.subject]
        else:
            self._store.replannings[notice.subject] = r.Replanning(chunk[-1])
            self._store.timers.set(r.Timer(timer.id, timer.user, timer.subject, notice.at))
        return [(user, task) for user, _, task in (name.partition(":") for name in chunk)]

    def _behind(self, replanning: r.Replanning, notice: r.ReplanNotice) -> list[str]:
        """Return the next tasks of a replanning, as the index names them."""
        own = "" if notice.subject == TZDATA else f"{notice.user}:"
        names = self._planned(self._chunk, replanning.after or own)
        return [name for name in names if name.startswith(own)]

    def _begin(self, user: str, subject: str, at: int) -> None:
        self._store.replannings[subject] = r.Replanning(after="")
        self._store.timers.set(r.Timer(ids.derive("replan", subject), user, subject, at))

    def _first(self) -> str | None:
        """Return the user of the first plan."""
        names = self._planned(1, "")
        return names[0].partition(":")[0] if names else None
