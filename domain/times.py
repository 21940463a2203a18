"""Local dates and times, time zones, and conversion to instants.

Zones come from the pinned ``tzdata`` wheel, never from the system, so that a log has the same meaning on every machine.
A zone's file is read once, on first use.
"""

import re
import struct
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from importlib.metadata import version
from typing import IO
from zoneinfo import ZoneInfo

from msgspec.structs import replace

from domain.invalid import Invalid
from schemas.records import Due

END = 253_402_300_800_000
"""The first millisecond of the year 10000, the end of the calendar that Python, Postgres and ISO 8601 share."""

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local: the zone's offset is subtracted separately
_LAST = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{2}:\d{2}(:\d{2})?", re.ASCII)


@cache
def tzdata_version() -> str:
    """Return the version of the time zone data, as each block records it."""
    return version("tzdata")


@cache
def zones() -> frozenset[str]:
    """Return the names of all zones, aliases included."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@cache
def zone(name: str) -> ZoneInfo:
    """Return the zone of this exact name. Raises KeyError if the time zone data has none.

    Raises OSError if its file is missing or damaged, as while an upgrade replaces it: the caller is not at fault.
    """
    if name not in zones():
        raise KeyError(name)
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return read_zone(file, name)


def read_zone(file: IO[bytes], name: str) -> ZoneInfo:
    """Return the zone in a file of the time zone data. Raises OSError if it is damaged."""
    try:
        return ZoneInfo.from_file(file, key=name)
    except (ValueError, EOFError, struct.error) as error:
        raise OSError(f"The time zone data's file of {name} is damaged: {error}") from error


def key(due: Due) -> str:
    """Return the local key of an occurrence: ``2026-11-23`` or ``2026-11-23T09:00:00``. Keys sort as times do."""
    return due.date if due.time is None else f"{due.date}T{due.time}"


def local(due: Due) -> datetime:
    """Return the local date and time, without a zone; midnight for a date."""
    return datetime.fromisoformat(key(due))


def milliseconds(moment: datetime, name: str | None) -> int:
    """Return the instant of a local time in a zone (UTC if None), in milliseconds since 1970.

    RFC 5545, section 3.3.5: a time within a gap has the offset before the gap, an ambiguous time is the first. Python's
    ``fold=0`` means the same (PEP 495).
    """
    offset = zone(name).utcoffset(moment) if name else timedelta()
    assert offset is not None
    return (moment - _EPOCH - offset) // timedelta(milliseconds=1)


def instant(due: Due) -> int | None:
    """Return the instant of a due in milliseconds since 1970; None if it has no zone."""
    return milliseconds(local(due), due.zone) if due.zone else None


def is_in_calendar(due: Due) -> bool:
    """Return whether a due comes before the year 10000 begins in UTC; in a zone west of it, its last hours do not."""
    return (instant(due) or 0) < END


def local_at(instant_: int, name: str | None) -> datetime:
    """Return the local time in a zone (UTC if None) at an instant in milliseconds since 1970.

    Beyond the year 9999, it is the last time of the calendar.
    """
    try:
        moment = datetime.fromtimestamp(instant_ / 1000, zone(name) if name else UTC)
    except (OverflowError, ValueError):
        return _LAST if instant_ > 0 else _EPOCH
    return moment.replace(tzinfo=None, fold=0)


def check(due: Due, field: str = "due") -> Due:
    """Return a due or start with its time as ``HH:MM:SS``. Raises ``Invalid`` for its date, time or zone."""
    check_date(f"{field}.date", due.date)
    if due.time is None:
        if due.zone is not None:
            raise zone_without_time(field)
        return due
    due = replace(due, time=checked_time(f"{field}.time", due.time))
    if due.zone is not None:
        check_zone(f"{field}.zone", due.zone)
        if not 0 <= milliseconds(local(due), due.zone) < END:
            raise Invalid(f"{field}.date", "In UTC this falls outside the years 1970 to 9999; choose another day.")
    return due


def zone_without_time(field: str) -> Invalid:
    """Return the error for a zone without a time."""
    return Invalid(f"{field}.zone", f"A time zone needs a time; give {field}.time too or leave {field}.zone out.")


def is_later(one: Due, other: Due) -> bool:
    """Return whether one date or time is later than another; if one has no time, only the dates are compared.

    If both have a zone, their instants are compared, else their local times.
    """
    if one.time is None or other.time is None:
        return one.date > other.date
    if one.zone and other.zone:
        return milliseconds(local(one), one.zone) > milliseconds(local(other), other.zone)
    return key(one) > key(other)


def days_between(one: Due, other: Due) -> int:
    """Return the number of days from one's date to the other's."""
    return (date.fromisoformat(other.date) - date.fromisoformat(one.date)).days


def moved(due: Due, days: int) -> Due:
    """Return the same local time ``days`` days later. Raises OverflowError beyond the calendar."""
    return replace(due, date=(date.fromisoformat(due.date) + timedelta(days=days)).isoformat())


def shifted(due: Due, days: int, field: str) -> Due:
    """Return the same local time ``days`` days later. Raises ``Invalid`` outside the years that a due may have."""
    try:
        return check(moved(due, days), field)
    except OverflowError:
        raise Invalid(
            f"{field}.date", f"{due.date} can't be moved by {days} days; the years are 1970 to 9999."
        ) from None


def check_date(field: str, day: str) -> None:
    """Raise ``Invalid`` unless ``day`` is a date of the years 1970 to 9999."""
    try:
        year = date.fromisoformat(day).year if _DATE.fullmatch(day) else 0
    except ValueError:
        raise Invalid(field, "There is no such day in the calendar.") from None
    if year < 1970:
        raise Invalid(field, "Write a date of the years 1970 to 9999 as YYYY-MM-DD, such as 2026-11-23.")


def checked_time(field: str, time: str) -> str:
    """Return a local time as ``HH:MM:SS``. Raises ``Invalid``."""
    full = time if len(time) == 8 else f"{time}:00"
    try:
        if _TIME.fullmatch(time):
            datetime.fromisoformat(f"2000-01-01T{full}")
            return full
    except ValueError:
        pass
    raise Invalid(field, "Write a time as HH:MM or HH:MM:SS, from 00:00 to 23:59:59.")


def check_zone(field: str, name: str) -> None:
    """Raise ``Invalid`` unless ``name`` is a time zone."""
    if name not in zones():
        raise Invalid(field, "There is no such time zone; write its IANA name exactly, such as Europe/Paris.")
