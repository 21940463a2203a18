"""``python -m bench.hostile``: what rules cost that match rarely, never or very often, wherever a rule is evaluated.

The rules are generated: every FREQ with large INTERVALs, BY parts that rarely match, COUNT at its limit, from starts at
both ends of the calendar, with a zone and without. Each goes through every entry point: a task is created with it, an
occurrence is completed 50 years late, the calendar passes one as late, it is previewed, what is to come is listed, one
that is far away is named. The slowest are printed; the goal is 100 ms for each.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import islice, product
from operator import itemgetter
from typing import Any, NamedTuple

import click
from rich.console import Console

from bench.report import ratio
from domain import times
from domain.decision import VERSION
from domain.invalid import Invalid
from domain.recurrence import advance, calendar, checks, described, occurrences, rule, succession, upcoming
from schemas import records as r

GOAL = 0.1
"""The most seconds that an entry point may take."""
FREQS = tuple(each.name for each in rule.Freq)
INTERVALS = (1, 7, 97, 366, 1_441, 20_871, 86_399, 146_097, 604_801, 16_777_213, 999_999_937, 999_999_999)
PARTS = (
    "",
    *("BYMONTH=2;BYMONTHDAY=29", "BYMONTH=2;BYMONTHDAY=30", "BYMONTH=1;BYMONTHDAY=31;BYDAY=MO"),
    *("BYDAY=FR;BYMONTHDAY=13", "BYDAY=MO"),
    *("BYYEARDAY=366", "BYYEARDAY=-366;BYDAY=SU", "BYYEARDAY=60;BYMONTHDAY=29;BYDAY=TU"),
    *("BYWEEKNO=53", "BYWEEKNO=53;BYDAY=SU;BYMONTH=1", "BYDAY=53MO", "BYDAY=5MO;BYMONTH=2"),
    *("BYHOUR=2", "BYHOUR=23;BYMINUTE=59;BYSECOND=59", "BYHOUR=9;BYMONTH=2;BYMONTHDAY=29", "BYMINUTE=7;BYSECOND=13"),
    *("BYDAY=MO,TU,WE,TH,FR;BYSETPOS=23", "BYDAY=MO;BYSETPOS=366", "BYHOUR=1,2;BYMINUTE=3;BYSETPOS=-2"),
    "BYMONTH=2,4;BYMONTHDAY=29,30,31;SKIP=BACKWARD",
)
"""BY parts that match often, rarely or never."""
ENDS = ("", "COUNT=10000", "UNTIL=19851231T235959", "UNTIL=99991231T235959")
STARTS = (("1970-01-01", "02:30:00"), ("2026-03-29", "02:30:00"), ("9998-06-15", "12:00:01"))
ZONES = (None, "Europe/Paris")
LATE = timedelta(days=50 * 365)
FAR = timedelta(days=7000 * 365)


class Case(NamedTuple):
    """A rule of a task and its start."""

    rrule: str
    start: r.Due

    @property
    def written(self) -> str:
        """Return the start as it is written."""
        return f"{self.start.date}T{self.start.time}"

    def recurrence(self, repeats: r.Repeats, missed: r.Missed) -> r.Recurrence:
        """Return it as the recurrence of a task."""
        return r.Recurrence(self.rrule, self.start, repeats=repeats, missed=missed)

    def late(self) -> int:
        """Return an instant 50 years after the start, or near the calendar's end."""
        return min(times.milliseconds(times.local(self.start), None) + LATE // timedelta(milliseconds=1), times.END - 1)

    def far(self) -> str:
        """Return a local time thousands of years after the start, or near the calendar's end."""
        begin = times.local(self.start)
        return (begin + min(FAR, begin.max - begin)).isoformat()[:19]


def cases() -> Iterator[Case]:
    """Yield rules with their starts."""
    for freq, interval, parts in product(FREQS, INTERVALS, PARTS):
        for (date, clock), zone, end in product(STARTS, ZONES, ENDS):
            last = f"{end}Z" if zone and "UNTIL" in end else end
            text = ";".join(filter(None, (f"FREQ={freq}", f"INTERVAL={interval}", parts, last)))
            yield Case(text, r.Due(date, clock, zone))


def created(case: Case) -> Any:
    """Check the rule of a new task."""
    return succession.check(case.rrule, case.start)


def previewed(case: Case) -> Any:
    """Preview a rule."""
    found = checks.recurrence_set(case.rrule, checks.start_at(case.written, case.start.zone))
    return described.described(found, 10, "en")


def completed(repeats: r.Repeats, missed: r.Missed) -> Callable[[Case], Any]:
    """Return what completes the first occurrence 50 years late."""

    def complete(case: Case) -> Any:
        recurrence = case.recurrence(repeats, missed)
        task = r.Task("t", "u", "", 0, 0, due=case.start, recurrence=recurrence, series="t", occurrence=case.written)
        return advance.following(r.TaskCompleted("e", "u", case.late(), actor="", command="c", task=task))

    return complete


def passed(case: Case) -> Any:
    """Let the calendar pass the first occurrence, by a notice that comes 50 years late."""
    recurrence = case.recurrence(r.Repeats.CALENDAR, r.Missed.EACH)
    held = r.AwaitedOccurrence("a", "t", "t", case.written, recurrence, case.late())
    calendar.comes(recurrence, case.written, None)
    notice = r.SeriesNotice("a", "u", case.late(), "t", case.late(), "t")
    return calendar.fire(held, notice, None, VERSION)


def listed(case: Case) -> Any:
    """List what is to come, from the start on and from far away on."""
    recurrence = case.recurrence(r.Repeats.SCHEDULE, r.Missed.SKIP)
    return [list(islice(upcoming.listed(recurrence, case.written, since), 10)) for since in (None, case.far())]


def named(case: Case) -> Any:
    """Name an occurrence that is far away."""
    recurrence = case.recurrence(r.Repeats.SCHEDULE, r.Missed.SKIP)
    return upcoming.find(recurrence, case.written, case.far()[:10])


ENTRIES: Mapping[str, Callable[[Case], Any]] = {
    "create": created,
    "preview": previewed,
    "complete": completed(r.Repeats.SCHEDULE, r.Missed.SKIP),
    "complete, latest": completed(r.Repeats.SCHEDULE, r.Missed.LATEST),
    "complete, from completion": completed(r.Repeats.COMPLETION, r.Missed.SKIP),
    "complete, by the calendar": completed(r.Repeats.CALENDAR, r.Missed.SKIP),
    "pass, each": passed,
    "list": listed,
    "name": named,
}
ALSO_REFUSED = ("create", "preview")
"""The entry points for rules that a task may not have, too."""


def answered(entry: Callable[[Case], Any], case: Case) -> Any:
    """Return what an entry point answers, or why it refuses, for a rule that nobody has evaluated before."""
    rule.parse.cache_clear()
    occurrences.ever.cache_clear()
    try:
        return entry(case)
    except Invalid as refusal:
        return refusal


def seconds(entry: Callable[[Case], Any], case: Case) -> float:
    """Return the processor time of an answer."""
    begin = time.process_time()
    answered(entry, case)
    return time.process_time() - begin


def measured(every: int, worst: int) -> dict[str, list[tuple[float, Case]]]:
    """Return the slowest answers of each entry point, the slowest first: the least times of two."""
    found: dict[str, list[tuple[float, Case]]] = defaultdict(list)
    for case in islice(cases(), 0, None, every):
        usable = not isinstance(answered(created, case), Invalid)
        for name, entry in ENTRIES.items():
            if usable or name in ALSO_REFUSED:
                found[name].append((seconds(entry, case), case))
    slowest = {name: sorted(all_, key=itemgetter(0))[: -worst - 1 : -1] for name, all_ in found.items()}
    again = {name: [(min(took, seconds(ENTRIES[name], of)), of) for took, of in all_] for name, all_ in slowest.items()}
    return {name: sorted(all_, key=itemgetter(0), reverse=True) for name, all_ in again.items()}


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option("--every", default=11, help="Run every n-th rule.")
@click.option("--worst", default=3, help="How many of each entry point to print.")
def main(every: int, worst: int) -> None:
    """Measure rules that are hostile at every entry point."""
    console = Console(width=160)
    found = measured(every, worst)
    for name, slowest in found.items():
        console.print(f"{name}:", highlight=False)
        for took, case in slowest:
            written = f"{case.rrule} from {case.written} {case.start.zone or ''}"
            console.print(f"{took * 1e3:9.1f} ms  {written}", highlight=False)
    ratio(console, "slowest", max(took for all_ in found.values() for took, _ in all_) / GOAL)


if __name__ == "__main__":
    main()
