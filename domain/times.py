"""Local dates and times, their zones, and the instants that they mean.

Zones come from the pinned ``tzdata`` wheel alone, never from the system: the same log means the same instants on every
machine. A zone's file is read once, when it is first asked for.
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

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - local: the zone's offset is taken off apart
_LAST = datetime(9999, 12, 31, 23, 59, 59)  # noqa: DTZ001
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{2}:\d{2}(:\d{2})?", re.ASCII)


@cache
def tzdata_version() -> str:
    """Return the version of the time zone data, as each block records it."""
    return version("tzdata")


@cache
def zones() -> frozenset[str]:
    """Return the names of all zones and of their older names."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text(encoding="utf-8").split())


@cache
def zone(name: str) -> ZoneInfo:
    """Return the zone of this exact name; ``KeyError`` where the time zone data has none.

    Raises OSError where its file is missing or damaged, as while an upgrade replaces it: who asks is not at fault.
    """
    if name not in zones():
        raise KeyError(name)
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as file:
        return read_zone(file, name)


def read_zone(file: IO[bytes], name: str) -> ZoneInfo:
    """Return the zone that a file of the time zone data holds; OSError where it is damaged."""
    try:
        return ZoneInfo.from_file(file, key=name)
    except (ValueError, EOFError, struct.error) as error:
        raise OSError(f"The time zone data's file of {name} is damaged: {error}") from error


def key(due: Due) -> str:
    """Return the local key of an occurrence: ``2026-11-23`` or ``2026-11-23T09:00:00``. Keys sort as times do."""
    return due.date if due.time is None else f"{due.date}T{due.time}"


def local(due: Due) -> datetime:
    """Return the local date and time, without a zone; a date's is its midnight."""
    return datetime.fromisoformat(key(due))


def milliseconds(moment: datetime, name: str | None) -> int:
    """Return the instant that a local time means in a zone (UTC if None), in milliseconds since 1970.

    RFC 5545, section 3.3.5: a time that a gap skips is read with the offset before the gap, a time that happens twice
    is its first. Python's ``fold=0`` means the same (PEP 495).
    """
    offset = zone(name).utcoffset(moment) if name else timedelta()
    assert offset is not None
    return (moment - _EPOCH - offset) // timedelta(milliseconds=1)


def instant(due: Due) -> int | None:
    """Return the instant of a due in milliseconds since 1970; None where it has no zone and so means no instant."""
    return milliseconds(local(due), due.zone) if due.zone else None


def local_at(instant_: int, name: str | None) -> datetime:
    """Return the local time that a zone's clocks (UTC's if None) show at an instant in milliseconds since 1970.

    Where they are in the year 10000 by then, it is the last time of the calendar.
    """
    try:
        moment = datetime.fromtimestamp(instant_ / 1000, zone(name) if name else UTC)
    except (OverflowError, ValueError):
        return _LAST if instant_ > 0 else _EPOCH
    return moment.replace(tzinfo=None, fold=0)


def check(due: Due, field: str = "due") -> Due:
    """Return a due or start with its time written ``HH:MM:SS``; raise ``Invalid`` for its date, time or zone."""
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
    """Return why a zone can't stand alone."""
    return Invalid(f"{field}.zone", f"A time zone needs a time; give {field}.time too or leave {field}.zone out.")


def is_later(one: Due, other: Due) -> bool:
    """Tell whether one date or time lies behind another; a date without a time compares by its day alone.

    Where both have a zone their instants count, else what stands on the clocks.
    """
    if one.time is None or other.time is None:
        return one.date > other.date
    if one.zone and other.zone:
        return milliseconds(local(one), one.zone) > milliseconds(local(other), other.zone)
    return key(one) > key(other)


def days_between(one: Due, other: Due) -> int:
    """Return how many days the other's date lies behind the one's."""
    return (date.fromisoformat(other.date) - date.fromisoformat(one.date)).days


def moved(due: Due, days: int) -> Due:
    """Return the same local time so many days later; raises OverflowError beyond the calendar."""
    return replace(due, date=(date.fromisoformat(due.date) + timedelta(days=days)).isoformat())


def shifted(due: Due, days: int, field: str) -> Due:
    """Return the same local time so many days later; raise ``Invalid`` beyond the years that a due may have."""
    try:
        return check(moved(due, days), field)
    except OverflowError:
        raise Invalid(
            f"{field}.date", f"{due.date} can't be moved by {days} days; the years are 1970 to 9999."
        ) from None


def check_date(field: str, day: str) -> None:
    """Raise ``Invalid`` for what is no day of the years 1970 to 9999."""
    try:
        year = date.fromisoformat(day).year if _DATE.fullmatch(day) else 0
    except ValueError:
        raise Invalid(field, "There is no such day in the calendar.") from None
    if year < 1970:
        raise Invalid(field, "Write a date of the years 1970 to 9999 as YYYY-MM-DD, such as 2026-11-23.")


def checked_time(field: str, time: str) -> str:
    """Return a local time as ``HH:MM:SS``; raise ``Invalid``."""
    full = time if len(time) == 8 else f"{time}:00"
    try:
        if _TIME.fullmatch(time):
            datetime.fromisoformat(f"2000-01-01T{full}")
            return full
    except ValueError:
        pass
    raise Invalid(field, "Write a time as HH:MM or HH:MM:SS, from 00:00 to 23:59:59.")


def check_zone(field: str, name: str) -> None:
    """Raise ``Invalid`` for what is no zone."""
    if name not in zones():
        raise Invalid(field, "There is no such time zone; write its IANA name exactly, such as Europe/Paris.")
