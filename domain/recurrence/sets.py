"""Recurrence sets (RFC 5545, section 3.8.5): the occurrences of a start, a rule, further dates and exceptions.

A rule's times are wall-clock times, and the zone is applied last. A time that the clocks skip has the offset before the
gap (section 3.3.5), so it is shown as a later one that the clocks do show; an ambiguous time is the first of the two.
One instant is one occurrence: on Samoa's clocks, which had no 30 December 2011, a daily rule has that day's occurrence
on the 31st, and only one. COUNT counts what remains of the rule then, exceptions included and further dates excluded.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from heapq import heappop, heappush, merge
from itertools import chain, dropwhile, filterfalse, islice, takewhile
from zoneinfo import ZoneInfo

from domain import times
from domain.recurrence.kept import Kept
from domain.recurrence.occurrences import moments
from domain.recurrence.rule import Rule
from schemas.records import Due

WIDEST_CHANGE = timedelta(days=2)
"""More than any zone's clocks were ever moved forward: Samoa skipped a whole day."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """An occurrence: a date or time that the clocks show."""

    due: Due
    planned: str | None = None
    """The local key of the time that the rule names, if the clocks skip it; None if it is the due's."""

    @property
    def key(self) -> str:
        """Return its local key, which identifies it in its series. Keys sort as times do."""
        return times.key(self.due)

    @property
    def instant(self) -> int | None:
        """Return its instant in milliseconds since 1970; None without a zone."""
        return times.instant(self.due)


