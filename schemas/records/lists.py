"""Lists: their state, commands and events."""

from msgspec import Struct

from schemas.records.base import Command, Event


class List(Struct, frozen=True, gc=False):
    """A list of tasks."""

    id: str
    """UUID, derived from the command that created the list."""
    user: str
    name: str
    created_at: int
    changed_at: int
    colour: str | None = None
    rank: str = ""
    deleted: bool = False
    version: int = 1


class ListFields(Struct, frozen=True, gc=False):
    """The fields of a list that people set. In an update only the named ones count."""

    name: str = ""
    colour: str | None = None
    rank: str = ""


class CreateList(Command, frozen=True, gc=False):
    """Create a list."""

    list: str
    """UUID of the new list."""
    fields: ListFields
    fingerprint: str = ""
    cause: str | None = None


class UpdateList(Command, frozen=True, gc=False):
    """Set the named fields of a list."""

    list: str
    changed: tuple[str, ...]
    fields: ListFields
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class DeleteList(Command, frozen=True, gc=False):
    """Delete a list, if no task is on it."""

    list: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class RestoreList(Command, frozen=True, gc=False):
    """Restore a deleted list, unchanged. The tasks that were on it stay where they are."""

    list: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class ListEvent(Event, frozen=True, gc=False):
    """Something that happened to a list."""

    list: List
    """The whole list after this event."""


class ListCreated(ListEvent, frozen=True, gc=False):
    """A list was created."""

    cause: str | None = None


class ListUpdated(ListEvent, frozen=True, gc=False):
    """Fields of a list were set."""

    changed: tuple[str, ...]
    """Names of exactly the fields whose value changed."""
    cause: str | None = None


class ListDeleted(ListEvent, frozen=True, gc=False):
    """A list was deleted."""

    cause: str | None = None


class ListRestored(ListEvent, frozen=True, gc=False):
    """A deleted list was restored."""

    cause: str | None = None


class ListPurged(ListEvent, frozen=True, gc=False):
    """A list was removed for good, 30 days after its deletion."""

    cause: str | None = None


class ListSize(Struct, frozen=True, gc=False):
    """The number of tasks on a list: open and completed ones, not deleted ones."""

    tasks: int
    """Number of tasks on it."""
