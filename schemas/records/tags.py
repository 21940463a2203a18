"""Tags: what they have of their own, the commands on them, and the event that these lead to."""

from msgspec import Struct

from schemas.records.base import Command, Event


class Tag(Struct, frozen=True, gc=False):
    """What a tag has of its own: a colour. Identified by name; tasks store which tags they have."""

    user: str
    name: str
    """What it is known by."""
    changed_at: int
    colour: str | None = None
    version: int = 1


class TagFields(Struct, frozen=True, gc=False):
    """The fields of a tag that people set. In a change only those that it names count."""

    colour: str | None = None


class UpdateTag(Command, frozen=True, gc=False):
    """Set the named fields of a tag, whether a task bears it or not."""

    tag: str
    changed: tuple[str, ...]
    fields: TagFields
    fingerprint: str = ""
    cause: str | None = None


class RenameTag(Command, frozen=True, gc=False):
    """Give what a tag has of its own to another name, after the chunks of a bulk changed the tasks that bore it."""

    tag: str
    to: str
    """The other name."""
    bulk: str
    """UUID of the bulk whose chunks changed the tasks."""
    resolution: str
    """Hash of what that bulk resolved to: where it was begun on other tasks, this is refused, too."""
    fingerprint: str = ""
    cause: str | None = None


class DeleteTag(Command, frozen=True, gc=False):
    """Take from a tag what it has of its own, after the chunks of a bulk took it from the tasks that bore it."""

    tag: str
    bulk: str
    """UUID of the bulk whose chunks changed the tasks."""
    resolution: str
    """Hash of what that bulk resolved to: where it was begun on other tasks, this is refused, too."""
    fingerprint: str = ""
    cause: str | None = None


class TagUpdated(Event, frozen=True, gc=False):
    """Fields of a tag were set, to nothing where it was renamed or deleted."""

    tag: Tag
    """The whole tag after this event."""
    cause: str | None = None
