"""Checks of rules and dates against a start, and against what a task may have."""

import re
from collections.abc import Sequence
from datetime import datetime

from domain import times
from domain.invalid import Invalid
from domain.recurrence.occurrences import most_a_day
from domain.recurrence.rule import FIELD, Freq, Rule, parse
from domain.recurrence.sets import RecurrenceSet
from schemas.records import Due

MAX_TIMES = 96
"""The most occurrences of a task in one day: one every quarter of an hour."""
MAX_COUNT = 10_000
"""The largest COUNT of a task's rule: all its occurrences are computed to know whether it has ended."""
MAX_DATES = 500
"""The most further dates and exceptions of a rule together."""
_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(T\d{2}:\d{2}(:\d{2})?Z?)?|\d{8}(T\d{6}Z?)?", re.ASCII)


def start_at(written: str, zone: str | None) -> Due:
    """Return a start that is written as in ISO 8601, with a zone if it has a time; one in UTC brings its zone along.

    Raises ``Invalid`` for the field ``start`` or ``zone``.
    """
    moment = _moment("start", written, "2026-01-31T09:00")
    if written.endswith("Z"):
        if zone not in {None, "UTC"}:
            raise Invalid("start", "The start is in UTC and the zone is another; write its local time without Z.")
        zone = "UTC"
    date, _, time = moment.isoformat().partition("T")
    if "T" not in written and zone is not None:
        raise Invalid("zone", "A zone needs a time; write the start like 2026-01-31T09:00, or leave the zone out.")
    if zone is not None:
        times.check_zone("zone", zone)
    try:
        return times.check(Due(date, time if "T" in written else None, zone), "start")
    except Invalid as error:
        raise Invalid("start", error.detail) from error


def recurrence_set(rrule: str, start: Due, rdates: Sequence[str] = (), exdates: Sequence[str] = ()) -> RecurrenceSet:
    """Return what a rule, further dates and exceptions give from a start (already checked, see ``times.check``) on.

    Dates may be joined by commas. The start counts only if the rule matches it. An UNTIL in UTC goes with a start
    without a zone, as if it were in UTC. Raises ``Invalid`` for the field ``recurrence``, ``rdates`` or ``exdates``.
    """
    rule = parse(rrule)
    check_kinds(rule, start, utc=start.zone is not None or (rule.until or "").endswith("Z"), like="start")
    rdates, exdates = ([each for text in dates for each in text.split(",")] for dates in (rdates, exdates))
    keys = dates(rdates, exdates, start, like="start")
    if keys[0] and keys[0][0] < times.key(start):
        raise Invalid("rdates", f"{keys[0][0]} is before the start, and nothing recurs before that; leave it out.")
    found = RecurrenceSet(start, rule, *keys, includes_start=False)
    alone = RecurrenceSet(start, rule, includes_start=False) if any(keys) else found
    if alone.first_match is None or next(alone.local_times(), None) is None:
        raise Invalid(FIELD, "The rule never matches from the start on; change its parts, its UNTIL or the start.")
    if next(found.occurrences(), None) is None:
        raise nothing_left()
    return found


def nothing_left() -> Invalid:
    """Return the error for exceptions that leave out every occurrence."""
    return Invalid("exdates", "The exceptions leave no occurrence; leave one of them out.")


def dates(
    rdates: Sequence[str], exdates: Sequence[str], start: Due, *, like: str = "due"
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return further dates and exceptions as local keys. Raises ``Invalid`` as ``local_keys``, and for too many."""
    if len(rdates) + len(exdates) > MAX_DATES:
        field = "rdates" if len(rdates) > MAX_DATES else "exdates"
        raise Invalid(field, f"A rule has at most {MAX_DATES} further dates and exceptions together.")
    return local_keys("rdates", rdates, start, like=like), local_keys("exdates", exdates, start, like=like)


def is_written(text: str) -> bool:
    """Return whether a text has the form of a date or a local time, or one in UTC, in ISO 8601 or RFC 5545."""
    return _DATE.fullmatch(text) is not None


def written_key(field: str, written: str) -> str:
    """Return a date or a local time that is written as in ISO 8601 as a local key. Raises ``Invalid``."""
    moment = _moment(field, written, "2026-12-31 or 2026-12-31T23:00")
    if written.endswith("Z"):
        raise Invalid(field, "An occurrence is named by its local time; write it without Z.")
    return moment.isoformat() if "T" in written else moment.date().isoformat()


def local_keys(field: str, dates: Sequence[str], start: Due, *, like: str = "due") -> tuple[str, ...]:
    """Return dates as local keys, sorted and without duplicates. Raises ``Invalid`` unless each is of the start's kind.

    A date or a local time is written as in ISO 8601 or as in RFC 5545, a time in UTC only if the start has a zone.
    ``like`` is what the error calls the start: a task has a due.
    """
    return tuple(sorted({_local_key(field, date, start, like) for date in dates}))


def _local_key(field: str, written: str, start: Due, like: str) -> str:
    example = "2026-12-31" if start.time is None else "2026-12-31T23:00"
    moment = _moment(field, written, example)
    if ("T" in written) != (start.time is not None) or (written.endswith("Z") and start.zone is None):
        kind = "a date" if start.time is None else "a local time"
        raise Invalid(field, f"{written} must be {kind}, as the {like} is: write it like {example}.")
    if written.endswith("Z"):
        moment = times.local_at(times.milliseconds(moment, None), start.zone)
    date, _, time = moment.isoformat().partition("T")
    return date if start.time is None else f"{date}T{time}"


def _moment(field: str, written: str, example: str) -> datetime:
    """Return a date or time, that in UTC without its Z. Raises ``Invalid``."""
    try:
        moment = datetime.fromisoformat(written.removesuffix("Z")) if is_written(written) else None
    except ValueError:
        moment = None
    if moment is None or moment.year < 1970:
        raise Invalid(field, f"{written[:40]!a} is no date of the years 1970 to 9999; write it like {example}.")
    return moment


def check_for_task(rule: Rule, start: Due | None) -> None:
    """Raise ``Invalid`` for the field ``recurrence`` if a rule is right, but too much for a task."""
    if rule.count is not None and rule.count > MAX_COUNT:
        raise Invalid(FIELD, f"COUNT is a number from 1 to {MAX_COUNT}.")
    begin = times.local(start) if start else datetime(1970, 1, 1)  # noqa: DTZ001 - local
    if most_a_day(rule, begin) > MAX_TIMES:
        raise Invalid(FIELD, f"A task recurs at most {MAX_TIMES} times a day; name fewer times, or a longer INTERVAL.")


def check_kinds(rule: Rule, start: Due, *, utc: bool, like: str = "due") -> None:
    """Raise ``Invalid`` if a rule's UNTIL or times are not of the start's kind (RFC 5545, section 3.3.10).

    ``utc`` is whether an UNTIL with a time must be in UTC, ``like`` what the error calls the start.
    """
    if start.time is None and rule.freq < Freq.DAILY:
        raise Invalid(FIELD, f"FREQ={rule.freq.name} needs a {like} with a time.")
    example = "20261231" if start.time is None else "20261231T230000Z" if utc else "20261231T230000"
    if rule.until is not None and len(rule.until) != len(example):
        kind = "a date" if start.time is None else "a time in UTC" if utc else "a local time"
        raise Invalid(FIELD, f"UNTIL must be {kind}, as the {like} is: write it like {example}.")
