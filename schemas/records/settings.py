"""Settings: one record for each user, the command that changes it, and the event."""

from enum import StrEnum

from msgspec import Struct

from schemas.records.base import Command, Event


class InQuietHours(StrEnum):
    """What happens to a reminder whose instant is within the quiet hours."""

    POSTPONE = "POSTPONE"
    SUPPRESS = "SUPPRESS"


class CatchUp(StrEnum):
    """Which missed reminders are still sent after a downtime."""

    EACH = "EACH"
    LATEST = "LATEST"
    NONE = "NONE"


class Settings(Struct, frozen=True, gc=False):
    """A user's settings that affect decisions. A user who never changed any has the defaults, in version 0."""

    user: str
    changed_at: int
    zone: str | None = None
    """IANA time zone of the user's days: Europe/Paris; null until it is set: UTC is used."""
    day_time: str = "09:00:00"
    """Local time, ISO 8601, from which reminders of whole-day tasks count."""
    quiet_from: str | None = None
    """Local time, ISO 8601, at which the quiet hours begin; null if there are none."""
    quiet_to: str | None = None
    """Local time, ISO 8601, at which the quiet hours end; null if there are none."""
    in_quiet_hours: InQuietHours = InQuietHours.POSTPONE
    """Whether reminders within the quiet hours are postponed to their end, or suppressed."""
    catch_up: CatchUp = CatchUp.EACH
    """Which missed reminders are still sent: each, the latest of each task, or none."""
    version: int = 1
    digest_time: str | None = None
    """Local time, ISO 8601, of the daily digest; null for none."""
    language: str | None = None
    """Language of messages (BCP 47): en or de; null until it is set: en is used."""


class SettingsFields(Struct, frozen=True, gc=False):
    """The settings that people set. In an update only the named ones count."""

    zone: str | None = None
    """IANA time zone; null for none."""
    day_time: str = "09:00:00"
    """Local time, ISO 8601, from which reminders of whole-day tasks count."""
    quiet_from: str | None = None
    """Local time, ISO 8601, at which the quiet hours begin; null for none."""
    quiet_to: str | None = None
    """Local time, ISO 8601, at which the quiet hours end; null for none."""
    in_quiet_hours: InQuietHours = InQuietHours.POSTPONE
    """Whether reminders within the quiet hours are postponed to their end, or suppressed."""
    catch_up: CatchUp = CatchUp.EACH
    """Which missed reminders are still sent: each, the latest of each task, or none."""
    digest_time: str | None = None
    """Local time, ISO 8601, of the daily digest; null for none."""
    language: str | None = None
    """Language of messages (BCP 47): en or de; null for none."""


class UpdateSettings(Command, frozen=True, gc=False):
    """Set the named settings of the user."""

    changed: tuple[str, ...]
    fields: SettingsFields
    fingerprint: str = ""
    cause: str | None = None
    expected: int | None = None


class SettingsUpdated(Event, frozen=True, gc=False):
    """Settings were set."""

    settings: Settings
    """The whole settings after this event."""
    changed: tuple[str, ...]
    """Names of exactly the settings whose value differs now."""
    cause: str | None = None
