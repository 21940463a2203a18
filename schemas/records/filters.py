"""Saved filters: their state, commands and events."""

from msgspec import Struct

from schemas.records.base import Command, Event


class SavedFilter(Struct, frozen=True, gc=False):
    """A filter that its user has saved."""

    id: str
    """UUID, derived from the command that saved it."""
    user: str
    name: str
    text: str
    created_at: int
    changed_at: int
    sort: str = ""
    colour: str | None = None
    rank: str = ""
    deleted: bool = False
    version: int = 1


class FilterFields(Struct, frozen=True, gc=False):
    """The fields of a saved filter that people set. In an update only the named ones count."""

    name: str = ""
    text: str = ""
    sort: str = ""
    colour: str | None = None
    rank: str = ""


class CreateFilter(Command, frozen=True, gc=False):
    """Save a filter."""

    filter: str
    """UUID of the new saved filter."""
    fields: FilterFields
    fingerprint: str = ""
    cause: str | None = None


class UpdateFilter(Command, frozen=True, gc=False):
    """Set the named fields of a saved filter."""

    filter: str
    changed: tuple[str, ...]
    fields: FilterFields
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class DeleteFilter(Command, frozen=True, gc=False):
    """Delete a saved filter."""

    filter: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class RestoreFilter(Command, frozen=True, gc=False):
    """Restore a deleted saved filter, unchanged."""

    filter: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class FilterEvent(Event, frozen=True, gc=False):
    """Something that happened to a saved filter."""

    filter: SavedFilter
    """The whole saved filter after this event."""


class FilterCreated(FilterEvent, frozen=True, gc=False):
    """A filter was saved."""

    cause: str | None = None


class FilterUpdated(FilterEvent, frozen=True, gc=False):
    """Fields of a saved filter were set."""

    changed: tuple[str, ...]
    """Names of exactly the fields whose value changed."""
    cause: str | None = None


class FilterDeleted(FilterEvent, frozen=True, gc=False):
    """A saved filter was deleted."""

    cause: str | None = None


class FilterRestored(FilterEvent, frozen=True, gc=False):
    """A deleted saved filter was restored."""

    cause: str | None = None


class FilterPurged(FilterEvent, frozen=True, gc=False):
    """A saved filter was removed for good, 30 days after its deletion."""

    cause: str | None = None
