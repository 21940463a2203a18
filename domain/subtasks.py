"""Subtasks of a series: what becomes of those of a closed occurrence when the next one is created, and is taken back.

The series says which (``Recurrence.subtasks``):

* RESET: each subtask, done or not, is created again, open, in the same tree below the next occurrence. Those that were
  open are closed as skipped, so that the closed occurrence keeps what was done and what was not.
* CARRY: each subtask in which something is open, itself or below it, moves to the next occurrence with all below it.
* STAY: nothing.

What is due, starts, or reminds, does so as many days later as the occurrences are apart. A subtask that recurs has a
series of its own: it moves, open, to the next occurrence, as it is, and what is below it is its own.

A copy's id is derived from the occurrence and from the first subtask that it goes back to (``Task.origin``), so a
repetition leads to the same copies, and each subtask has one copy below an occurrence. What is carried over has the
first occurrence that it comes from (``Task.carried_from``), so that no times decide whether its dates move back. When
an earlier occurrence takes the place of the next one again, copies are deleted, what was skipped is open again, and all
else moves back.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from msgspec.structs import replace

from domain import hierarchy, reminder_times, times
from domain.decision import BEFORE_7, BEFORE_8
from domain.entity import State, differing
from schemas import ids
from schemas import records as r

MOST = 500
"""The most subtasks, at all depths, that pass from one occurrence to the next."""


@dataclass(frozen=True)
class Change:
    """A subtask before, None if it is new, and after."""

    before: r.Task | None
    after: r.Task


class TooMany(Exception):
    """An occurrence has more subtasks than pass on."""


def below(state: State, task: str) -> list[r.Task]:
    """Return all subtasks of a task, each after its parent; of those that recur not what is below. Raises ``TooMany``.

    Deleted ones are left out, with what is below them: those are no subtasks any more.
    """
    found: dict[str, r.Task] = {}
    parents = deque([task])
    while parents:
        for name in state.subtasks(parents.popleft(), MOST + 1):
            if (one := state.task(name)) and name not in found:
                found[name] = one
                if one.recurrence is None:
                    parents.append(name)
        if len(found) > MOST:
            raise TooMany
    return [*found.values()]


def passed_on(state: State, closed: r.Task, following: r.Task) -> tuple[list[Change], str | None]:
    """Return what becomes of the subtasks of a closed occurrence as the following one is created.

    If there are too many, they stay, and a sentence says so. One that is not closed, as the following one opens beside
    it, keeps its own.
    """
    keeps = closed.status is r.Status.OPEN
    try:
        match mode_of(following):
            case r.Subtasks.RESET:
                changes = _reset(state, closed, following)
                return [each for each in changes if not keeps or _is_new(each)], None
            case r.Subtasks.CARRY if not keeps:
                return [*_carried(state, closed, following)], None
    except TooMany:
        return [], f"It has more than {MOST} subtasks; they stay, as at most {MOST} pass on to the next occurrence."
    return [], None


def _is_new(change: Change) -> bool:
    return change.before is None or change.before.status is r.Status.DELETED


def mode_of(occurrence: r.Task) -> r.Subtasks:
    """Return what becomes of the subtasks in the series of an occurrence."""
    return occurrence.recurrence.subtasks if occurrence.recurrence else r.Subtasks.STAY


def taken_back(state: State, reopened: r.Task, following: r.Task) -> Iterator[Change]:
    """Yield what becomes of the subtasks as an occurrence takes the place of the following one. Raises ``TooMany``."""
    originals, below_following = below(state, reopened.id), below(state, following.id)
    for one in originals:
        if _was_skipped(one, following):
            yield Change(one, replace(one, status=r.Status.OPEN, completed_at=None, closing=r.Closing.DONE))
    home = {copy_id(following, one): one.id for one in reversed(originals)}
    gone = {following.id, *(one.id for one in below_following if is_copy(one, following))}
    for one in below_following:
        if one.id == reopened.id:  # it was put below the one that it replaces
            continue
        if one.id in gone:
            yield Change(one, replace(one, status=r.Status.DELETED))
            continue
        back = _carried_back(state, one, reopened, following)
        if one.parent in gone and not hierarchy.is_below(state, reopened, one.id):
            back = replace(back, parent=home.get(one.parent, reopened.id))
        if back != one:
            yield Change(one, back)


def are_as_made(state: State, closed: r.Task, following: r.Task) -> bool:
    """Return whether no copy below the following occurrence was changed, so that all can be taken back."""
    try:
        again = {change.after.id: change.after for change in _reset(state, closed, following, known=False)}
        copies = [one for one in below(state, following.id) if is_copy(one, following)]
    except TooMany:
        return False
    return all(one.version == 1 or (one.id in again and not differing(again[one.id], one)) for one in copies)


def copy_id(occurrence: r.Task, subtask: r.Task) -> str:
    """Return the id of a subtask's copy below an occurrence."""
    return ids.subtask(occurrence.id, subtask.origin or subtask.id)


def is_copy(subtask: r.Task, occurrence: r.Task) -> bool:
    """Return whether a subtask was created with an occurrence."""
    return subtask.origin is not None and subtask.id == ids.subtask(occurrence.id, subtask.origin)


