"""Bulks: one change to many tasks, sent in chunks, and what became of each chunk."""

from enum import StrEnum

from msgspec import Struct

from schemas.records.audit import FieldChange
from schemas.records.base import Command
from schemas.records.tasks import TaskFields


class Action(StrEnum):
    """What a bulk does to each of its tasks."""

    UPDATE = "UPDATE"
    COMPLETE = "COMPLETE"
    REOPEN = "REOPEN"
    DELETE = "DELETE"
    RESTORE = "RESTORE"
    REVERT = "REVERT"


class Within(Struct, frozen=True, gc=False):
    """What a task must still belong to where a bulk is about what belongs to something."""

    subject: str
    """list:<UUID>: be on it; tag:<name>: bear it; task:<UUID>: be a part of it, or of one of its parts."""
    expected: int | None = None
    """The version that it must have, null for any."""


class TaskChange(Struct, frozen=True, gc=False):
    """What a bulk does to each of its tasks; all but the action counts for an update alone."""

    action: Action
    """What is done to each task."""
    changed: tuple[str, ...]
    """Names of those fields that are to be set; due.date, due.time, due.zone, start.date and so on set that member
    alone, and what the task has besides stays."""
    fields: TaskFields
    add_tags: tuple[str, ...] = ()
    """Names of tags that each task gets."""
    remove_tags: tuple[str, ...] = ()
    """Names of tags that are taken from each task."""
    shift: int | None = None
    """Days to move start and due by."""
    within: Within | None = None
    """What a task must belong to; else it is left as it is."""


class Reversal(Struct, frozen=True, gc=False):
    """An event that is to be undone, as the audit trail tells of it."""

    event: str
    """UUID of the event."""
    kind: str
    """TaskCreated, TaskUpdated and so on."""
    at: int
    """When it happened."""
    changes: tuple[FieldChange, ...]
    """The fields that it changed."""


class TaskAt(Struct, frozen=True, gc=False):
    """A task of a bulk; of one that undoes also something else."""

    task: str
    """UUID of the task; empty where it is something else."""
    expected: int | None = None
    """The version that the task must have, null for any."""
    reversal: Reversal | None = None
    """What is to be undone, where that is what the bulk does."""
    subject: str | None = None


class ChangeTasks(Command, frozen=True, gc=False):
    """Do the same to many tasks: one chunk of a bulk.

    A bulk is sent as chunks under its id, which is also that of its first chunk's command. What it resolved to, all its
    tasks with their versions and the change, has a hash: chunks of another resolution are refused.
    """

    bulk: str
    chunk: int
    chunks: int
    tasks: int
    """How many tasks the bulk is about, in all chunks."""
    items: tuple[TaskAt, ...]
    """The tasks of this chunk."""
    change: TaskChange
    """What is done to each of them."""
    resolution: str
    """Hash of the bulk's tasks with their versions, and of the change: chunks of another resolution are refused."""
    fingerprint: str = ""
    cause: str | None = None


class Refusal(Struct, frozen=True, gc=False):
    """A task of a bulk that was left as it is, and why: as in the outcome of a command that was rejected."""

    task: str
    """UUID of the task; empty where it is something else."""
    code: str
    """A stable word for programs."""
    detail: str
    """A sentence for people."""
    field: str | None = None
    """The field at fault."""
    subject: str | None = None


class BulkPart(Struct, frozen=True, gc=False):
    """What became of one chunk of a bulk."""

    bulk: str
    chunk: int
    chunks: int
    tasks: int
    """How many tasks the bulk is about, in all chunks."""
    changed: int
    """Tasks of this chunk that were changed."""
    unchanged: int
    """Those that were so already."""
    refused: tuple[Refusal, ...]
    """All the others."""
