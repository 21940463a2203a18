"""Series from decision version 6 on: which of its occurrences is the current one, and what that leads to.

A live series has exactly one open occurrence, the current one; one that opens each by the calendar may have earlier
ones that are open, too. Closing it leads to the next, once the command that is derived from the closing comes; a
command of any other closing does nothing. A series that has ended is live again as soon as its last occurrence is
reopened or restored.

An earlier occurrence that is reopened or restored takes the place of the one after it, if that is open and was not
changed: it is deleted, and comes again under its id when the earlier one is closed again. In every other case the
earlier one becomes a task of its own, without a rule; it keeps its place in the history of its series.
"""

from enum import Enum, auto
from typing import Any, NamedTuple

from msgspec.structs import replace

from domain import composition, containers, reminder_times, subtasks, templates, times
from domain.decision import BEFORE_7, BEFORE_8
from domain.entity import State, differing
from domain.invalid import Ended, Invalid
from domain.recurrence import advance, calendar, keys, overrides, succession
from schemas import ids
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


class Place(Enum):
    """The place of a task in its series, if it were open."""

    CURRENT = auto()  # also of a task without a series
    BACK = auto()  # it would replace the open occurrence after it
    OWN = auto()  # it would be a task of its own


def place(state: State, task: r.Task) -> tuple[Place, r.Task | None]:
    """Return the place of a task that was closed or deleted, and for ``BACK`` the occurrence that it replaces."""
    if task.recurrence is None or task.series is None:
        return Place.CURRENT, None
    latest = state.series(task.series)
    if latest is None or is_current(task, latest):
        return Place.CURRENT, None
    made = None if task.closing is r.Closing.MISSED else _made_after(state, task, latest)
    is_untouched = made is not None and made.status is r.Status.OPEN and made.recurrence is not None
    if made and is_untouched and _is_as_made(state, made, task) and subtasks.are_as_made(state, task, made):
        return Place.BACK, made
    return Place.OWN, None


def is_current(task: r.Task, latest: r.Series | None) -> bool:
    """Return whether a task is the current occurrence of its series, or in no series."""
    if task.recurrence is None:
        return True
    if latest is None or latest.task is None:
        return composition.is_at(latest, task.occurrence, task.recurrence.version)
    return latest.task == task.id


def opened(state: State, before: r.Task, after: r.Task) -> tuple[r.Task, r.Task | None]:
    """Return a reopened or restored task, and the occurrence that it replaces."""
    if after.status is not r.Status.OPEN:
        return after, None
    found, made = place(state, before)
    return (replace(after, recurrence=None) if found is Place.OWN else after), made


class Made(NamedTuple):
    """The next occurrence of a series."""

    plain: r.Task
    """As the series has it."""
    task: r.Task
    """With what was changed of it before it came."""
    why: str | None = None
    """Why that was not changed."""


def continued(state: State, command: r.CreateOccurrence) -> Made | None:
    """Return the next occurrence; None unless the command is derived from what closed the current one.

    Raises ``Ended``.
    """
    previous, latest = state.task(command.previous), state.series(command.series)
    if previous is None and latest and state.version not in BEFORE_7 and _is_closed_by(latest, command):
        raise Ended("previous", "The occurrence that it follows was purged meanwhile; the series ends.")
    if previous is None or previous.recurrence is None or latest is None:
        return None
    is_due = _led_to(state, command, previous, latest)
    return composed(state, latest.template or previous, command) if is_due else None


def composed(state: State, like: r.Task, command: r.CreateOccurrence) -> Made | None:
    """Return an occurrence that is like an earlier one of its series; None if it was closed before it came.

    Raises ``Ended``.
    """
    assert like.recurrence is not None
    if overrides.of(like.recurrence, command.occurrence).closing:
        return None
    there = state.task(command.task)
    made = _made(state, like, command)
    if there and not (there.status is r.Status.DELETED and there.recurrence):  # a task of its own has the id
        name = ids.derive("occurrence", command.task, command.id)
        made = Made(replace(made.plain, id=name), replace(made.task, id=name), made.why)
    return made


