"""The reminders and digests of many users: the aggregate of the reminders stage, over its tables, or dicts in tests.

If a user's settings or the time zone data change, all tasks whose reminders depend on these are planned again
(``replanning``). A task whose timer fires before its turn is planned again first.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, Protocol

from domain import digests, reminders, reminders_before_6, reminders_in_6, replanning, settings
from domain.decision import BEFORE_6, BEFORE_7, BEFORE_8
from domain.reminder_plans import Output
from domain.reminder_times import Basis
from domain.replanning import Replannings
from domain.store import Index, Map
from schemas import records as r

CHUNK = 500
"""The most tasks that one notice plans again."""

DIGEST = "digest"
"""The digest's name among what is planned for a user. With a colon and the user, the subject of its timer."""

_EVERYONE = "everyone"
_DIGEST_BY = {"zone", "digest_time"}
"""The settings that plans of digests depend on."""

Held = r.StandingReminders
Notice = r.ReminderNotice | r.DigestNotice | r.ReplanNotice


@dataclass(frozen=True)
class Store(replanning.Store):
    """The state of the reminders of many users."""

    held: Map[Held]
    """The reminders of each task, by user/task."""
    settings: Map[r.Settings]
    """The settings of each user who has set any, by user."""
    digests: Map[r.DigestPlan]
    """The next digest of each user who has ever wanted any, by user."""
    planned: Index
    """What depends on settings or time zone data, as user:task or user:digest; all under one key."""


class Rules(Protocol):
    """What a decision version decides about the reminders of a task."""

    @property
    def PLANNED_BY(self) -> frozenset[str]:  # noqa: N802
        """The settings that lead to planning again."""

    def react(self, held: Held | None, event: Any, basis: Basis) -> reminders.After:
        """Return the state after an event, and the reminders that it cancelled and scheduled."""

    def fire(self, held: Held | None, notice: r.ReminderNotice, basis: Basis, *, waits: bool) -> reminders.After:
        """Return the state after a timer has fired, and what this decides; ``waits`` is that of ``reminders.fire``."""

    def again(self, held: Held, user: str, at: int, basis: Basis) -> tuple[Held, tuple[Output, ...]]:
        """Return the state planned by other settings or time zone data, and what that cancelled and scheduled."""

    def depends(self, held: Held | None) -> bool:
        """Return whether a task's timers depend on settings or time zone data."""


def notice(timer: r.Timer, at: int) -> Notice:
    """Return the notice that a timer has fired."""
    if replanning.is_of(timer):
        return replanning.notice(timer, at)
    if timer.subject.startswith(f"{DIGEST}:"):
        return r.DigestNotice(timer.id, timer.user, at, timer.due)
    return r.ReminderNotice(timer.id, timer.user, at, timer.subject, timer.due)


class Reminders:
    """The reminders in a store, decided by a decision version and a version of the time zone data."""

    def __init__(self, store: Store, version: str, tzdata: str) -> None:
        self._store, self._tzdata = store, tzdata
        self._is_old = version in BEFORE_6
        self._waits = version not in BEFORE_8
        self._rules: Rules = reminders_in_6 if version in BEFORE_7 else reminders

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
            after = self._rules.react(held, event, self._basis(event.user))
        else:
            return ()
        return self._kept(event.user, event.task.id, held, *after)

    def decide(self, notice: Notice) -> Iterable[Any]:
        """Fold a notice: decide the reminder whose timer has fired, or plan the next tasks again."""
        if isinstance(notice, r.ReplanNotice):
            chunk = self._again.next(notice)
            return [record for user, task in chunk for record in self._planned_again(user, task, notice.at)]
        if isinstance(notice, r.DigestNotice):
            return self._decide_digest(notice)
        held = self._held(notice.user, notice.task)
        after: reminders.After
        if self._is_old:
            after = reminders_before_6.fire(held, notice)
        else:
            after = self._rules.fire(held, notice, self._basis(notice.user), waits=self._waits)
        return self._kept(notice.user, notice.task, held, *after)

    def renew(self, at: int) -> None:
        """Begin to plan the tasks of all users again, if the time zone data has changed."""
        if not self._is_old:
            self._again.renew(at)

    def due_at_once(self, at: int) -> r.Timer | None:
        """Return a timer to fire now, so that changed time zone data is noticed."""
        return self._again.due_at_once(at)

    @cached_property
    def _again(self) -> Replannings:
        return Replannings(self._store, self._tzdata, partial(self._store.planned.names, _EVERYONE), CHUNK)

    def _set(self, event: r.SettingsUpdated) -> None:
        """Store a user's settings, and begin to plan their tasks again if plans depend on what has changed."""
        if self._is_old:
            return
        self._store.settings[event.user] = event.settings
        if self._rules.PLANNED_BY & {*event.changed}:
            self._again.begin(event.user, event.at)
        before = self._store.digests.get(event.user)
        if _DIGEST_BY & {*event.changed} and (before or event.settings.digest_time):
            after = digests.planned(before or r.DigestPlan(""), event.command, event.at, self._basis(event.user))
            self._keep_digest(event.user, before, after)

    def _decide_digest(self, notice: r.DigestNotice) -> Iterable[Any]:
        """Decide the digest whose timer has fired, and plan the next one."""
        before = self._store.digests.get(notice.user)
        after, record = digests.fire(before, notice, self._basis(notice.user))
        self._keep_digest(notice.user, before, after)
        return () if record is None else (record,)

    def _keep_digest(self, user: str, before: r.DigestPlan | None, after: r.DigestPlan | None) -> None:
        """Store a user's next digest, and set its timer."""
        if after is None or after == before:
            return
        was, now = (digests.timer(user, plan, f"{DIGEST}:{user}") for plan in (before, after))
        if was and was != now:
            self._store.timers.remove(was)
        if now and was != now:
            self._store.timers.set(now)
        self._store.digests[user] = after
        self._index(f"{user}:{DIGEST}", was is not None, now is not None)

    def _planned_again(self, user: str, task: str, at: int) -> Iterable[Any]:
        if task == DIGEST and (plan := self._store.digests.get(user)):
            self._keep_digest(user, plan, digests.renewed(plan, self._basis(user)))
        held = self._held(user, task)
        if held is None:
            return ()
        return self._kept(user, task, held, *self._rules.again(held, user, at, self._basis(user)))

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
            self._index(f"{user}:{task}", self._rules.depends(before), self._rules.depends(after))
        return output

    def _index(self, name: str, was: bool, now: bool) -> None:
        if now and not was:
            self._store.planned.add(_EVERYONE, name)
        elif was and not now:
            self._store.planned.remove(_EVERYONE, name)


def _timers(user: str, task: str, held: Held | None) -> dict[tuple[str, int], r.Timer]:
    """Return the timers of a task's reminders, by id and instant."""
    standing = held.standing if held else ()
    return {(each.id, each.due): r.Timer(each.id, user, task, each.due) for each in standing}
