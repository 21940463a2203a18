"""Recurrence from decision version 6 on: the occurrence that follows a closed one.

Candidates are the slots after the closed one. A slot has *passed* once its time has come: a time in a zone at its
instant, a floating time when the clocks in the user's zone show it, a date when its day is over there. Of those that
have passed, ``SKIP`` opens none, but the first that has not; ``LATEST`` opens the last one, and ``EACH`` every one. So
an early completion neither repeats nor skips a slot.

By the calendar an occurrence *comes* at its time, a date when its day begins. The next one is the last that has come,
or the first after the closed one if none has; with ``EACH``, the first, but at most ``MOST_OPEN`` that have come.

Counted from completion, the rule starts on the day of the completion, at the slot's time of day; the next occurrence is
the first after that start and after the completion, other than the closed slot. Where a month lacks that day, its last
one is meant. A rule with a frequency below a day starts at the time of completion.
"""

import dataclasses
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import chain, takewhile
from operator import attrgetter

from msgspec.structs import replace

from domain import times
from domain.decision import BEFORE_8, VERSION, Command
from domain.invalid import Invalid
from domain.recurrence import keys, overrides
from domain.recurrence.checks import dates as check_dates
from domain.recurrence.checks import nothing_left
from domain.recurrence.rule import Freq, Rule, Skip, parse
from domain.recurrence.sets import Occurrence, RecurrenceSet
from domain.recurrence.succession import ACTOR, command_of
from schemas import ids
from schemas.records import (
    Closing,
    CreateOccurrence,
    Due,
    Missed,
    Override,
    Recurrence,
    Repeats,
    Task,
    TaskCompleted,
    TaskMissed,
    TaskSkipped,
)

Closed = TaskCompleted | TaskSkipped | TaskMissed
"""Events that close an occurrence and let its series go on."""
Passed = Callable[[Occurrence], bool]

_ENDS = "The next occurrence would be due after the year 9999; the series ends."
MOST_OPEN = 50
"""The most occurrences of a series by the calendar that are open at once."""
_SPANS = (timedelta(days=2), timedelta(days=62), timedelta(days=1100))
"""Spans before an instant in which its latest occurrence is searched, before all of them are."""


def following(event: Closed, version: str = VERSION) -> CreateOccurrence | None:
    """Return the command that creates the occurrence after a closed one, or that ends a series with the calendar.

    Return None outside a series, and if its rule ends there.
    """
    task = event.task
    if task.recurrence is None or task.series is None or task.occurrence is None:
        return None
    if due := next_due(task.recurrence, task, event, version):
        return creation(event, task.id, task.recurrence, task.occurrence, series=task.series, due=due)
    is_ended = version not in BEFORE_8 and any(each.following and each.deleted for each in task.recurrence.overrides)
    if is_ended or _ends_by_itself(task.recurrence, task, event, version):
        return None
    slot = keys.slot_due(task.recurrence, task.occurrence)
    ended = creation(event, task.id, task.recurrence, task.occurrence, series=task.series, due=slot)
    return replace(ended, task=task.id, occurrence=task.occurrence, ends=_ENDS)


def _ends_by_itself(recurrence: Recurrence, task: Task, event: Closed, version: str) -> bool:
    """Return whether a series that has ended would go on without its COUNT and UNTIL."""
    rule = parse(recurrence.rrule)
    if rule.count is None and rule.until is None:
        return False
    endless = dataclasses.replace(rule, count=None, until=None)
    return next_due(replace(recurrence, rrule=str(endless)), task, event, version) is not None


def next_due(recurrence: Recurrence, task: Task, event: Closed, version: str = VERSION) -> Due | None:
    """Return when the occurrence after a closed task is due, None if the rule or the calendar has none."""
    if recurrence.repeats is Repeats.COMPLETION:
        found = _from_completion(recurrence, task, event, version)
    elif recurrence.repeats is Repeats.CALENDAR:
        found = by_calendar(recurrence, task.occurrence or "", closed_at(event), event.zone)
    else:
        found = _scheduled(recurrence, task.occurrence or "", closed_at(event), event.zone)
    return found.due if found and times.is_in_calendar(found.due) else None


def closed_at(event: Closed) -> int:
    """Return when a task was closed: earlier than the event, if that undoes a reopening."""
    return event.at if event.task.completed_at is None else event.task.completed_at


def advanced(recurrence: Recurrence | None, due: Due) -> Recurrence | None:
    """Return the recurrence of the next occurrence, without overrides up to it: from completion, it starts there."""
    if recurrence is None:
        return None
    if recurrence.repeats is not Repeats.COMPLETION:
        return come_to(recurrence, times.key(due))
    return replace(recurrence, start=due, before=recurrence.before + 1)


