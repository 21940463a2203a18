"""Tasks: decisions on their commands, by the task's current state.

A task is absent, open, completed or deleted; a deleted one can be restored unchanged. ``TABLE`` is the whole state
machine: the transition for every command and state. ``decide`` looks the transition up, applies it, and returns the
events (none or one) with the command's outcome (always exactly one). It is pure: time is the command's, ids are derived
from the command's, so that deciding again gives the same bytes.

A recurring task belongs to a series, named by its first task's id. ``series`` decides which of its occurrences is the
current one, ``scheduling`` when it recurs.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum, auto
from typing import Any, NamedTuple, get_args

from msgspec.structs import replace

from domain import (
    ahead,
    before_6,
    beside,
    containers,
    current,
    decision,
    hierarchy,
    lists,
    scheduling,
    series,
    snoozing,
    subtasks,
)
from domain.decision import BEFORE_6, BEFORE_7, BEFORE_8, About, Decision
from domain.entity import BOOKKEEPING, EntityType, State, differing
from domain.invalid import Conflict, Invalid
from domain.rejections import Code
from schemas import records as r

Asked = (
    r.CreateTask
    | r.UpdateTask
    | r.CompleteTask
    | r.SkipTask
    | r.SnoozeTask
    | r.ReopenTask
    | r.DeleteTask
    | r.RestoreTask
)
Command = Asked | r.CreateOccurrence | r.MissTask
Event = current.Event


class Transition(StrEnum):
    """The effect of a command on a task in some state."""

    CREATE = auto()
    CONTINUE = auto()  # the series: create its next occurrence, if the command is still current
    UPDATE = auto()  # the fields that differ, if any
    COMPLETE = auto()
    SKIP = auto()  # close without completing
    MISS = auto()  # close an occurrence that the calendar has passed, if the command is still current
    SNOOZE = auto()  # remind at one more instant
    REOPEN = auto()
    DELETE = auto()
    RESTORE = auto()
    NOTHING = auto()  # nothing to do
    NOT_FOUND = auto()
    GONE = auto()  # deleted
    CLOSED = auto()  # completed


_A, _ABSENT = Transition, None
_OPEN, _COMPLETED, _DELETED = r.Status.OPEN, r.Status.COMPLETED, r.Status.DELETED

# fmt: off
TABLE: Mapping[type[Command], Mapping[r.Status | None, Transition]] = {
    r.CreateTask:       {_ABSENT: _A.CREATE,    _OPEN: _A.NOTHING,  _COMPLETED: _A.NOTHING, _DELETED: _A.NOTHING},
    r.CreateOccurrence: {_ABSENT: _A.CONTINUE,  _OPEN: _A.CONTINUE, _COMPLETED: _A.CONTINUE, _DELETED: _A.CONTINUE},
    r.UpdateTask:       {_ABSENT: _A.NOT_FOUND, _OPEN: _A.UPDATE,   _COMPLETED: _A.UPDATE,  _DELETED: _A.GONE},
    r.CompleteTask:     {_ABSENT: _A.NOT_FOUND, _OPEN: _A.COMPLETE, _COMPLETED: _A.NOTHING, _DELETED: _A.GONE},
    r.SkipTask:         {_ABSENT: _A.NOT_FOUND, _OPEN: _A.SKIP,     _COMPLETED: _A.NOTHING, _DELETED: _A.GONE},
    r.SnoozeTask:       {_ABSENT: _A.NOT_FOUND, _OPEN: _A.SNOOZE,   _COMPLETED: _A.CLOSED,  _DELETED: _A.GONE},
    r.MissTask:         {_ABSENT: _A.NOTHING,   _OPEN: _A.MISS,     _COMPLETED: _A.NOTHING, _DELETED: _A.NOTHING},
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
        if task and state.version not in BEFORE_8 and ahead.is_of_all(command, task):
            steps = [*_steps(state, answer, task, ahead.of_all(state, task, command))]
        elif task and ahead.is_ahead(command, task):
            steps = [_of_change(change) for change in ahead.decided(state, task, command)]
        else:
            steps = [*_steps(state, answer, task, command)]
    except Invalid as problem:
        return _rejected(command, task, problem.code, _detail(state, problem), problem.field)
    if state.version not in BEFORE_8:
        steps = [step for step in steps if step.after != step.before]
    return _accepted(state, command, steps) if steps else _nothing(command, task)


def _detail(state: State, problem: Invalid) -> str:
    """Return an error's sentence; by decision versions before 8, a date of a rule is as a task's start, not its due."""
    is_earlier = state.version in BEFORE_8 and problem.field in {"rdates", "exdates", "occurrence"}
    return problem.detail.replace("as the due is", "as the start is") if is_earlier else problem.detail


def decide_by_version_4(state: State, command: r.CreateOccurrence) -> Decision[Event]:
    """Decide a next occurrence that begins after the year 9999 by decision version 4: it is created if a date exists.

    Raises OverflowError if no date can represent its start.
    """
    task = state.task(command.task)
    after = before_6.continued(state, command, bounded=False)
    return _accepted(state, command, [_Step(Transition.CONTINUE, task, after)]) if after else _nothing(command, task)


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
    unaudited=BOOKKEEPING | {"carried_from"},
)


_EVENTS: Mapping[Transition, type[Event]] = {
    Transition.CREATE: r.TaskCreated,
    Transition.CONTINUE: r.TaskCreated,
    Transition.UPDATE: r.TaskUpdated,
    Transition.COMPLETE: r.TaskCompleted,
    Transition.SKIP: r.TaskSkipped,
    Transition.MISS: r.TaskMissed,
    Transition.REOPEN: r.TaskReopened,
    Transition.DELETE: r.TaskDeleted,
    Transition.RESTORE: r.TaskRestored,
}
"""The event of each transition."""


def _refusal(task: r.Task | None, command: Command, answer: Transition) -> tuple[Code, str] | None:
    """Return code and detail if a command is rejected regardless of its fields."""
    if task is None:
        return (Code.NOT_FOUND, "There is no such task.") if answer is Transition.NOT_FOUND else None
    if answer is Transition.GONE:
        return Code.DELETED, "The task was deleted."
    if answer is Transition.CLOSED:
        return Code.CONFLICT, "The task is completed; only an open one is snoozed. Reopen it first."
    if not isinstance(command, r.CreateTask | r.CreateOccurrence | r.MissTask) and command.expected not in (
        None,
        task.version,
    ):
        return Code.VERSION, f"The task has changed: its version is {task.version} by now."
    return None


class _Step(NamedTuple):
    """A transition of one task."""

    transition: Transition
    before: r.Task | None
    after: r.Task
    own: tuple[str, ...] = ()
    """The changed fields that only this occurrence has."""
    why: str | None = None
    """Why subtasks did not pass on."""


def _steps(state: State, answer: Transition, task: r.Task | None, command: Command) -> Iterator[_Step]:
    """Yield the steps of a command, the first on its own task; none if there is nothing to do. Raises ``Invalid``."""
    match answer, task, command:
        case Transition.CREATE, None, r.CreateTask() as create:
            created = (before_6 if state.version in BEFORE_6 else scheduling).created(state, create)
            hierarchy.check(state, created)
            yield _Step(answer, None, lists.placed(state, created))
        case Transition.CONTINUE, _, r.CreateOccurrence() as create:
            yield from _continued(state, create)
        case Transition.UPDATE, r.Task() as before, r.UpdateTask() as update:
            yield from _updated(state, before, update)
        case Transition.COMPLETE, r.Task() as before, _:
            yield _Step(answer, before, _closed(before, command.at, r.Closing.DONE))
        case Transition.SKIP, r.Task() as before, _:
            yield _skipped(before, command.at)
        case Transition.MISS, r.Task() as before, r.MissTask() as miss:
            if series.is_passed(state, before, miss):
                yield _missed(before, command.at)
        case Transition.SNOOZE, r.Task() as before, r.SnoozeTask() as snooze:
            yield from _snoozed(state, before, snooze)
        case Transition.REOPEN, r.Task() as before, _:
            after = replace(before, status=r.Status.OPEN, completed_at=None, closing=r.Closing.DONE)
            yield from _opened(state, answer, before, after)
        case Transition.DELETE, r.Task() as before, _:
            yield from _deleted(before, command)
        case Transition.RESTORE, r.Task() as before, _:
            status = r.Status.OPEN if before.completed_at is None else r.Status.COMPLETED
            after = containers.kept(state, replace(before, status=status))
            yield from _opened(state, answer, before, after)


def _continued(state: State, command: r.CreateOccurrence) -> Iterator[_Step]:
    """Yield the creation of the next occurrence, and what becomes of the subtasks of the one that was closed."""
    if state.version in BEFORE_6:
        if after := before_6.continued(state, command):
            yield _Step(Transition.CONTINUE, state.task(after.id), after)
        return
    if (made := series.continued(state, command)) and (closed := state.task(command.previous)):
        after = made.plain
        changes, why = subtasks.passed_on(state, closed, after)
        yield _Step(Transition.CONTINUE, state.task(after.id), after, why=why or made.why)
        yield from map(_of_change, changes)
        if own := differing(after, made.task):
            yield _Step(Transition.UPDATE, after, made.task, own)
        yield from map(_of_change, beside.left(state, closed, after))
        if command.beside and (oldest := beside.oldest_of_most(state, command.series)):
            yield _missed(oldest, command.at)


def _of_change(change: subtasks.Change) -> _Step:
    """Return the step of a task that changes with the occurrences of a series."""
    was, now = change.before.status if change.before else None, change.after.status
    return _Step(_OF_CHANGE[was, now], change.before, change.after)


_OF_CHANGE: Mapping[tuple[r.Status | None, r.Status], Transition] = {
    (_ABSENT, _OPEN): _A.CREATE,
    (_DELETED, _OPEN): _A.CREATE,
    (_ABSENT, _COMPLETED): _A.CREATE,
    (_DELETED, _COMPLETED): _A.CREATE,
    (_OPEN, _COMPLETED): _A.SKIP,
    (_COMPLETED, _OPEN): _A.REOPEN,
    (_OPEN, _OPEN): _A.UPDATE,
    (_COMPLETED, _COMPLETED): _A.UPDATE,
    (_OPEN, _DELETED): _A.DELETE,
    (_COMPLETED, _DELETED): _A.DELETE,
}


def _updated(state: State, before: r.Task, command: r.UpdateTask) -> Iterator[_Step]:
    own: tuple[str, ...] = ()
    if state.version in BEFORE_6:
        after = before_6.updated(state, before, command)
    else:
        after, own = scheduling.updated(state, before, command)
    containers.check(state, before, after)
    if after != before:
        yield _Step(Transition.UPDATE, before, after, own)
        yield from map(_of_change, beside.left(state, before, after))


def _snoozed(state: State, task: r.Task, command: r.SnoozeTask) -> Iterator[_Step]:
    after = replace(task, snoozed=snoozing.until(command, state.settings()))
    if after != task:
        yield _Step(Transition.UPDATE, task, after, ("snoozed",) if task.recurrence else ())


def _closed(task: r.Task, at: int, closing: r.Closing) -> r.Task:
    return replace(task, status=r.Status.COMPLETED, completed_at=at, closing=closing)


def _missed(task: r.Task, at: int) -> _Step:
    return _Step(Transition.MISS, task, _closed(task, at, r.Closing.MISSED))


def _skipped(task: r.Task, at: int) -> _Step:
    if task.recurrence is None:
        raise Conflict("recurrence", "Only an occurrence of a series can be skipped; complete or delete this task.")
    return _Step(Transition.SKIP, task, _closed(task, at, r.Closing.SKIPPED))


def _deleted(task: r.Task, command: Command) -> Iterator[_Step]:
    """Yield the deletion; of this occurrence alone after it is skipped, so that its series goes on."""
    is_alone = isinstance(command, r.DeleteTask) and command.scope is r.Scope.THIS
    if is_alone and task.recurrence and task.status is r.Status.OPEN:
        yield (step := _skipped(task, command.at))
        task = step.after
    yield _Step(Transition.DELETE, task, replace(task, status=r.Status.DELETED))


def _opened(state: State, answer: Transition, before: r.Task, after: r.Task) -> Iterator[_Step]:
    """Yield the reopening or restoring of a task, and the deletion of an occurrence that it replaces."""
    replaced = None
    if state.version not in BEFORE_6:
        after, replaced = series.opened(state, before, after)
    yield _Step(answer, before, after)
    if replaced:
        changes = [*subtasks.taken_back(state, before, replaced)]
        yield _Step(Transition.DELETE, replaced, replace(replaced, status=r.Status.DELETED))
        yield from map(_of_change, changes)


def _accepted(state: State, command: Command, steps: Sequence[_Step]) -> Decision[Event]:
    own, why = steps[0].after.id, steps[0].why
    events: list[Event] = []
    versions: dict[str, int] = {}
    for number, step in enumerate(steps):
        name = step.after.id
        versions[name] = version = versions.get(name, step.before.version if step.before else 0) + 1
        event = _event(state, command, step, replace(step.after, changed_at=command.at, version=version), number)
        events.append(event if name == own else replace(event, cause=events[0].id))
    decided = decision.accepted(command, About(task=own, version=versions[own]), *events)
    return dataclasses.replace(decided, outcome=replace(decided.outcome, detail=why)) if why else decided


def _event(state: State, command: Command, step: _Step, after: r.Task, number: int) -> Event:
    """Return the event of a step, after which its task is ``after``."""
    more: dict[str, Any] = {}
    if step.transition is Transition.UPDATE and step.before:
        more = {"changed": differing(step.before, after), "own": step.own}
    elif after.recurrence and step.transition in _closes(state.version):
        more = {"zone": series.zone_of(state, after)}
    event: Event = TASK.event(_EVENTS[step.transition], command, after, number, **more)
    return event


def _closes(version: str) -> tuple[Transition, ...]:
    """Return the transitions whose events have the zone in which the days of an occurrence pass."""
    if version in BEFORE_6:
        return ()
    own = (Transition.COMPLETE, Transition.SKIP)
    return own if version in BEFORE_7 else (*own, Transition.MISS)


def _nothing(command: Command, task: r.Task | None) -> Decision[Event]:
    return decision.nothing(command, _about(command, task))


def _rejected(
    command: Command, task: r.Task | None, code: Code, detail: str, field: str | None = None
) -> Decision[Event]:
    return decision.rejected(command, _about(command, task), code, detail, field)


def _about(command: Command, task: r.Task | None) -> About:
    return About(task=command.task, version=task.version if task else None)
