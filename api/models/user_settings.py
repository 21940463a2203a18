"""Settings, as clients send and receive them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.http.document import NULL
from api.models import formats
from api.models.formats import Href, Id
from api.models.inputs import Shape, cleaned, valid
from api.models.resource import Resource
from domain import validation
from domain.recurrence.rule_words import Language
from domain.settings import SETTINGS as TYPE
from postgres.rows import SETTINGS as TABLE
from postgres.rows import Settings as Row
from schemas.records import CatchUp, InQuietHours, SettingsFields

_USER = "11111111-1111-5111-8111-111111111111"
CHANGES: dict[str, Any] = {"zone": "Europe/Paris", "quiet_from": "22:00", "quiet_to": "07:00"}
EXAMPLE: dict[str, Any] = {
    "user": _USER,
    "href": "/v1/settings",
    "zone": "Europe/Paris",
    "day_time": "09:00:00",
    "quiet_from": "22:00:00",
    "quiet_to": "07:00:00",
    "in_quiet_hours": "postpone",
    "catch_up": "each",
    "digest_time": "07:30:00",
    "language": "de",
    "version": 1,
    "changed_at": "2026-11-23T09:50:00Z",
}
Time = Annotated[str | None, Field(description="A local time.", examples=["09:00"])]
Quiet = Literal["postpone", "suppress"]
Missed = Literal["each", "latest", "none"]


class SettingsChanges(Shape):
    """The settings to change (RFC 7396): an absent one is unchanged, null restores the default."""

    like = '{"zone": "Europe/Paris"}'

    zone: Annotated[
        str | None, Field(description="The zone of your days, of the IANA database.", examples=["Europe/Paris"])
    ] = None
    day_time: Time = None
    quiet_from: Time = None
    quiet_to: Time = None
    in_quiet_hours: Quiet | None = None
    catch_up: Missed | None = None
    digest_time: Time = None
    language: Annotated[Language | None, Field(description="The language of messages.")] = None


class SettingsRef(BaseModel):
    """A reference to the user's settings."""

    user: Id
    href: Href


class Settings(BaseModel):
    """The current settings of the user; those never set have the defaults."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE, EXAMPLE | {"zone": NULL, "version": 0}]})

    user: Id
    href: Href
    zone: str | None
    """The zone of the user's days; null until it is set: UTC is used."""
    day_time: formats.Time
    """The local time from which reminders of whole-day tasks count."""
    quiet_from: formats.Time | None
    """The local time at which the quiet hours begin; null if there are none."""
    quiet_to: formats.Time | None
    """The local time at which the quiet hours end; null if there are none."""
    in_quiet_hours: Quiet
    """Whether reminders within the quiet hours are postponed to their end, or suppressed."""
    catch_up: Missed
    """Which reminders missed during a downtime are still sent: each, the latest of each task, or none."""
    digest_time: formats.Time | None
    """The local time at which the daily digest is sent; null for none."""
    language: Language | None
    """The language of digests and other messages; null until it is set: they are in English."""
    version: int
    """0 until a setting is changed."""
    changed_at: datetime | None


def members(item: Row) -> dict[str, Any]:
    """Return the members of the model, JSON but for the time."""
    return {
        "user": item.user,
        "href": SETTINGS.href(item.user),
        "zone": item.zone,
        "day_time": item.day_time,
        "quiet_from": item.quiet_from,
        "quiet_to": item.quiet_to,
        "in_quiet_hours": item.in_quiet_hours.lower(),
        "catch_up": item.catch_up.lower(),
        "digest_time": item.digest_time,
        "language": item.language,
        "version": item.version,
        "changed_at": item.changed_at,
    }


SETTINGS = Resource(
    TABLE,
    noun="settings",
    described="Your settings: when occurrences, reminders and digests come, and the language of messages.",
    ref=SettingsRef,
    model=Settings,
    changes=SettingsChanges,
    example=EXAMPLE,
    members_of=members,
)


def checked(body: SettingsChanges, *, strict: bool) -> SettingsFields:
    """Return the settings that a body sets, in canonical form. Raises ``Problem`` with all errors."""
    given = body.model_dump(exclude_none=True)
    if "in_quiet_hours" in given:
        given["in_quiet_hours"] = InQuietHours[given["in_quiet_hours"].upper()]
    if "catch_up" in given:
        given["catch_up"] = CatchUp[given["catch_up"].upper()]
    fields = cleaned(SettingsFields(**given), strict)
    return valid(validation.check_fields(fields, TYPE.checks, tuple(given)))