def _made(state: State, like: r.Task, command: r.CreateOccurrence) -> Made:
    """Return an occurrence that is like an earlier one, with the changes that the series has come to since."""
    rule = like.recurrence
    assert rule is not None
    why = None
    for each in overrides.followed(rule, command.occurrence):
        slot = replace(command, occurrence=each.slot, due=keys.slot_due(rule, each.slot))
        at_slot = replace(_next(state, like, slot), recurrence=rule)
        try:
            like = composition.overridden(at_slot, each)
        except Invalid as problem:
            why = _no_longer(problem)
    plain = _next(state, like, command)
    try:
        own = composition.overridden(plain, overrides.of(rule, command.occurrence))
    except Invalid as problem:
        return Made(plain, plain, _no_longer(problem))
    return Made(plain, containers.kept(state, own), why)


def _no_longer(problem: Invalid) -> str:
    return f"What was changed of it before no longer fits: {problem.detail}"


def followed(latest: r.Series | None, event: Event, before: r.Task | None, version: str) -> r.Series | None:
    """Return the current occurrence of the series of an event's task after the event; ``before`` is the task before.

    ``version`` is the decision version.
    """
    task = event.task
    if task.recurrence is None or task.occurrence is None:
        return latest
    if isinstance(event, r.TaskPurged):
        return replace(latest, template=None, earlier=()) if latest and latest.task == task.id else latest
    known = latest if latest and is_current(task, latest) else None
    if latest and task.id in latest.others and task.status is r.Status.OPEN:
        return latest
    if task.status is r.Status.OPEN:
        current = _current(task, event, known, latest, before, version=version)
        return replace(current, replaced=()) if version in BEFORE_7 else current
    if known is None or before is None:
        return _without(latest, task.id)
    closed = event.id if before.status is r.Status.OPEN else known.closed
    template = templates.after(known, event, before)
    own = templates.own(known, template, task, version)
    return replace(known, task=task.id, closed=closed, template=template, own=own)


def is_passed(state: State, task: r.Task, command: r.MissTask) -> bool:
    """Return whether the calendar has passed an open task: it is current, and the next occurrence has come by now.

    The rule, its dates, what is decided ahead and the zone may all have changed since the command was derived. Decision
    version 6 compares only the rule's version.
    """
    rule = task.recurrence
    if rule is None or rule.repeats is not r.Repeats.CALENDAR or rule.missed is r.Missed.EACH:
        return False
    is_same = rule.version == command.rule_version and is_current(task, state.series(task.series or task.id))
    return is_same and (state.version in BEFORE_7 or _has_come(state, task, command.at))


def _has_come(state: State, task: r.Task, at: int) -> bool:
    """Return whether the occurrence after this one of a series by the calendar has come at an instant."""
    assert task.recurrence is not None
    comes = calendar.comes(task.recurrence, task.occurrence or "", zone_of(state, task))
    return comes is not None and comes <= at


def oldest_of_most(state: State, series: str) -> r.Task | None:
    """Return the oldest open occurrence of a series to which one is added, if it has as many as may be open."""
    latest = state.series(series)
    if latest is None or len(latest.others) + 1 < advance.MOST_OPEN:
        return None
    return state.task(latest.others[0])


def zone_of(state: State, task: r.Task) -> str | None:
    """Return the user's zone, in which the days of an occurrence pass; None for UTC, or for the zone of its series."""
    return None if task.recurrence is None or task.recurrence.start.zone else state.settings().zone


def _current(
    task: r.Task, event: Event, known: r.Series | None, latest: r.Series | None, before: r.Task | None, *, version: str
) -> r.Series:
    """Return the series whose current occurrence is this open task."""
    assert task.recurrence is not None
    assert task.occurrence is not None
    at = r.Series(task.occurrence, task.recurrence.version, task=task.id)
    if latest:
        at = replace(at, first=latest.first, others=latest.others, own=latest.own, replaced=latest.replaced)
    if isinstance(event, r.TaskCreated) and event.cause and latest:
        others = latest.others if latest.closed or latest.task is None else (*latest.others, latest.task)
        return replace(at, previous=latest.task, earlier=_earlier(latest), others=others)
    if known and version not in BEFORE_8 and templates.is_given_back(event, before):
        return replace(at, **_past(known), template=templates.resumed(event))
    if before is None or before.recurrence is None:  # a series begins
        return replace(at, first=None, others=(), template=templates.resumed(event))
    if known is None:  # it replaces the one after it
        at, earlier = replace(at, template=templates.earlier(latest, task)), latest.earlier if latest else ()
        return replace(at, previous=earlier[-1], earlier=earlier[:-1]) if earlier else at
    first = _first(known, before.recurrence, task.recurrence, task.occurrence)
    template = templates.after(known, event, before)
    replaced = templates.replaced(known, event, before, template, version)
    return replace(at, **_past(known), template=template, first=first, replaced=replaced)


