"""Recurrence: the next occurrence of a series.

A rule (RFC 5545, section 3.3.10) counts from its series' start, DTSTART, which is the due with which the rule was set.
DTSTART is the first occurrence whether or not it matches the rule, and COUNT includes it. All arithmetic is local, the
zone is applied last: 09:00 stays 09:00 when the clocks change. A time that a change skips is kept and means the instant
defined by RFC 5545, section 3.3.5, so that no occurrence is lost; an ambiguous time means the first instant.

Gaps: no RDATE or EXDATE, and COUNT up to 10,000. COUNT restarts when the rule or the due of the open occurrence
changes.
"""

import dataclasses
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import chain, islice, takewhile
from math import inf

from msgspec.structs import replace

from domain import times
from domain.invalid import Invalid
from domain.recurrence.checks import check_for_task, check_kinds
from domain.recurrence.occurrences import ever, moments
from domain.recurrence.rule import FIELD, Rule, parse
from schemas import ids
from schemas.records import CreateOccurrence, Due, Recurrence, TaskCompleted

ACTOR = "stage:recurrence"

_WIDEST_CHANGE = timedelta(days=2)  # of a zone's clocks: Samoa once skipped a whole day


def check(rrule: str, start: Due | None) -> str:
    """Return the rule in canonical form. Raises ``Invalid`` for the field ``recurrence``.

    With ``start`` (already checked, see ``times.check``) also if the rule is incompatible with it: its UNTIL or times
    are of another kind, or it never matches from there on. Without ``start``, if the rule matches from no start at all.
    """
    rule = parse(rrule)
    check_for_task(rule, start)
    if start is None:
        if not ever(rule):
            raise Invalid(FIELD, "The rule never matches: no day fits all of its parts; change them.")
    else:
        if start.time is None and (rule.byhour or rule.byminute or rule.bysecond):
            raise Invalid(FIELD, "BYHOUR, BYMINUTE and BYSECOND need a due with a time.")
        check_kinds(rule, start, utc=start.zone is not None)
        begin = times.local(start)
        first = next(moments(rule, begin, begin), None)
        if first is None or not _until(rule, start)(first):
            raise Invalid(FIELD, "The rule never matches from the due on; change its parts, its UNTIL or the due.")
    return str(rule)


def next_due(recurrence: Recurrence, after_local: str, not_before: int | None) -> Due | None:
    """Return the first occurrence after the local key ``after_local``, None if the rule has ended.

    With ``not_before`` it is also strictly after that instant, in milliseconds since 1970; a due without a zone is
    compared as if in UTC.
    """
    start, after = recurrence.start, datetime.fromisoformat(after_local)
    floor = after if not_before is None else max(after, times.local_at(not_before, start.zone) - _WIDEST_CHANGE)
    lower = -inf if not_before is None else not_before
    for moment in _occurrences(recurrence, floor):
        if moment > after and (instant := times.milliseconds(moment, start.zone)) > lower:
            return _due(moment, start) if instant < times.END else None
    return None


def ending(event: TaskCompleted) -> CreateOccurrence | None:
    """Return the command that ends a series after a completed occurrence; None if its rule ends there.

    If nothing would follow without COUNT and UNTIL either, the calendar ends.
    """
    task = event.task
    if task.recurrence is None or task.series is None or task.occurrence is None or task.due is None:
        return None
    endless = dataclasses.replace(parse(task.recurrence.rrule), count=None, until=None)
    if next_due(replace(task.recurrence, rrule=str(endless)), task.occurrence, event.at):
        return None
    return CreateOccurrence(
        id=command_of(event.id),
        user=event.user,
        at=event.at,
        actor=ACTOR,
        task=task.id,
        series=task.series,
        previous=task.id,
        after=task.occurrence,
        occurrence=task.occurrence,
        due=task.due,
        rule_version=task.recurrence.version,
        cause=event.id,
        ends="The next occurrence would be due after the year 9999; the series ends.",
    )


def following(event: TaskCompleted) -> CreateOccurrence | None:
    """Return the command that creates the occurrence following a completed one; None if there is none.

    It is the first occurrence after the completed one and after the completion: those missed meanwhile are skipped.
    """
    task = event.task
    if task.recurrence is None or task.series is None or task.occurrence is None:
        return None
    due = next_due(task.recurrence, task.occurrence, event.at)
    if due is None:
        return None
    occurrence, version = times.key(due), task.recurrence.version
    return CreateOccurrence(
        id=command_of(event.id),
        user=event.user,
        at=event.at,
        actor=ACTOR,
        task=ids.occurrence(task.series, occurrence, version),
        series=task.series,
        previous=task.id,
        after=task.occurrence,
        occurrence=occurrence,
        due=due,
        rule_version=version,
        cause=event.id,
    )


def command_of(completion: str) -> str:
    """Return the id of the command that a completion leads to, derived from the id of its event."""
    return ids.derive("command", completion)


def _occurrences(recurrence: Recurrence, floor: datetime) -> Iterator[datetime]:
    """Yield a series' occurrences in order, DTSTART first; without COUNT, those before ``floor`` may be left out."""
    rule, begin = parse(recurrence.rrule), times.local(recurrence.start)
    found = moments(rule, begin, begin if rule.count else floor, calendar_years=True)
    series = chain((begin,), (moment for moment in found if moment > begin))
    return takewhile(_until(rule, recurrence.start), islice(series, rule.count))


def _until(rule: Rule, start: Due) -> Callable[[datetime], bool]:
    """Return a predicate: whether the rule's UNTIL includes a local time."""
    if rule.until is None:
        return lambda _: True
    if start.zone is None:
        last = datetime.fromisoformat(rule.until)
        return lambda moment: moment <= last
    end = times.milliseconds(datetime.fromisoformat(rule.until.rstrip("Z")), None)
    return lambda moment: times.milliseconds(moment, start.zone) <= end


def _due(moment: datetime, start: Due) -> Due:
    date, _, time = moment.isoformat().partition("T")
    return Due(date, time if start.time else None, start.zone)
