"""Bulks: one change to many tasks, sent in chunks, and the outcome of each chunk."""

from enum import StrEnum

from msgspec import Struct

from schemas.records.audit import FieldChange
from schemas.records.base import Command
from schemas.records.tasks import Scope, TaskFields


class Action(StrEnum):
    """What a bulk does to each of its tasks."""

    UPDATE = "UPDATE"
    COMPLETE = "COMPLETE"
    REOPEN = "REOPEN"
    DELETE = "DELETE"
    RESTORE = "RESTORE"
    REVERT = "REVERT"


class Within(Struct, frozen=True, gc=False):
    """The entity that a task must still belong to, in a bulk on all tasks of an entity."""

    subject: str
    """list:<UUID>: be on it; tag:<name>: have it; task:<UUID>: be one of its descendants; series:<UUID>: be an
    occurrence of that task's series, or a descendant of one."""
    expected: int | None = None
    """The version that it must have, null for any."""


class TaskChange(Struct, frozen=True, gc=False):
    """What a bulk does to each of its tasks; fields other than the action count only for an update."""

    action: Action
    """What is done to each task."""
    changed: tuple[str, ...]
    """Names of the fields to set; due.date, due.time, due.zone, start.date and so on set only that member and keep the
    others."""
    fields: TaskFields
    add_tags: tuple[str, ...] = ()
    """Names of tags to add to each task."""
    remove_tags: tuple[str, ...] = ()
    """Names of tags to remove from each task."""
    shift: int | None = None
    """Days to move start and due by."""
    within: Within | None = None
    """The entity that a task must belong to; else it is left unchanged."""
    scope: Scope = Scope.FOLLOWING
    """Of a series' occurrence, the scope of the change, as in UpdateTask and DeleteTask."""


class Reversal(Struct, frozen=True, gc=False):
    """An event to undo, as recorded in the audit trail."""

    event: str
    """UUID of the event."""
    kind: str
    """TaskCreated, TaskUpdated and so on."""
    at: int
    """When it happened."""
    changes: tuple[FieldChange, ...]
    """The fields that it changed."""


class TaskAt(Struct, frozen=True, gc=False):
    """A task of a bulk; if the bulk undoes something, possibly another entity."""

    task: str
    """UUID of the task; empty if the entity is not a task."""
    expected: int | None = None
    """The version that the task must have, null for any."""
    reversal: Reversal | None = None
    """The event to undo, if the bulk undoes something."""
    subject: str | None = None


class ChangeTasks(Command, frozen=True, gc=False):
    """Make the same change to many tasks: one chunk of a bulk.

    A bulk is sent as chunks under its id, which is also that of its first chunk's command. Its target set, all its
    tasks with their versions and the change, has a hash: chunks with another hash are refused.
    """

    bulk: str
    chunk: int
    chunks: int
    tasks: int
    """Number of tasks of the bulk, in all chunks."""
    items: tuple[TaskAt, ...]
    """The tasks of this chunk."""
    change: TaskChange
    """What is done to each of them."""
    resolution: str
    """Target-set hash: of the bulk's tasks with their versions, and of the change; chunks with another are refused."""
    fingerprint: str = ""
    cause: str | None = None


class Refusal(Struct, frozen=True, gc=False):
    """A task of a bulk that was not changed, and why, as in the outcome of a rejected command."""

    task: str
    """UUID of the task; empty if the entity is not a task."""
    code: str
    """A stable word for programs."""
    detail: str
    """A sentence for people."""
    field: str | None = None
    """The field at fault."""
    subject: str | None = None


class BulkPart(Struct, frozen=True, gc=False):
    """The outcome of one chunk of a bulk."""

    bulk: str
    chunk: int
    chunks: int
    tasks: int
    """Number of tasks of the bulk, in all chunks."""
    changed: int
    """Number of this chunk's tasks that were changed."""
    unchanged: int
    """Number of this chunk's tasks that needed no change."""
    refused: tuple[Refusal, ...]
    """The other tasks of this chunk."""
