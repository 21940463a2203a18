"""Series from decision version 6 on: which of its occurrences is the current one, and what that leads to.

A live series has exactly one open occurrence, the current one; one that opens each by the calendar may have earlier
ones that are open beside it. Closing it leads to the next, once the command that is derived from the closing comes; a
command of any other closing does nothing. A series that has ended is live again as soon as its last occurrence is
reopened or restored.

An earlier occurrence that is reopened or restored takes the place of the one after it, if its closing led to that, and
it is open and was not changed: it is deleted, and comes again under its id when the earlier one is closed again. An
earlier one of a series that opens each is open beside the current one again. In every other case the earlier one
becomes a task of its own, without a rule; it keeps its place in the history of its series.
"""

from enum import Enum, auto
from typing import NamedTuple

from msgspec.structs import replace

from domain import beside, composition, containers, reminder_times, subtasks, templates
from domain.current import is_current
from domain.decision import BEFORE_7
from domain.entity import State, differing
from domain.invalid import Ended, Invalid
from domain.recurrence import advance, calendar, keys, overrides, succession
from schemas import ids
from schemas import records as r


class Place(Enum):
    """The place of a task in its series, if it were open."""

    CURRENT = auto()  # also of a task without a series
    BACK = auto()  # it would replace the open occurrence after it
    BESIDE = auto()  # it would be open beside the current one
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
    return (Place.BESIDE if beside.may_open(state, task, latest) else Place.OWN), None


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


def zone_of(state: State, task: r.Task) -> str | None:
    """Return the user's zone, in which the days of an occurrence pass; None for UTC, or for the zone of its series."""
    return None if task.recurrence is None or task.recurrence.start.zone else state.settings().zone


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