@dataclass(frozen=True)
class RecurrenceSet:
    """A recurrence set: ``start`` (DTSTART), a rule, and local keys of further dates (RDATE) and exceptions (EXDATE).

    The start is the earliest that an occurrence may be: further dates before it are ignored.

    With ``includes_start``, as for a task, the start is the first occurrence whether or not the rule matches it, and
    COUNT includes it. Without, only what the rule matches counts.
    """

    start: Due
    rule: Rule | None = None
    rdates: tuple[str, ...] = ()
    exdates: tuple[str, ...] = ()
    includes_start: bool = True
    ends: str | None = None
    """The local key before which the set ends; None for never."""
    then: "RecurrenceSet | None" = None
    """The set that follows from there on, of the same kind and zone."""

    def occurrences(self, floor: str | None = None) -> Iterator[Occurrence]:
        """Yield the occurrences in order, all of them or those whose key is ``floor`` or later."""
        planned: dict[datetime, datetime] = {}
        for moment in self._moments(None if floor is None else datetime.fromisoformat(floor), planned):
            named = planned.pop(moment, None) if planned else None
            found = Occurrence(self._due(moment), None if named is None else times.key(self._due(named)))
            if self.ends is not None and found.key >= self.ends:
                break
            yield found
        if self.then is not None:
            yield from self.then.occurrences(floor)

    def local_times(self, floor: datetime | None = None) -> Iterator[datetime]:
        """Yield the occurrences' local times in order, all of them or those from ``floor`` on."""
        return self._moments(floor, {})

    def _moments(self, floor: datetime | None, planned: dict[datetime, datetime]) -> Iterator[datetime]:
        """Yield local times as ``local_times``; ``planned`` gets what was moved, by where it is now."""
        found = self._by_rule(datetime.min if floor is None else floor, planned)  # noqa: DTZ901 - local
        if self._extra:
            found = _distinct(merge(found, self._extra))
        if floor is not None:
            found = dropwhile(lambda each: each < floor, found)
        return filterfalse(self._excluded.__contains__, found) if self._excluded else found

    def after(self, key: str) -> Occurrence | None:
        """Return the first occurrence later than a local key; None if there is none."""
        return next((each for each in self.occurrences(key) if each.key > key), None)

    def after_instant(self, instant: int, zone: str | None = None) -> Occurrence | None:
        """Return the first occurrence later than an instant, in milliseconds since 1970; None if there is none.

        Without a zone of its own, the local times are those of ``zone`` (UTC if None), and a date is its midnight.
        """
        zone = self.start.zone or zone
        near = times.local_at(instant, zone) - timedelta(days=1)  # a local time may occur twice
        found = self.occurrences(times.key(self._due(near)))
        return next((each for each in found if times.milliseconds(times.local(each.due), zone) > instant), None)

    @property
    def bound(self) -> datetime:
        """A local time, or one in UTC, after which the set, without that which follows, has at most further dates."""
        if (rule := self.effective_rule) is not None and rule.count is not None:
            return self._counted.bound
        until = (rule.until or "").rstrip("Z") if rule else ""
        bounds = (datetime.fromisoformat(each) for each in (until, self.ends) if each)
        return min(bounds, default=datetime.max)  # noqa: DTZ901 - local

    @cached_property
    def first_match(self) -> datetime | None:
        """The first local time that the rule matches, ignoring UNTIL; later searches begin there."""
        begin = times.local(self.start)
        return next(moments(self.effective_rule, begin, begin), None) if self.effective_rule else None

    @cached_property
    def effective_rule(self) -> Rule | None:
        """The rule; for dates, without times of day, which RFC 5545, section 3.3.10, says to ignore then."""
        if self.rule is None or self.start.time is not None:
            return self.rule
        return replace(self.rule, byhour=(), byminute=(), bysecond=())

    @cached_property
    def _zone(self) -> ZoneInfo | None:
        return times.zone(self.start.zone) if self.start.zone else None

    @cached_property
    def _extra(self) -> list[datetime]:
        start = times.key(self.start)
        return sorted({self._on_clock(datetime.fromisoformat(key)) for key in self.rdates if key >= start})

    @cached_property
    def _excluded(self) -> frozenset[datetime]:
        return frozenset(self._on_clock(datetime.fromisoformat(key)) for key in self.exdates)

    def _by_rule(self, floor: datetime, planned: dict[datetime, datetime]) -> Iterator[datetime]:
        """Yield the start and the rule's moments as shown; those before ``floor`` may be left out."""
        begin = times.local(self.start)
        if self.effective_rule is None:
            return iter((self._on_clock(begin),) if self.includes_start else ())
        if self.effective_rule.count is not None:
            return self._counted.since(floor, planned)
        near = begin if floor - begin < WIDEST_CHANGE else floor - WIDEST_CHANGE
        known: datetime | None = self.__dict__.get("first_match")
        found = self._shown(self.effective_rule, max(near, known) if known else near, planned)
        return found if self.effective_rule.until is None else takewhile(self._until(), found)

    @cached_property
    def _counted(self) -> Kept:
        """The start and the moments of a rule with COUNT: which these are is known from the start on only."""
        assert self.effective_rule is not None
        planned: dict[datetime, datetime] = {}
        found = self._shown(self.effective_rule, times.local(self.start), planned)
        return Kept(islice(found, self.effective_rule.count), planned)

    def _shown(self, rule: Rule, near: datetime, planned: dict[datetime, datetime]) -> Iterator[datetime]:
        """Yield the start and the moments of a rule from ``near`` on as the clocks show them."""
        begin = times.local(self.start)
        found = moments(rule, begin, near)
        if self._zone is not None:
            found = self._on_clocks(found, self._zone, planned)
        if not self.includes_start:
            return found
        first = self._on_clock(begin)
        return chain((first,), (moment for moment in found if moment > first))

    @staticmethod
    def _on_clocks(found: Iterable[datetime], zone: ZoneInfo, planned: dict[datetime, datetime]) -> Iterator[datetime]:
        """Yield moments as the clocks show them, in order, one an instant; ``planned`` gets what was moved."""
        moved: list[datetime] = []
        for moment in found:
            while moved and moved[0] <= moment:
                if (earlier := heappop(moved)) < moment and (not moved or moved[0] > earlier):
                    yield earlier
            if (clock := on_clock(moment, zone)) is moment:
                planned.pop(moment, None)
                yield moment
            elif clock not in planned:
                planned[clock] = moment
                heappush(moved, clock)
        yield from _distinct(sorted(moved))

    def _on_clock(self, moment: datetime) -> datetime:
        return moment if self._zone is None else on_clock(moment, self._zone)

    def _until(self) -> Callable[[datetime], bool]:
        """Return a predicate: whether the rule's UNTIL includes a moment."""
        assert self.rule is not None
        until, zone = self.rule.until or "", self.start.zone
        last = datetime.fromisoformat(until.rstrip("Z"))
        if zone is None or not until.endswith("Z"):
            return lambda moment: moment <= last
        end = times.milliseconds(last, None)
        return lambda moment: times.milliseconds(moment, zone) <= end

    def _due(self, moment: datetime) -> Due:
        date, _, time = moment.isoformat().partition("T")
        return Due(date, time if self.start.time else None, self.start.zone)


def on_clock(moment: datetime, zone: ZoneInfo) -> datetime:
    """Return the local time that the clocks show at a local time's instant: a later one within a gap."""
    before, after = zone.utcoffset(moment), zone.utcoffset(moment.replace(fold=1))
    assert before is not None
    assert after is not None
    return moment + (after - before) if after > before else moment


def _distinct(found: Iterable[datetime]) -> Iterator[datetime]:
    """Yield sorted moments without repetition."""
    last = None
    for moment in found:
        if moment != last:
            yield moment
        last = moment
