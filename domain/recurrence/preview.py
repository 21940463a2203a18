"""Previews: the first occurrences of a recurrence set, and why one is moved or left out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice, takewhile
from typing import Literal

from domain import times
from domain.recurrence.filling import with_day_of
from domain.recurrence.lacking import Lack, lacks
from domain.recurrence.language import Language
from domain.recurrence.occurrences import moments
from domain.recurrence.rule import Rule, Skip
from domain.recurrence.sets import WIDEST_CHANGE, Occurrence, RecurrenceSet, on_clock

MOST = 1_000
"""The most occurrences of a preview."""
_MOST_LEFT_OUT = 2 * MOST

Cause = Literal["clocks", "calendar", "exception"]
"""What moves an occurrence or leaves one out: the clocks skip its time, a month or year lacks its day, or an EXDATE."""


@dataclass(frozen=True)
class Previewed:
    """An occurrence, and if it is moved, from where and why."""

    occurrence: Occurrence
    planned: str | None = None
    """What the rule says: a local key, also of a day that does not exist; None if it isn't moved or has none."""
    moved_by: Cause | None = None
    reason: str | None = None


@dataclass(frozen=True)
class Omitted:
    """What is left out, and why."""

    planned: str | None
    """What the rule says: a local key or a day, also one that does not exist; None if it has no such key."""
    omitted_by: Cause
    reason: str


@dataclass(frozen=True)
class Preview:
    """The first occurrences of a set, and what is left out from its start to the last of these."""

    occurrences: tuple[Previewed, ...]
    omitted: tuple[Omitted, ...]
    ended: bool
    """Whether there are no more."""


def preview(found: RecurrenceSet, most: int, words: Language) -> Preview:
    """Return the first ``most`` occurrences of a set, with reasons in a language."""
    within = takewhile(lambda each: times.is_in_calendar(each.due), found.occurrences())
    several = list(islice(within, most + 1))
    first, ended = several[:most], len(several) <= most
    if not first:
        return Preview((), (), ended)
    lacking = list(_lacking(found, first[-1]))
    moved = _moved(found, lacking)
    listed = tuple(_previewed(each, moved, found, words) for each in first)
    left_out = [
        *_lacking_left_out(found, lacking, first[-1], words),
        *_excepted(found, first, words),
        *_clashing(found, first, words),
    ]
    return Preview(listed, tuple(each for _, each in sorted(left_out, key=lambda pair: pair[0])), ended)


def _previewed(each: Occurrence, moved: dict[str, Lack], found: RecurrenceSet, words: Language) -> Previewed:
    if each.planned is not None:
        return Previewed(each, each.planned, "clocks", words.skipped(found.start.zone or "", each.planned[11:], None))
    if (lack := moved.get(each.due.date)) is None:
        return Previewed(each)
    written = lack.written and (lack.written if each.due.time is None else f"{lack.written}T{each.due.time}")
    return Previewed(each, written, "calendar", words.lacks(lack))


def _lacking(found: RecurrenceSet, last: Occurrence) -> Iterator[Lack]:
    """Yield the days up to the last occurrence that a set's rule names and that do not exist."""
    if (rule := found.effective_rule) is not None and not rule.bysetpos:
        start = times.local(found.start)
        yield from islice(
            lacks(with_day_of(rule, start), start.date(), date.fromisoformat(last.due.date)), _MOST_LEFT_OUT
        )


def _moved(found: RecurrenceSet, lacking: Sequence[Lack]) -> dict[str, Lack]:
    """Return what is moved to a day that the rule does not name itself, by that day."""
    if (rule := found.effective_rule) is None or rule.skip is Skip.OMIT:
        return {}
    start = times.local(found.start)
    landing = {day: lack for lack in lacking if (day := lack.moved(rule.skip))}
    begin = datetime.fromordinal(max(min(landing, default=1), 1))
    own = takewhile(lambda each: each.toordinal() <= max(landing, default=0), _without_skip(rule, start, begin))
    kept = landing.keys() - {each.toordinal() for each in own}
    return {date.fromordinal(day).isoformat(): landing[day] for day in kept if 0 < day <= date.max.toordinal()}


def _without_skip(rule: Rule, start: datetime, floor: datetime) -> Iterator[datetime]:
    """Yield the moments that exist without a SKIP; of each day only the first."""
    days = replace(with_day_of(rule, start), skip=Skip.OMIT, byhour=(), byminute=(), bysecond=())
    return moments(days, start, floor)


def _lacking_left_out(
    found: RecurrenceSet, lacking: Sequence[Lack], last: Occurrence, words: Language
) -> Iterator[tuple[str, Omitted]]:
    if (rule := found.effective_rule) is not None:
        for lack in (each for each in lacking if each.moved(rule.skip) is None):
            day = date.fromordinal(max(lack.before, 1)).isoformat()
            if found.start.date <= day < last.due.date:
                yield day, Omitted(lack.written, "calendar", words.lacks(lack))


def _excepted(found: RecurrenceSet, first: Sequence[Occurrence], words: Language) -> Iterator[tuple[str, Omitted]]:
    """Yield the exceptions that leave out an occurrence."""
    if found.exdates:
        kept, last = {each.key for each in first}, first[-1].key
        every = takewhile(lambda each: each.key <= last, replace(found, exdates=()).occurrences())
        for each in every:
            if each.key not in kept:
                yield each.key, Omitted(each.key, "exception", words.excepted())


def _clashing(found: RecurrenceSet, first: Sequence[Occurrence], words: Language) -> Iterator[tuple[str, Omitted]]:
    """Yield the times that the clocks skip and whose instant is that of another occurrence."""
    rule, start = found.effective_rule, times.local(found.start)
    if rule is None or found.start.zone is None:
        return
    zone, last = times.zone(found.start.zone), times.local(first[-1].due)
    near = max(start, times.local(first[0].due) - WIDEST_CHANGE)
    named = list(takewhile(lambda each: each <= last, islice(moments(rule, start, near), _MOST_LEFT_OUT)))
    taken = set(named)
    for moment in named:
        clock = on_clock(moment, zone)
        if clock != moment and clock in taken:
            key = moment.isoformat()
            reason = words.skipped(found.start.zone, key[11:], clock.isoformat())
            yield key, Omitted(key, "clocks", reason)
        taken.add(clock)
