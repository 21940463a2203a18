"""Tasks: decisions on their commands, by the task's current state.

A task is absent, open, completed or deleted; a deleted one can be restored unchanged. ``TABLE`` is the whole state
machine: the transition for every command and state. ``decide`` looks the transition up, applies it, and returns the
events (none or one) with the command's outcome (always exactly one). It is pure: time is the command's, ids are derived
from the command's, so that deciding again gives the same bytes.

Series. A recurring task belongs to a series, named by its first task's id. The state keeps for each series, for ever,
the latest occurrence created and its rule version. ``CreateOccurrence`` acts only on exactly that occurrence, so a
series advances once per occurrence, even if one is completed twice, reopened or delivered late. Changing the rule, or
the due of the open latest occurrence, starts a new version of the rule, counted from that due; commands derived under
older versions do nothing. Changes between completion and ``CreateOccurrence`` don't matter: had the derived command
been faster, the next occurrence would exist as well.
"""

from collections.abc import Mapping
from enum import StrEnum, auto
from typing import Any, get_args

from msgspec.structs import replace

from domain import composition, decision, hierarchy, lists
from domain.decision import About, Decision
from domain.entity import EntityType, State, differing
from domain.invalid import Invalid
from domain.rejections import Code
from schemas import records as r

Asked = r.CreateTask | r.UpdateTask | r.CompleteTask | r.ReopenTask | r.DeleteTask | r.RestoreTask
Command = Asked | r.CreateOccurrence
Event = r.TaskCreated | r.TaskUpdated | r.TaskCompleted | r.TaskReopened | r.TaskDeleted | r.TaskRestored | r.TaskPurged


class Transition(StrEnum):
    """The effect of a command on a task in some state."""

    CREATE = auto()
    CONTINUE = auto()  # the series: create its next occurrence, if the command is still current
    UPDATE = auto()  # the fields that differ, if any
    COMPLETE = auto()
    REOPEN = auto()
    DELETE = auto()
    RESTORE = auto()
    NOTHING = auto()  # nothing to do
    NOT_FOUND = auto()
    GONE = auto()  # deleted


_A, _ABSENT = Transition, None
_OPEN, _COMPLETED, _DELETED = r.Status.OPEN, r.Status.COMPLETED, r.Status.DELETED

# fmt: off
TABLE: Mapping[type[Command], Mapping[r.Status | None, Transition]] = {
    r.CreateTask:       {_ABSENT: _A.CREATE,    _OPEN: _A.NOTHING,  _COMPLETED: _A.NOTHING, _DELETED: _A.NOTHING},
    r.CreateOccurrence: {_ABSENT: _A.CONTINUE,  _OPEN: _A.NOTHING,  _COMPLETED: _A.NOTHING, _DELETED: _A.CONTINUE},
    r.UpdateTask:       {_ABSENT: _A.NOT_FOUND, _OPEN: _A.UPDATE,   _COMPLETED: _A.UPDATE,  _DELETED: _A.GONE},
    r.CompleteTask:     {_ABSENT: _A.NOT_FOUND, _OPEN: _A.COMPLETE, _COMPLETED: _A.NOTHING, _DELETED: _A.GONE},
    r.ReopenTask:       {_ABSENT: _A.NOT_FOUND, _OPEN: _A.NOTHING,  _COMPLETED: _A.REOPEN,  _DELETED: _A.GONE},
    r.DeleteTask:       {_ABSENT: _A.NOT_FOUND, _OPEN: _A.DELETE,   _COMPLETED: _A.DELETE,  _DELETED: _A.NOTHING},
    r.RestoreTask:      {_ABSENT: _A.NOT_FOUND, _OPEN: _A.NOTHING,  _COMPLETED: _A.NOTHING, _DELETED: _A.RESTORE},
}
# fmt: on
"""The transition of every command on a task in every state; None is absent."""


def decide(state: State, command: Command) -> Decision[Event]:
    """Return the events of a command, and its outcome."""
    task = state.task(command.task)
    if isinstance(command, r.CreateOccurrence) and command.ends is not None:
        return _rejected(command, task, Code.ENDED, command.ends, "due")
    answer = TABLE[type(command)][task.status if task else None]
    if refusal := _refusal(task, command, answer):
        return _rejected(command, task, *refusal)
    try:
        after = _applied(state, answer, task, command)
    except Invalid as problem:
        return _rejected(command, task, problem.code, problem.detail, problem.field)
    if after is None or after == task:
        return _nothing(command, task)
    return _accepted(command, answer, task, after)


def decide_by_version_4(state: State, command: r.CreateOccurrence) -> Decision[Event]:
    """Decide a next occurrence that begins after the year 9999 by decision version 4: it is created if a date exists.

    Raises OverflowError if no date can represent its start.
    """
    task = state.task(command.task)
    if TABLE[r.CreateOccurrence][task.status if task else None] is Transition.NOTHING:
        return _nothing(command, task)
    after = _continued(state, command, bounded=False)
    return _accepted(command, Transition.CONTINUE, task, after) if after else _nothing(command, task)