def come_to(recurrence: Recurrence, occurrence: str) -> Recurrence:
    """Return the recurrence that an occurrence has, without the overrides up to it."""
    switch = overrides.switch(recurrence)
    if switch and not switch.deleted and overrides.begins(recurrence, switch) <= occurrence:
        return come_to(switched(recurrence, switch), occurrence)
    return overrides.after(recurrence, occurrence)


def series_set(recurrence: Recurrence) -> RecurrenceSet:
    """Return the occurrences of a series from its start on, without those that were closed before they came.

    COUNT is what remains of it there.
    """
    rule = parse(recurrence.rrule)
    if rule.count is not None:
        rule = dataclasses.replace(rule, count=max(rule.count - recurrence.before, 1))
    left_out = (*recurrence.exdates, *overrides.closed(recurrence))
    own = RecurrenceSet(recurrence.start, rule, recurrence.rdates, left_out)
    if (switch := overrides.switch(recurrence)) is None:
        return own
    then = None if switch.deleted else series_set(switched(recurrence, switch))
    return dataclasses.replace(own, ends=keys.shown_key(recurrence, switch.slot), then=then)


def switched(recurrence: Recurrence, switch: Override) -> Recurrence:
    """Return the recurrence from the slot of an override on. COUNT counts on, but that of a new rule."""
    assert switch.fields is not None
    parts = {name: getattr(switch.fields, name) for name in overrides.RULE if name in switch.changed}
    return replace(
        recurrence,
        **parts,
        start=overrides.due_of(switch) or keys.slot_due(recurrence, switch.slot),
        version=recurrence.version + 1,
        before=0 if "rrule" in parts else ordinal(recurrence, switch.slot),
        overrides=tuple(each for each in recurrence.overrides if each != switch),
    )


def checked(recurrence: Recurrence) -> Recurrence:
    """Return a recurrence with its dates in canonical form. Raises ``Invalid`` if they don't go with its start."""
    if recurrence.repeats is Repeats.COMPLETION and recurrence.rdates:
        raise Invalid("rdates", "A rule that is counted from completion has no further dates; leave them out.")
    dates = check_dates(recurrence.rdates, recurrence.exdates, recurrence.start)
    recurrence = replace(recurrence, rdates=dates[0], exdates=dates[1])
    if recurrence.exdates and next(series_set(recurrence).occurrences(), None) is None:
        raise nothing_left()
    return recurrence


def ordinal(recurrence: Recurrence, occurrence: str) -> int:
    """Return how many occurrences the series has before this one, without further dates, as COUNT counts them."""
    if recurrence.repeats is Repeats.COMPLETION or parse(recurrence.rrule).count is None:
        return recurrence.before
    own = RecurrenceSet(recurrence.start, parse(recurrence.rrule)).occurrences()
    until = sum(1 for _ in takewhile(lambda each: each.key <= occurrence, own))
    return recurrence.before + max(until - 1, 0)


def has_passed(due: Due, at: int, zone: str | None) -> bool:
    """Return whether the time of a due has come at an instant; ``zone`` is the user's, None for UTC."""
    if due.zone is not None:
        return times.milliseconds(times.local(due), due.zone) <= at
    here = times.local_at(at, zone)
    return due.date < here.date().isoformat() if due.time is None else times.local(due) <= here


def has_come(due: Due, at: int, zone: str | None) -> bool:
    """Return whether the time, or the day, of a due has begun at an instant; ``zone`` is the user's, None for UTC."""
    if due.time is None:
        return due.date <= times.local_at(at, zone).date().isoformat()
    return has_passed(due, at, zone)


def by_calendar(recurrence: Recurrence, closed: str, at: int, zone: str | None) -> Occurrence | None:
    """Return the occurrence of a series by the calendar that opens at an instant after another one."""
    found, closed = series_set(recurrence), keys.shown_key(recurrence, closed)
    most = MOST_OPEN if recurrence.missed is Missed.EACH else 1
    here = times.local_at(at, recurrence.start.zone or zone)
    moved = overrides.moved(recurrence)
    come = last(found, closed, here, lambda each: has_come(moved.get(each.key, each.due), at, zone), most)
    return come[0] if come else found.after(closed)


def _scheduled(recurrence: Recurrence, closed: str, at: int, zone: str | None) -> Occurrence | None:
    found, closed = series_set(recurrence), keys.shown_key(recurrence, closed)
    if recurrence.missed is Missed.EACH:
        return found.after(closed)
    here = times.local_at(at, recurrence.start.zone or zone)
    moved = overrides.moved(recurrence)
    passed = _passed(moved, at, zone)
    slots = (Occurrence(keys.slot_due(recurrence, key)) for key in sorted(moved) if key > closed)
    waits = next((each for each in slots if not passed(each)), None)
    if recurrence.missed is Missed.LATEST and (latest := last(found, closed, here, _before(waits, passed))):
        return latest[0]
    first = next((each for each in _after(found, closed, here - _SPANS[0]) if not passed(each)), None)
    return min((each for each in (waits, first) if each), key=attrgetter("key"), default=None)


