"""Bulk: one command on many tasks, each decided as the same command on that task alone.

There is no second state machine: an item of a chunk is converted to the equivalent command, with an id derived from the
chunk's and the task's, and ``entities.decide`` decides it. Its events have the chunk's id as their command.

A repeated Idempotency-Key must not apply a change twice, though the filter may match other tasks by then. So the first
decided chunk of a bulk fixes the target-set hash, and a chunk with another hash is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from domain import entities, hierarchy, times, undo, validation
from domain.compensation import Compensation
from domain.entities import Command, Entity, Event
from domain.entity import State
from domain.invalid import Invalid
from domain.lists import LIST
from domain.rejections import Code
from domain.tags import TAG
from schemas import entity_subjects, ids
from schemas import records as r

MOST = 500
"""The most tasks of a chunk."""

_PLAIN: Mapping[r.Action, type[r.CompleteTask | r.ReopenTask | r.RestoreTask]] = {
    r.Action.COMPLETE: r.CompleteTask,
    r.Action.REOPEN: r.ReopenTask,
    r.Action.RESTORE: r.RestoreTask,
}


@dataclass(frozen=True)
class Decided:
    """The result of one item: its events, none if it changed nothing; or why it was refused."""

    events: tuple[Event, ...] = ()
    refusal: r.Refusal | None = None


def decide(state: State, chunk: r.ChangeTasks, item: r.TaskAt) -> Decided:
    """Decide one item of a chunk, all its commands or none."""
    if chunk.change.within and not _belongs(state, chunk.change.within, state.task(item.task)):
        return Decided()
    try:
        compensation = _commands(state, chunk, item)
    except Invalid as problem:
        return Decided(refusal=_refusal(item, problem.code, problem.detail, problem.field))
    decisions = [entities.decide(state, command) for command in compensation.commands]
    for outcome in (decision.outcome for decision in decisions):
        if outcome.kind is r.OutcomeKind.REJECTED:
            return Decided(refusal=_refusal(item, outcome.code or "", outcome.detail or "", outcome.field))
    events = (compensation.amend(event) for decision in decisions for event in decision.events)
    return Decided(tuple(replace(event, command=chunk.id) for event in events))


def _belongs(state: State, within: r.Within, task: r.Task | None) -> bool:
    """Return whether a task still belongs to the bulk's entity, and that has the expected version."""
    word, name = entity_subjects.split(within.subject)
    whole: Entity | None
    match word:
        case TAG.word:
            whole, belongs = state.get(TAG, name), task is not None and name in task.tags
        case LIST.word:
            whole, belongs = state.get(LIST, name), task is not None and task.list == name
        case entity_subjects.SERIES:
            whole = state.task(name)
            belongs = task is not None and whole is not None and _is_of_series(state, task, whole)
        case _:
            whole, belongs = state.task(name), task is not None and hierarchy.is_below(state, task, name)
    return belongs and within.expected in (None, whole.version if whole else None)


def _is_of_series(state: State, task: r.Task, named: r.Task) -> bool:
    """Return whether a task is an occurrence of another's series, but no task of its own, or a subtask of one."""
    is_there, *above = (
        one.id == named.id or (one.series is not None and one.series == named.series)
        for one in hierarchy.line(state, task)
    )
    is_its_own = task.status is r.Status.OPEN and task.recurrence is None
    return any(above) or (is_there and not is_its_own)


def _refusal(item: r.TaskAt, code: str, detail: str, field: str | None) -> r.Refusal:
    return r.Refusal(item.task, code, detail, field, item.subject)


def _commands(state: State, chunk: r.ChangeTasks, item: r.TaskAt) -> Compensation:
    """Return the commands equivalent to an item. Raises ``Invalid`` if there are none."""
    common: dict[str, Any] = {"user": chunk.user, "at": chunk.at, "actor": chunk.actor, "cause": chunk.cause}
    if item.subject and item.reversal:
        common["id"] = ids.derive("item", chunk.id, item.subject, item.reversal.event)
        return undo.compensate_other(state, item.subject, common, item.reversal)
    task = state.task(item.task)
    common["id"] = ids.derive("item", chunk.id, item.task, task.version if task else 0)
    common |= {"task": item.task, "expected": item.expected}
    if item.reversal:
        return undo.compensate(state, common, item.reversal)
    current = task if task and task.status is not r.Status.DELETED else None
    return Compensation((_command(chunk.change, common, current),))


def _command(change: r.TaskChange, common: Mapping[str, Any], task: r.Task | None) -> Command:
    """Return the command that makes a change to a task; without a task, one that will be refused."""
    if change.action is r.Action.DELETE:
        return r.DeleteTask(**common, scope=change.scope)
    if plain := _PLAIN.get(change.action):
        return plain(**common)
    changed, fields = change.changed, change.fields
    if task and (change.add_tags or change.remove_tags):
        tags = (set(fields.tags if "tags" in changed else task.tags) - {*change.remove_tags}) | {*change.add_tags}
        if len(tags) > validation.MAX_TAGS:
            raise Invalid("tags", f"A task has at most {validation.MAX_TAGS} tags.")
        changed, fields = (*changed, "tags"), replace(fields, tags=tuple(sorted(tags)))
    if task and change.shift is not None:
        moved = {
            name: times.shifted(due, change.shift, name) for name in ("start", "due") if (due := getattr(task, name))
        }
        changed, fields = (*changed, *moved), replace(fields, **moved)
    return r.UpdateTask(**common, changed=tuple(dict.fromkeys(changed)), fields=fields, scope=change.scope)


def outcome(chunk: r.ChangeTasks, decided: list[Decided]) -> r.CommandOutcome:
    """Return the outcome of a chunk whose items were decided: accepted if one of them changed something."""
    refused = tuple(each.refusal for each in decided if each.refusal)
    changed = sum(bool(each.events) for each in decided)
    part = r.BulkPart(
        bulk=chunk.bulk,
        chunk=chunk.chunk,
        chunks=chunk.chunks,
        tasks=chunk.tasks,
        changed=changed,
        unchanged=len(decided) - changed - len(refused),
        refused=refused,
    )
    if changed:
        events = sum(len(each.events) for each in decided)
        return _outcome(chunk, r.OutcomeKind.ACCEPTED, part, events)
    if not refused:
        return _outcome(chunk, r.OutcomeKind.NOTHING_TO_DO, part)
    found = _outcome(chunk, r.OutcomeKind.REJECTED, part)
    return replace(found, code=Code.REFUSED, detail="None of these tasks could be changed; the bulk says why of each.")


def superseded(chunk: r.ChangeTasks) -> r.CommandOutcome:
    """Return the outcome of a chunk whose target-set hash is not the one that its bulk was begun with."""
    part = r.BulkPart(chunk.bulk, chunk.chunk, chunk.chunks, chunk.tasks, changed=0, unchanged=0, refused=())
    detail = "The bulk was begun on other tasks, or in other versions; send the rest under a new key."
    return replace(_outcome(chunk, r.OutcomeKind.REJECTED, part), code=Code.RESOLUTION, detail=detail)


def _outcome(chunk: r.ChangeTasks, kind: r.OutcomeKind, part: r.BulkPart, events: int = 0) -> r.CommandOutcome:
    return r.CommandOutcome(
        user=chunk.user,
        at=chunk.at,
        command=chunk.id,
        kind=kind,
        task=None,
        fingerprint=chunk.fingerprint,
        part=part,
        events=events,
    )