TASK = EntityType(
    word="task",
    plural="tasks",
    record=r.Task,
    commands=get_args(Command),
    events=get_args(Event),
    decide=decide,
    create=r.CreateTask,
    update=r.UpdateTask,
    delete=r.DeleteTask,
    restore=r.RestoreTask,
    purged=r.TaskPurged,
    is_deleted=lambda task: task.status is r.Status.DELETED,
)


_EVENTS: Mapping[Transition, type[Event]] = {
    Transition.CREATE: r.TaskCreated,
    Transition.CONTINUE: r.TaskCreated,
    Transition.UPDATE: r.TaskUpdated,
    Transition.COMPLETE: r.TaskCompleted,
    Transition.REOPEN: r.TaskReopened,
    Transition.DELETE: r.TaskDeleted,
    Transition.RESTORE: r.TaskRestored,
}
"""The event of each transition."""


def latest_after(latest: r.Series | None, event: Event) -> r.Series | None:
    """Return the latest occurrence of the series of an event's task after the event."""
    task = event.task
    if task.recurrence is None or task.occurrence is None:
        return latest
    moved = r.Series(task.occurrence, task.recurrence.version)
    match event:
        case r.TaskCreated():
            return moved
        case r.TaskUpdated(changed=changed) if "recurrence" in changed:
            return moved
        case r.TaskReopened(undone=str(completion)):
            is_same = composition.is_at(latest, moved.occurrence, moved.rule_version)
            before = latest.undone if latest and is_same else ()
            return replace(moved, undone=(*before, completion))
        case r.TaskRestored() if (
            latest and latest.rule_version == moved.rule_version and latest.occurrence < moved.occurrence
        ):
            return moved  # its deletion had moved it back
    return latest


def _refusal(task: r.Task | None, command: Command, answer: Transition) -> tuple[Code, str] | None:
    """Return code and detail if a command is rejected regardless of its fields."""
    if task is None:
        return (Code.NOT_FOUND, "There is no such task.") if answer is Transition.NOT_FOUND else None
    if answer is Transition.GONE:
        return Code.DELETED, "The task was deleted."
    if not isinstance(command, r.CreateTask | r.CreateOccurrence) and command.expected not in (None, task.version):
        return Code.VERSION, f"The task has changed: its version is {task.version} by now."
    return None


def _applied(state: State, answer: Transition, task: r.Task | None, command: Command) -> r.Task | None:
    """Return the task after the transition, unchanged or None if there is nothing to do."""
    match answer, task, command:
        case Transition.CREATE, None, r.CreateTask() as create:
            latest = state.series(create.task) if create.fields.rrule else None  # most are in no series: no look-up
            created = composition.created(create, latest)
            hierarchy.check(state, created)
            after: r.Task | None = lists.placed(state, created)
        case Transition.CONTINUE, _, r.CreateOccurrence() as create:
            after = _continued(state, create)
        case Transition.UPDATE, r.Task() as before, r.UpdateTask() as update:
            after = composition.updated(before, update, state.series(before.series or before.id))
            if after.parent != before.parent:
                hierarchy.check(state, after)
            if after.list != before.list:
                lists.check(state, after)
        case Transition.COMPLETE, r.Task() as before, _:
            after = replace(before, status=r.Status.COMPLETED, completed_at=command.at)
        case Transition.REOPEN, r.Task() as before, _:
            after = replace(before, status=r.Status.OPEN, completed_at=None)
        case Transition.DELETE, r.Task() as before, _:
            after = replace(before, status=r.Status.DELETED)
        case Transition.RESTORE, r.Task() as before, _:
            status = r.Status.OPEN if before.completed_at is None else r.Status.COMPLETED
            after = hierarchy.kept(state, lists.kept(state, replace(before, status=status)))
        case _:
            after = task
    return after


def _continued(state: State, command: r.CreateOccurrence, *, bounded: bool = True) -> r.Task | None:
    """Return the next occurrence, None if the series has advanced or changed its rule since. Raises ``Ended``."""
    previous, latest = state.task(command.previous), state.series(command.series)
    if previous is None or previous.recurrence is None:  # cleared: the series stopped
        return None
    if not composition.is_at(latest, command.after, command.rule_version):
        return None
    if latest and command.cause in latest.undone:
        return None
    return hierarchy.kept(state, lists.kept(state, composition.continued(previous, command, bounded=bounded)))


def _event(command: Command, answer: Transition, before: r.Task | None, after: r.Task) -> Event:
    more: dict[str, Any] = {"changed": differing(before, after)} if before and answer is Transition.UPDATE else {}
    event: Event = TASK.event(_EVENTS[answer], command, after, **more)
    return event


def _accepted(command: Command, answer: Transition, before: r.Task | None, after: r.Task) -> Decision[Event]:
    after = replace(after, changed_at=command.at, version=before.version + 1 if before else 1)
    return decision.accepted(command, _about(command, after), _event(command, answer, before, after))


def _nothing(command: Command, task: r.Task | None) -> Decision[Event]:
    return decision.nothing(command, _about(command, task))


def _rejected(
    command: Command, task: r.Task | None, code: Code, detail: str, field: str | None = None
) -> Decision[Event]:
    return decision.rejected(command, _about(command, task), code, detail, field)


def _about(command: Command, task: r.Task | None) -> About:
    return About(task=command.task, version=task.version if task else None)