def _passed(moved: Mapping[str, Due], at: int, zone: str | None) -> Passed:
    return lambda each: has_passed(moved.get(each.key, each.due), at, zone)


def _before(waits: Occurrence | None, passed: Passed) -> Passed:
    """Return whether an occurrence has passed and comes before a moved one that has not, which is not passed over."""
    return passed if waits is None else lambda each: each.key < waits.key and passed(each)


def last(found: RecurrenceSet, closed: str, here: datetime, passed: Passed, most: int = 1) -> deque[Occurrence]:
    """Return the last occurrences after the closed one, and near a local time, that have passed, in order."""
    if found.then is None:
        return _last(found, closed, here, passed, most)
    later = last(found.then, closed, here, passed, most)
    own = dataclasses.replace(found, then=None)
    return deque((*_last(own, closed, here, passed, most - len(later)), *later))


def _last(found: RecurrenceSet, closed: str, here: datetime, passed: Passed, most: int) -> deque[Occurrence]:
    first, latest = found.after(closed), deque[Occurrence]()
    if first is None or not passed(first):
        return latest
    for span in (*_SPANS, here - datetime.fromisoformat(closed)):
        near = _after(found, closed, min(here, found.bound) - max(span, _SPANS[0]))
        head = next(near, None)
        latest = deque(takewhile(passed, chain(filter(None, (head,)), near)), maxlen=most)
        if len(latest) == most or head == first:  # there are none before them
            break
    return latest


def _after(found: RecurrenceSet, closed: str, floor: datetime) -> Iterator[Occurrence]:
    """Yield the occurrences after the closed one, those before ``floor`` left out."""
    near = max(datetime.fromisoformat(closed), floor.replace(microsecond=0)).isoformat()
    return (each for each in found.occurrences(near) if each.key > closed)


def _from_completion(recurrence: Recurrence, task: Task, event: Closed, version: str) -> Occurrence | None:
    rule = parse(recurrence.rrule)
    if rule.count is not None and recurrence.before + 1 >= rule.count:
        return None
    slot, at = keys.slot_due(recurrence, task.occurrence or ""), closed_at(event)
    zone = slot.zone or event.zone
    if task.closing is not Closing.DONE:  # closed without being done: not before its own time
        at = max(at, times.milliseconds(times.local(slot), zone))
    start = _start_at(slot, times.local_at(at, zone), rule)
    found = RecurrenceSet(start, _from_any_day(rule), (), recurrence.exdates, includes_start=False)
    if version in BEFORE_8 and rule.freq >= Freq.DAILY:
        later = (each for each in found.occurrences() if each.due.date > start.date)
    else:
        others = (each for each in found.occurrences() if rule.freq < Freq.DAILY or each.key > times.key(start))
        later = (each for each in others if times.milliseconds(times.local(each.due), zone) > at)
    return next((each for each in later if each.due != slot), None)


def _from_any_day(rule: Rule) -> Rule:
    """Return a rule that any day may start: where its months lack the start's day, they have their last one instead."""
    names_days = rule.bymonthday or rule.byyearday or rule.byday or rule.byweekno
    clamps = rule.skip is Skip.OMIT and not names_days
    return dataclasses.replace(rule, count=None, skip=Skip.BACKWARD if clamps else rule.skip)


def _start_at(slot: Due, here: datetime, rule: Rule) -> Due:
    """Return the start of a rule that is counted from a local time."""
    if slot.time is None:
        return Due(here.date().isoformat())
    time = slot.time if rule.freq >= Freq.DAILY else here.time().replace(microsecond=0).isoformat()
    return Due(here.date().isoformat(), time, slot.zone)


def creation(
    source: Command, previous: str, recurrence: Recurrence, occurrence: str, *, series: str, due: Due
) -> CreateOccurrence:
    """Return the command, derived from another record, that creates an occurrence after a previous task's."""
    key = times.key(due)
    ordered = f"{key}#{recurrence.before + 1}" if recurrence.repeats is Repeats.COMPLETION else key
    return CreateOccurrence(
        id=command_of(source.id),
        user=source.user,
        at=source.at,
        actor=ACTOR,
        task=ids.occurrence(series, ordered, recurrence.version),
        series=series,
        previous=previous,
        after=occurrence,
        occurrence=key,
        due=due,
        rule_version=recurrence.version,
        cause=source.id,
    )