def _reset(state: State, closed: r.Task, following: r.Task, *, known: bool = True) -> Iterator[Change]:
    """Yield copies, unless they are there, and the ends of what they are copied from; ``known=False`` yields all."""
    parents, days = {closed.id: following.id}, _days(closed, following)
    for one in below(state, closed.id):
        parent = parents[one.parent or ""]
        if one.recurrence:
            if one.status is r.Status.OPEN:
                yield Change(one, replace(one, parent=parent))
            continue
        is_first = (name := copy_id(following, one)) not in parents.values()
        parents[one.id] = name
        before = state.task(name) if known else None
        if is_first and (before is None or before.status is r.Status.DELETED):
            yield Change(before, _copy(_moved(state, one, days), name, parent, following.created_at))
        if one.status is r.Status.OPEN:
            yield Change(one, _skipped(one, following.created_at))


def _carried(state: State, closed: r.Task, following: r.Task) -> Iterator[Change]:
    going, days = set[str](), _days(closed, following)
    subtasks = below(state, closed.id)
    open_within = _open_within(subtasks)
    for one in subtasks:
        if one.parent == closed.id:
            if one.id not in open_within:
                continue
            after = replace(one, parent=following.id)
        elif one.parent in going:
            after = one
        else:
            continue
        going.add(one.id)
        if state.version not in BEFORE_8 or one.status is r.Status.OPEN:
            after = _carried_over(state, after, closed, days)
        if after != one:
            yield Change(one, after)


def _carried_over(state: State, one: r.Task, closed: r.Task, days: int) -> r.Task:
    """Return a subtask whose dates are moved by days as it is carried over, and which knows since when they are."""
    after = _moved(state, one, days)
    if after == one or state.version in BEFORE_8:
        return after
    return replace(after, carried_from=one.carried_from if _is_carried(state, one, closed) else closed.id)


def _carried_back(state: State, one: r.Task, reopened: r.Task, following: r.Task) -> r.Task:
    """Return a subtask whose dates are moved back by as much as they were moved when it was carried over."""
    if state.version in BEFORE_8:
        carries = mode_of(following) is r.Subtasks.CARRY and _was_carried(state, one, following)
        return _moved(state, one, _days(following, reopened)) if carries else one
    if not _is_carried(state, one, following):
        return one
    since = None if one.carried_from == reopened.id else one.carried_from
    return replace(_moved(state, one, _days(following, reopened)), carried_from=since)


def _is_carried(state: State, one: r.Task, occurrence: r.Task) -> bool:
    """Return whether a subtask has dates that were moved as it was carried over within the series of an occurrence."""
    first = state.task(one.carried_from) if one.carried_from else None
    return first is not None and first.series == occurrence.series


def _open_within(subtasks: list[r.Task]) -> set[str]:
    """Return the subtasks that are open, or have one below that is."""
    found = set[str]()
    for one in reversed(subtasks):
        if one.parent and (one.status is r.Status.OPEN or one.id in found):
            found |= {one.id, one.parent}
    return found


def _copy(one: r.Task, name: str, parent: str, at: int) -> r.Task:
    """Return a subtask as it is created again."""
    return replace(
        one,
        id=name,
        created_at=at,
        changed_at=at,
        status=r.Status.OPEN,
        completed_at=None,
        closing=r.Closing.DONE,
        snoozed=None,
        series=None,
        occurrence=None,
        parent=parent,
        origin=one.origin or one.id,
        version=1,
        carried_from=None,
    )


def _skipped(one: r.Task, at: int) -> r.Task:
    return replace(one, status=r.Status.COMPLETED, completed_at=at, closing=r.Closing.SKIPPED)


def _was_skipped(one: r.Task, following: r.Task) -> bool:
    """Return whether a subtask was closed as the following occurrence was created."""
    return one == _skipped(one, following.created_at) and one.recurrence is None


def _was_carried(state: State, one: r.Task, following: r.Task) -> bool:
    """Return whether a subtask was there, and open, as the following occurrence was created, by their times.

    Nobody knows an occurrence in the millisecond of its creation, so what is as old was there; decision version 6 takes
    it for a new one. Clocks that were set back between the two mislead it.
    """
    is_older = one.created_at < following.created_at + (state.version not in BEFORE_7)
    return is_older and (one.completed_at is None or one.completed_at >= following.created_at)


def _moved(state: State, one: r.Task, days: int) -> r.Task:
    """Return a subtask that is due, starts and reminds days later, unless it recurs or the calendar ends."""
    if one.recurrence or not days:
        return one
    try:
        due, start = (value and times.moved(value, days) for value in (one.due, one.start))
    except OverflowError:
        return one
    return replace(one, due=due, start=start, reminders=_reminders(state, one, days))


def _reminders(state: State, one: r.Task, days: int) -> tuple[r.Reminder, ...]:
    """Return reminders of which those at an instant are moved by days, in the due's zone, or the user's."""
    if all(each.at is None for each in one.reminders):
        return one.reminders
    zone = (one.due and one.due.zone) or state.settings().zone
    return reminder_times.later(one.reminders, days, zone)


def _days(one: r.Task, other: r.Task) -> int:
    """Return the days between two occurrences, as they were planned: either may be due otherwise."""
    first, second = (date.fromisoformat((each.occurrence or "")[:10]) for each in (one, other))
    return (second - first).days
