"""Tags: their state, commands and event."""

from msgspec import Struct

from schemas.records.base import Command, Event


class Tag(Struct, frozen=True, gc=False):
    """A tag's own fields: a colour. Identified by name; tasks store which tags they have."""

    user: str
    name: str
    """Identifies the tag."""
    changed_at: int
    colour: str | None = None
    version: int = 1


class TagFields(Struct, frozen=True, gc=False):
    """The fields of a tag that people set. In an update only the named ones count."""

    colour: str | None = None


class UpdateTag(Command, frozen=True, gc=False):
    """Set the named fields of a tag, whether a task has it or not."""

    tag: str
    changed: tuple[str, ...]
    fields: TagFields
    fingerprint: str = ""
    cause: str | None = None


class RenameTag(Command, frozen=True, gc=False):
    """Move a tag's fields to another name, after the chunks of a bulk renamed it on the tasks that had it."""

    tag: str
    to: str
    """The other name."""
    bulk: str
    """UUID of the bulk whose chunks changed the tasks."""
    resolution: str
    """Target-set hash of that bulk: if it was begun with another, this is refused, too."""
    fingerprint: str = ""
    cause: str | None = None


class DeleteTag(Command, frozen=True, gc=False):
    """Clear a tag's fields, after the chunks of a bulk removed it from the tasks that had it."""

    tag: str
    bulk: str
    """UUID of the bulk whose chunks changed the tasks."""
    resolution: str
    """Target-set hash of that bulk: if it was begun with another, this is refused, too."""
    fingerprint: str = ""
    cause: str | None = None


class TagUpdated(Event, frozen=True, gc=False):
    """Fields of a tag were set; cleared if it was renamed or deleted."""

    tag: Tag
    """The whole tag after this event."""
    cause: str | None = None
