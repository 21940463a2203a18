"""The current occurrence of a series, from decision version 6 on: the open one, or the last that was open.

An event of a task of a series leads from one to the next: ``_OPENED`` has what an open task becomes there.
"""

from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any, NamedTuple

from msgspec.structs import replace

from domain import beside, composition, first_start, templates
from domain.decision import BEFORE_7, BEFORE_8
from schemas import records as r

Event = (
    r.TaskCreated
    | r.TaskUpdated
    | r.TaskCompleted
    | r.TaskSkipped
    | r.TaskMissed
    | r.TaskReopened
    | r.TaskDeleted
    | r.TaskRestored
    | r.TaskPurged
)

_EARLIER = 20
"""The most occurrences that a series goes back, before the one that led to the current one."""


def is_current(task: r.Task, latest: r.Series | None) -> bool:
    """Return whether a task is the current occurrence of its series, or in no series."""
    if task.recurrence is None:
        return True
    if latest is None or latest.task is None:
        return composition.is_at(latest, task.occurrence, task.recurrence.version)
    return latest.task == task.id


def followed(latest: r.Series | None, event: Event, before: r.Task | None, version: str) -> r.Series | None:
    """Return the current occurrence of the series of an event's task after the event.

    ``before`` is the task before; of the next occurrence, the one that it follows. ``version`` is the decision version.
    """
    task = event.task
    if latest and _is_beside(latest, event, before, version):
        return beside.followed(latest, task)
    if task.recurrence is None or task.occurrence is None:
        return latest
    if isinstance(event, r.TaskPurged):
        return replace(latest, template=None, earlier=()) if latest and latest.task == task.id else latest
    known = latest if latest and is_current(task, latest) else None
    if task.status is r.Status.OPEN:
        fold = _Fold(event, before, latest, known, version)
        current = _OPENED[_way(fold)](fold, _at(latest, task, task.recurrence))
        return replace(current, replaced=()) if version in BEFORE_7 else current
    return _closed(known, event, before, version) if known and before else latest


def _is_beside(latest: r.Series, event: Event, before: r.Task | None, version: str) -> bool:
    """Return whether a task is, or was until now, an earlier occurrence that is open beside the current one."""
    task = event.task
    if task.id in latest.others or version in BEFORE_8:
        return task.id in latest.others
    if before is None or task.status is not r.Status.OPEN or is_current(task, latest):
        return False
    if before.recurrence is None:
        return task.id in latest.left
    return latest.task not in {None, task.id} and latest.previous != task.id and not isinstance(event, r.TaskCreated)


def _closed(known: r.Series, event: Event, before: r.Task, version: str) -> r.Series:
    task = event.task
    closed = event.id if before.status is r.Status.OPEN else known.closed
    template = templates.after(known, event, before)
    own = templates.own(known, template, task, version)
    return replace(known, task=task.id, closed=closed, template=template, own=own)


class _Fold(NamedTuple):
    """An event of an open task, the task and its series before it, and that if the task is its current occurrence."""

    event: Any
    before: r.Task | None
    latest: r.Series | None
    known: r.Series | None
    version: str


class _Way(Enum):
    """The manner in which an open task becomes, or stays, the current occurrence of its series."""

    NEXT = auto()
    BEGINS = auto()
    RESUMES = auto()  # its rule was given back
    BACK = auto()  # it replaces the one after it
    STAYS = auto()


def _way(fold: _Fold) -> _Way:
    if isinstance(fold.event, r.TaskCreated) and fold.event.cause and fold.latest:
        return _Way.NEXT
    if fold.known and fold.version not in BEFORE_8 and templates.is_given_back(fold.event, fold.before):
        return _Way.RESUMES
    if fold.before is None or fold.before.recurrence is None:
        return _Way.BEGINS
    return _Way.STAYS if fold.known else _Way.BACK


def _at(latest: r.Series | None, task: r.Task, rule: r.Recurrence) -> r.Series:
    """Return a series whose current occurrence is a task, with what it keeps of all of them."""
    at = r.Series(task.occurrence or "", rule.version, task=task.id)
    if latest is None:
        return at
    names = ("first", "others", "left", "own", "replaced")
    return replace(at, **{name: getattr(latest, name) for name in names})


def _next(fold: _Fold, at: r.Series) -> r.Series:
    latest, before = fold.latest, fold.before
    assert latest is not None
    if before and before.recurrence and fold.version not in BEFORE_8:
        at = replace(at, first=first_start.reached(at.first, before.recurrence, at.occurrence))
    if latest.closed or latest.task is None:
        return replace(at, previous=latest.task, earlier=_earlier(latest))
    at = replace(at, others=(*latest.others, latest.task))
    return replace(at, previous=latest.task, earlier=_earlier(latest)) if fold.version in BEFORE_8 else at


def _begun(fold: _Fold, at: r.Series) -> r.Series:
    return replace(at, first=None, others=(), template=templates.resumed(fold.event))


def _resumed(fold: _Fold, at: r.Series) -> r.Series:
    assert fold.known is not None
    return replace(at, **_past(fold.known), template=templates.resumed(fold.event))


def _gone_back(fold: _Fold, at: r.Series) -> r.Series:
    latest, task = fold.latest, fold.event.task
    if latest and fold.version not in BEFORE_8:
        at = replace(at, first=first_start.returned(at.first, task.recurrence, latest.occurrence))
    at = replace(at, template=templates.earlier(latest, task))
    earlier = latest.earlier if latest else ()
    return replace(at, previous=earlier[-1], earlier=earlier[:-1]) if earlier else at


def _stayed(fold: _Fold, at: r.Series) -> r.Series:
    known, before = fold.known, fold.before
    assert known is not None
    assert before is not None
    assert before.recurrence is not None
    changed = first_start.changed_before_8 if fold.version in BEFORE_8 else first_start.changed
    first, template = changed(known, before, fold.event.task), templates.after(known, fold.event, before)
    replaced = templates.replaced(known, fold.event, before, template, fold.version)
    return replace(at, **_past(known), template=template, first=first, replaced=replaced)


_OPENED: Mapping[_Way, Callable[[_Fold, r.Series], r.Series]] = {
    _Way.NEXT: _next,
    _Way.BEGINS: _begun,
    _Way.RESUMES: _resumed,
    _Way.BACK: _gone_back,
    _Way.STAYS: _stayed,
}
"""The series after an event of a task that is open, by how this is its current occurrence."""


def _past(known: r.Series) -> dict[str, Any]:
    return {"previous": known.previous, "earlier": known.earlier, "undone": known.undone}


def _earlier(latest: r.Series) -> tuple[str, ...]:
    """Return the tasks before the one that the next occurrence follows."""
    return (*latest.earlier, latest.previous)[-_EARLIER:] if latest.previous else ()
