"""Bulk: one command on many tasks, each decided as the command on that task alone would be.

There is no second state machine: an item of a chunk becomes the command that it stands for, under an id derived from
the chunk's and the task's, and ``tasks.decide`` answers that. Its events tell the chunk's id as their command.

A repeated Idempotency-Key must not apply a change twice, though the filter may by then mean other tasks. So the first
chunk of a bulk that is decided fixes what the bulk resolved to, and a chunk of another resolution is refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from schemas import ids
from schemas.records import (
    Action,
    BulkPart,
    ChangeTasks,
    CommandOutcome,
    CompleteTask,
    DeleteTask,
    OutcomeKind,
    Refusal,
    ReopenTask,
    RestoreTask,
    Status,
    Task,
    TaskAt,
    UpdateTask,
)
from streams.domain import tasks, times, validation
from streams.domain.invalid import Invalid

MOST = 500
"""The most tasks of a chunk."""
SUPERSEDED = "resolution"
"""The code of a chunk that is refused for another resolution."""

_PLAIN: Mapping[Action, type[CompleteTask | ReopenTask | DeleteTask | RestoreTask]] = {
    Action.COMPLETE: CompleteTask,
    Action.REOPEN: ReopenTask,
    Action.DELETE: DeleteTask,
    Action.RESTORE: RestoreTask,
}


@dataclass(frozen=True)
class Decided:
    """What became of one item: its events, none where it changed nothing; or why it was refused."""

    events: tuple[tasks.Event, ...] = ()
    refusal: Refusal | None = None


def decide(state: tasks.State, chunk: ChangeTasks, item: TaskAt) -> Decided:
    """Decide one item of a chunk."""
    try:
        decision = tasks.decide(state, command(chunk, item, _standing(state, chunk, item)))
    except Invalid as problem:
        return Decided(refusal=Refusal(item.task, problem.code, problem.detail, problem.field))
    outcome = decision.outcome
    if outcome.kind is OutcomeKind.REJECTED:
        return Decided(refusal=Refusal(item.task, outcome.code or "", outcome.detail or "", outcome.field))
    return Decided(tuple(replace(event, command=chunk.id) for event in decision.events))


def command(chunk: ChangeTasks, item: TaskAt, task: Task | None) -> tasks.Command:
    """Return the command that an item stands for, on its task as it is; raise ``Invalid`` where it can't be meant."""
    change = chunk.change
    common: dict[str, Any] = {
        "id": ids.derive("item", chunk.id, item.task),
        "user": chunk.user,
        "at": chunk.at,
        "actor": chunk.actor,
        "task": item.task,
        "cause": chunk.cause,
        "expected": item.expected,
    }
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
    return UpdateTask(**common, changed=tuple(dict.fromkeys(changed)), fields=fields)


def outcome(chunk: ChangeTasks, decided: list[Decided]) -> CommandOutcome:
    """Return what became of a chunk whose items were decided: accepted where one of them changed something."""
    refused = tuple(each.refusal for each in decided if each.refusal)
    changed = sum(bool(each.events) for each in decided)
    part = BulkPart(
        bulk=chunk.bulk,
        chunk=chunk.chunk,
        chunks=chunk.chunks,
        tasks=chunk.tasks,
        changed=changed,
        unchanged=len(decided) - changed - len(refused),
        refused=refused,
    )
    if changed:
        return _outcome(chunk, OutcomeKind.ACCEPTED, part)
    if not refused:
        return _outcome(chunk, OutcomeKind.NOTHING_TO_DO, part)
    found = _outcome(chunk, OutcomeKind.REJECTED, part)
    return replace(found, code="refused", detail="None of these tasks could be changed; the bulk says why of each.")


def superseded(chunk: ChangeTasks) -> CommandOutcome:
    """Return the outcome of a chunk of another resolution than the one that its bulk was begun with."""
    part = BulkPart(chunk.bulk, chunk.chunk, chunk.chunks, chunk.tasks, changed=0, unchanged=0, refused=())
    detail = "The bulk was begun on other tasks, or in other versions; send the rest under a new key."
    return replace(_outcome(chunk, OutcomeKind.REJECTED, part), code=SUPERSEDED, detail=detail)


def _standing(state: tasks.State, chunk: ChangeTasks, item: TaskAt) -> Task | None:
    """Return the user's task, where it can be changed: a deleted one is for ``tasks.decide`` to refuse."""
    task = state.task(item.task)
    return task if task and task.user == chunk.user and task.status is not Status.DELETED else None


def _outcome(chunk: ChangeTasks, kind: OutcomeKind, part: BulkPart) -> CommandOutcome:
    return CommandOutcome(
        user=chunk.user,
        at=chunk.at,
        command=chunk.id,
        kind=kind,
        task=None,
        fingerprint=chunk.fingerprint,
        part=part,
    )
