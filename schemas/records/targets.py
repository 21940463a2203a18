"""Targets: places where a user's notifications go. Their addresses are on no topic."""

from msgspec import Struct

from schemas.records.base import Command, Event


class Target(Struct, frozen=True, gc=False):
    """A place where a user's notifications go, without its address."""

    id: str
    """UUID, derived from the command that created it."""
    user: str
    name: str
    kind: str
    """The kind of its address: webhook, webpush, or a kind of apprise, such as mailto or ntfy."""
    created_at: int
    changed_at: int
    address: str | None = None
    """UUID of its address, which is encrypted and on no topic."""
    enabled: bool = True
    """Whether notifications go there."""
    rank: str = ""
    deleted: bool = False
    version: int = 1


class TargetFields(Struct, frozen=True, gc=False):
    """The fields of a target that people set. In an update only the named ones count."""

    name: str = ""
    kind: str = ""
    """The kind of its address."""
    address: str | None = None
    """UUID of its address."""
    enabled: bool = True
    """Whether notifications go there."""
    rank: str = ""


class CreateTarget(Command, frozen=True, gc=False):
    """Create a target."""

    target: str
    """UUID of the new target."""
    fields: TargetFields
    fingerprint: str = ""
    cause: str | None = None


class UpdateTarget(Command, frozen=True, gc=False):
    """Set the named fields of a target."""

    target: str
    changed: tuple[str, ...]
    fields: TargetFields
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class DeleteTarget(Command, frozen=True, gc=False):
    """Delete a target, and its address."""

    target: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class RestoreTarget(Command, frozen=True, gc=False):
    """Restore a deleted target. It has no address until one is set."""

    target: str
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class TargetEvent(Event, frozen=True, gc=False):
    """Something that happened to a target."""

    target: Target
    """The whole target after this event."""


class TargetCreated(TargetEvent, frozen=True, gc=False):
    """A target was created."""

    cause: str | None = None


class TargetUpdated(TargetEvent, frozen=True, gc=False):
    """Fields of a target were set."""

    changed: tuple[str, ...]
    """Names of exactly the fields whose value changed."""
    cause: str | None = None


class TargetDeleted(TargetEvent, frozen=True, gc=False):
    """A target was deleted."""

    cause: str | None = None


class TargetRestored(TargetEvent, frozen=True, gc=False):
    """A deleted target was restored."""

    cause: str | None = None


class TargetPurged(TargetEvent, frozen=True, gc=False):
    """A target was removed for good, 30 days after its deletion."""

    cause: str | None = None
