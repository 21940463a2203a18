"""Dates in filters, and the time spans that they resolve to at an instant, in a time zone.

A date stays relative (``today+7d``) until a filter is evaluated, so that a saved filter moves with the days. It then
resolves to a span: ``2026-12-01`` to a day, ``2026-12-01T09:00`` to a minute, ``now`` to a millisecond. Before a date
means before its span begins, after it means after the span has ended.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from domain import times
from schemas.records import Due

FIRST = date(1970, 1, 1)
LAST = date(9998, 12, 31)
"""The last day that a filter may name: the next day must still be in Python's and Postgres's calendars."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST = 9999
"""The most units that a date is moved by."""

_DAYS = {"today": 0, "tomorrow": 1, "yesterday": -1}
_MILLISECOND = timedelta(milliseconds=1)
_OF_A_CLOCK = {"h": timedelta(hours=1), "min": timedelta(minutes=1)}


class Op(StrEnum):
    """A comparison operator; `!=` is the negation of `=`."""

    IS = "="
    BEFORE = "<"
    UNTIL = "<="
    AFTER = ">"
    FROM = ">="


class Unit(StrEnum):
    """A unit that a date is moved by; hours and minutes move only ``now``."""

    DAY = "d"
    WEEK = "w"
    MONTH = "m"
    YEAR = "y"
    HOUR = "h"
    MINUTE = "min"


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar."""

    day: date

    def __str__(self) -> str:
        return self.day.isoformat()


@dataclass(frozen=True, slots=True)
class Moment:
    """A local date and time: a minute, or a second if seconds were written."""

    local: datetime
    seconds: bool = False

    def __str__(self) -> str:
        return self.local.isoformat(timespec="seconds" if self.seconds else "minutes")


@dataclass(frozen=True, slots=True)
class Relative:
    """A date relative to now: ``base`` is today, tomorrow, yesterday, now, or a weekday, which means the next one."""

    base: str
    amount: int = 0
    unit: Unit = Unit.DAY

    def __str__(self) -> str:
        return f"{self.base}{self.amount:+d}{self.unit}" if self.amount else self.base


Date = Day | Moment | Relative


@dataclass(frozen=True, slots=True)
class Clock:
    """When and where a filter is evaluated: an instant in milliseconds since 1970, and the IANA name of a time zone."""

    now: int
    zone: str

    @property
    def local(self) -> datetime:
        """The local date and time, without a zone."""
        return times.local_at(self.now, self.zone)

    @property
    def today(self) -> date:
        """The local day."""
        return self.local.date()


@dataclass(frozen=True, slots=True)
class Edge:
    """A point in time: values without a zone are compared with ``local``, instants with ``instant``."""

    local: datetime
    instant: int


@dataclass(frozen=True, slots=True)
class Span:
    """A half-open interval: from an edge, up to but excluding another; None is unbounded."""

    first: Edge | None
    end: Edge | None

    def holds(self, instant: int) -> bool:
        """Return whether an instant (milliseconds since 1970) is within."""
        return (self.first is None or self.first.instant <= instant) and (
            self.end is None or instant < self.end.instant
        )

    def holds_local(self, local: datetime) -> bool:
        """Return whether a local date and time is within."""
        return (self.first is None or self.first.local <= local) and (self.end is None or local < self.end.local)

    def holds_due(self, due: Due) -> bool:
        """Return whether a due or a start is within: by its instant if it has a zone, else by its local time."""
        instant = times.instant(due)
        return self.holds_local(times.local(due)) if instant is None else self.holds(instant)


def compared(op: Op, when: Date, clock: Clock) -> Span:
    """Return the span of times for which a comparison with a date holds, as seen by ``clock``."""
    span = resolve(when, clock)
    match op:
        case Op.IS:
            return span
        case Op.BEFORE:
            return Span(None, span.first)
        case Op.UNTIL:
            return Span(None, span.end)
        case Op.AFTER:
            return Span(span.end, None)
        case Op.FROM:
            return Span(span.first, None)


def resolve(when: Date, clock: Clock) -> Span:
    """Return the span that a date resolves to, as seen by ``clock``."""
    match when:
        case Day(day):
            return _day(day, clock.zone)
        case Moment(local, seconds):
            width = timedelta(seconds=1) if seconds else timedelta(minutes=1)
            return _moment(local, times.milliseconds(local, clock.zone), width)
        case Relative("now", amount, unit):
            return _now(clock, amount, unit)
        case Relative(base, amount, unit):
            return _day(_moved(_base(base, clock.today), amount, unit), clock.zone)


def _day(day: date, zone: str) -> Span:
    """Return the span of a day: it begins at its first midnight, or if the zone skips that, at the next time."""
    first, end = (datetime.combine(each, time()) for each in (day, day + timedelta(days=1)))
    return Span(Edge(first, times.milliseconds(first, zone)), Edge(end, times.milliseconds(end, zone)))


def _moment(local: datetime, instant: int, width: timedelta) -> Span:
    return Span(Edge(local, instant), Edge(local + width, instant + width // _MILLISECOND))


def _now(clock: Clock, amount: int, unit: Unit) -> Span:
    if unit in _OF_A_CLOCK:
        clock = Clock(clock.now + amount * (_OF_A_CLOCK[unit] // _MILLISECOND), clock.zone)
    elif amount:
        local = datetime.combine(_moved(clock.today, amount, unit), clock.local.time())
        return _moment(local, times.milliseconds(local, clock.zone), _MILLISECOND)
    return _moment(clock.local, clock.now, _MILLISECOND)


def _base(name: str, today: date) -> date:
    if name in _DAYS:
        return today + timedelta(days=_DAYS[name])
    return today + timedelta(days=(WEEKDAYS.index(name) - today.weekday() - 1) % 7 + 1)


def _moved(day: date, amount: int, unit: Unit) -> date:
    """Return the day moved, clamped to the end of a shorter month and to the calendar of filters."""
    try:
        moved = _moved_freely(day, amount, unit)
    except (OverflowError, ValueError):
        moved = LAST if amount > 0 else FIRST
    return min(max(moved, FIRST), LAST)


def _moved_freely(day: date, amount: int, unit: Unit) -> date:
    if unit in (Unit.DAY, Unit.WEEK):
        return day + timedelta(days=amount * (7 if unit is Unit.WEEK else 1))
    months = day.year * 12 + day.month - 1 + amount * (12 if unit is Unit.YEAR else 1)
    year, month = months // 12, months % 12 + 1
    return date(year, month, min(day.day, monthrange(year, month)[1]))
