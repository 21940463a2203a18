"""``python -m bench.occurrences``: the occurrences of rules beside python-dateutil's, in one run.

Both read a rule's text and compute its first occurrences; then both find the next one after ten years. The rules are
of every FREQ and BY part, without SKIP, which dateutil does not read; with ``--suites`` also those of conformance
suites, in the form of libical's tests, that dateutil reads. Each is measured in turn, and the least of all rounds
counts: the ratio hardly depends on what else the machine does.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

import click
from dateutil.rrule import rrulestr
from rich.console import Console

from bench.report import ratio
from domain.recurrence import rule
from domain.recurrence.sets import RecurrenceSet
from schemas.records import Due

YEARS = timedelta(days=3653)
RULES = (
    *("FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=DAILY;COUNT=50", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR"),
    *("FREQ=DAILY;BYMONTH=1,7", "FREQ=DAILY;BYMONTHDAY=1,15,-1", "FREQ=DAILY;BYHOUR=9,13,17;BYMINUTE=0,30"),
    *("FREQ=DAILY;INTERVAL=10;BYDAY=SA", "FREQ=DAILY;BYHOUR=8,12,20;BYSETPOS=1,-1", "FREQ=DAILY;UNTIL=20271231T000000"),
    *("FREQ=WEEKLY", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU", "FREQ=WEEKLY;BYDAY=MO,WE,FR", "FREQ=WEEKLY;BYMONTH=6,7,8"),
    *("FREQ=WEEKLY;INTERVAL=3;BYDAY=SU,MO;WKST=SU", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
    *("FREQ=MONTHLY", "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=MONTHLY;BYDAY=2TU,-1FR"),
    *("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1"),
    *("FREQ=MONTHLY;INTERVAL=3;BYMONTHDAY=1,15", "FREQ=MONTHLY;INTERVAL=18;BYMONTHDAY=10,11,12,13,14,15"),
    *(
        "FREQ=YEARLY",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
        "FREQ=YEARLY;BYDAY=20MO",
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO",
    ),
    *("FREQ=YEARLY;BYYEARDAY=1,100,200,-1", "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8"),
    *("FREQ=YEARLY;BYMONTH=6,7;BYDAY=1SU,-1SU", "FREQ=YEARLY;BYDAY=TH;BYMONTH=3", "FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU"),
    *("FREQ=HOURLY", "FREQ=HOURLY;INTERVAL=5", "FREQ=HOURLY;BYHOUR=9,10,11;BYDAY=MO", "FREQ=HOURLY;BYMINUTE=0,20,40"),
    *("FREQ=MINUTELY;INTERVAL=15", "FREQ=MINUTELY;INTERVAL=90", "FREQ=MINUTELY;BYHOUR=9;BYMINUTE=0,30"),
    *("FREQ=SECONDLY", "FREQ=SECONDLY;INTERVAL=45", "FREQ=SECONDLY;BYSECOND=0,30"),
)
"""Rules of every FREQ and BY part; each begins on Monday 5 January 2026 at nine."""


@dataclass(frozen=True)
class Case:
    """A rule and its start."""

    text: str
    start: datetime

    def ours(self) -> Iterator[datetime]:
        """Yield what Rondo computes, from the text on."""
        rule.parse.cache_clear()
        date, _, clock = self.start.isoformat().partition("T")
        return RecurrenceSet(Due(date, clock), rule.parse(self.text), includes_start=False).local_times()

    def theirs(self) -> Iterator[datetime]:
        """Yield what dateutil computes, from the text on."""
        return iter(rrulestr(self.text, dtstart=self.start))

    def our_next(self) -> datetime | None:
        """Return the first one more than ten years after the start."""
        rule.parse.cache_clear()
        date, _, clock = self.start.isoformat().partition("T")
        found = RecurrenceSet(Due(date, clock), rule.parse(self.text), includes_start=False)
        later = self.start + YEARS
        return next((each for each in found.local_times(later) if each > later), None)

    def their_next(self) -> datetime | None:
        """Return the first one more than ten years after the start."""
        found: datetime | None = rrulestr(self.text, dtstart=self.start).after(self.start + YEARS)
        return found


def suites(folder: Path) -> Iterator[Case]:
    """Yield the rules of conformance suites that dateutil reads."""
    for path in sorted(folder.glob("libical-*.txt")):
        for block in path.read_text(encoding="utf-8").split("\n\n"):
            parts = dict(line.split(":", 1) for line in block.splitlines() if line and line[0] != "#")
            if "RRULE" in parts and "***" not in parts["INSTANCES"]:
                text = ";".join(part.rstrip("Z") if part[:5] == "UNTIL" else part for part in parts["RRULE"].split(";"))
                case = Case(text, datetime.fromisoformat(parts["DTSTART"].rstrip("Z")))
                if _is_read(case):
                    yield case


def _is_read(case: Case) -> bool:
    """Return whether both read the rule, and it goes on or ends within what is measured."""
    try:
        next(case.ours(), None)
        next(case.theirs(), None)
    except ValueError:
        return False
    return True


def least(work: Callable[[], object], rounds: int) -> float:
    """Return the least processor time of a piece of work, in seconds."""
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        work()
        times.append(time.process_time() - begin)
    return min(times)


def compared(cases: list[Case], most: int, rounds: int) -> list[tuple[Case, float, float]]:
    """Return for each rule both times of its first occurrences, in seconds."""
    found = []
    for case in cases:
        ours = least(lambda case=case: list(islice(case.ours(), most)), rounds)  # type: ignore[misc]
        theirs = least(lambda case=case: list(islice(case.theirs(), most)), rounds)  # type: ignore[misc]
        found.append((case, ours, theirs))
    return found


def after_ten_years(cases: list[Case], rounds: int) -> list[tuple[Case, float, float]]:
    """Return for each rule both times of the next one after ten years; without those of minutes and seconds."""
    rare = [case for case in cases if "FREQ=MINUTELY" not in case.text and "FREQ=SECONDLY" not in case.text]
    return [(case, least(case.our_next, rounds), least(case.their_next, 1)) for case in rare]


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option("--n", "most", default=100, help="Occurrences of each rule.")
@click.option("--rounds", default=5, help="Rounds of each rule.")
@click.option(
    "--suites", "folder", type=click.Path(path_type=Path, exists=True), help="A folder of conformance suites."
)
@click.option("--each", is_flag=True, help="Print every rule.")
def main(most: int, rounds: int, folder: Path | None, each: bool) -> None:
    """Measure occurrences beside python-dateutil."""
    start = datetime(2026, 1, 5, 9)  # noqa: DTZ001 - local
    cases = [*(Case(text, start) for text in RULES), *(suites(folder) if folder else ())]
    console = Console()
    for name, found in (
        (f"first {most}", compared(cases, most, rounds)),
        ("next after ten years", after_ten_years(cases, rounds)),
    ):
        if each:
            for case, ours, theirs in sorted(found, key=lambda one: one[1] - one[2]):
                console.print(f"{ours * 1e6:9.0f} {theirs * 1e6:9.0f} µs  {case.text}", highlight=False)
        ours, theirs = sum(one[1] for one in found), sum(one[2] for one in found)
        console.print(f"{name}: {len(found)} rules, Rondo {ours * 1e3:.1f} ms, dateutil {theirs * 1e3:.1f} ms")
        ratio(console, name.replace(" ", "-"), ours / theirs)


if __name__ == "__main__":
    main()