def _past(known: r.Series) -> dict[str, Any]:
    return {"previous": known.previous, "earlier": known.earlier, "undone": known.undone}


def _earlier(latest: r.Series) -> tuple[str, ...]:
    """Return the tasks before the one that the next occurrence follows."""
    return (*latest.earlier, latest.previous)[-_EARLIER:] if latest.previous else ()


def _without(latest: r.Series | None, task: str) -> r.Series | None:
    """Return a series after another occurrence than the current one was closed."""
    if latest is None or task not in latest.others:
        return latest
    return replace(latest, others=tuple(other for other in latest.others if other != task))


def _first(known: r.Series, before: r.Recurrence, after: r.Recurrence, occurrence: str) -> r.Due | None:
    """Return the due of a series' first occurrence after its rule was changed."""
    if before.start == after.start:
        return known.first
    return (known.first or before.start) if times.key(after.start) == occurrence else None


def _led_to(state: State, command: r.CreateOccurrence, previous: r.Task, latest: r.Series) -> bool:
    """Return whether a command is derived from what closed the current occurrence, or opens the next one beside it."""
    if command.beside:
        return _opens_beside(state, command, previous, latest)
    if latest.task is not None:
        return _is_closed_by(latest, command)
    is_at = composition.is_at(latest, command.after, command.rule_version)  # closed by an earlier version
    return is_at and command.cause not in latest.undone and previous.status is not r.Status.OPEN


def _opens_beside(state: State, command: r.CreateOccurrence, previous: r.Task, latest: r.Series) -> bool:
    """Return whether a command opens the occurrence that has come since the current one, which is open."""
    is_open = (latest.task, latest.closed) == (command.previous, None) and previous.status is r.Status.OPEN
    if not is_open or latest.rule_version != command.rule_version:
        return False
    if state.version in BEFORE_7:
        return True
    assert previous.recurrence is not None
    zone = zone_of(state, previous)
    found = advance.by_calendar(previous.recurrence, previous.occurrence or "", command.at, zone)
    return found is not None and found.due == command.due and _has_come(state, previous, command.at)


def _is_closed_by(latest: r.Series, command: r.CreateOccurrence) -> bool:
    """Return whether a command is derived from what closed the current occurrence of a series."""
    return (latest.task, latest.closed) == (command.previous, command.cause)


def _next(state: State, like: r.Task, command: r.CreateOccurrence) -> r.Task:
    made = composition.continued(like, command)
    if any(each.at is not None for each in like.reminders):
        zone = state.settings().zone
        carried = reminder_times.carried_by_days if state.version in BEFORE_7 else reminder_times.carried
        made = replace(made, reminders=carried(like.reminders, like.due, command.due, zone))
    return containers.kept(state, made)


def _made_after(state: State, task: r.Task, latest: r.Series) -> r.Task | None:
    """Return the current occurrence, if the closing of this task led to it."""
    if latest.task is not None:
        return state.task(latest.task) if latest.previous == task.id else None
    done = r.TaskCompleted("", task.user, task.completed_at or 0, actor="", command="", task=task)
    if task.completed_at is None or (following := succession.following(done)) is None:
        return None
    made = state.task(following.task)
    return made if made and is_current(made, latest) else None


def _is_as_made(state: State, made: r.Task, previous: r.Task) -> bool:
    """Return whether an occurrence was never changed, or equals one that would be created now."""
    if made.version == 1:
        return True
    assert made.recurrence is not None
    assert made.occurrence is not None
    due = keys.slot_due(made.recurrence, made.occurrence)
    command = r.CreateOccurrence(
        "", made.user, made.created_at, "", made.id, made.series or "", previous.id, "", made.occurrence, due, 0
    )
    previous = templates.earlier(state.series(made.series or ""), previous) or previous
    if previous.recurrence and previous.occurrence:  # its own due may have been moved
        previous = replace(previous, due=keys.slot_due(previous.recurrence, previous.occurrence))
    try:
        again = _made(state, previous, command).task
    except Invalid:  # it was created when the task began earlier
        return False
    return not differing(*(composition.unversioned(replace(one, created_at=0)) for one in (made, again)))
