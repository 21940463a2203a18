"""Conformance suites of others: blocks of a rule, its start and its instances, in the form of libical's tests.

They are read where they are; nothing of them is part of Rondo.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from domain.invalid import Invalid
from domain.recurrence.rule import parse
from domain.recurrence.sets import RecurrenceSet
from schemas.records import Due

DECIDED = {
    ("FREQ=WEEKLY;INTERVAL=1;COUNT=2;BYDAY=MO;", "20141006T090000"): (
        'RFC 5545, section 3.3.10: recur = recur-rule-part *( ";" recur-rule-part ). Nothing follows the last part.'
    ),
    ("FREQ=YEARLY;BYMONTHDAY=29;COUNT=3", "20240229"): (
        "RFC 5545, section 3.3.10: BYMONTHDAY expands a YEARLY rule. BYxxx rule parts for a period of time less than "
        "the frequency generally increase or expand the number of occurrences of the recurrence. Without BYMONTH, it "
        "is the 29th of every month."
    ),
    ("FREQ=YEARLY;BYMONTHDAY=-29,-1;COUNT=4", "20240201"): (
        "RFC 5545, section 3.3.10: BYMONTHDAY expands a YEARLY rule, as above: -29 and -1 of every month."
    ),
}
"""The blocks, by rule and DTSTART, whose instances Rondo does not give, and the sentence that decides it."""


@dataclass(frozen=True)
class Block:
    """A rule, its start and its instances, as they are written."""

    rule: str
    start: str
    instances: tuple[str, ...]
    begin: str | None = None
    """START-AT: where an iteration begins that leaves out what is before it."""

    def occurrences(self, begin: str | None = None) -> tuple[str, ...]:
        """Return what Rondo gives instead of the instances. Raises ``Invalid`` if it refuses the rule."""
        utc = "Z" if self.start.endswith("Z") else ""
        start = _due(self.start)
        found = RecurrenceSet(start, parse(self.rule), includes_start=False).occurrences(begin and _key(begin))
        keys = (each.key for each in islice(found, len(self.instances) + 1))
        return tuple(key.replace("-", "").replace(":", "") + utc for key in keys)

    def agrees(self) -> bool:
        """Return whether Rondo gives the same instances."""
        try:
            return self.occurrences() == self.instances
        except Invalid:
            return False


def suites(folder: Path) -> dict[str, list[Block]]:
    """Return the blocks with instances of each suite in a folder, by file name."""
    return {path.name: list(_blocks(path)) for path in sorted(folder.glob("libical-*.txt"))}


def _blocks(path: Path) -> Iterator[Block]:
    for text in path.read_text(encoding="utf-8").split("\n\n"):
        parts = dict(line.split(":", 1) for line in text.splitlines() if line and not line.startswith("#"))
        if "RRULE" in parts and "***" not in parts["INSTANCES"]:
            instances = tuple(parts["INSTANCES"].split(","))
            yield Block(parts["RRULE"], parts["DTSTART"], instances, parts.get("START-AT"))


def _key(written: str) -> str:
    moment = datetime.fromisoformat(written.rstrip("Z"))
    return moment.isoformat() if "T" in written else moment.date().isoformat()


def _due(written: str) -> Due:
    date, _, time = _key(written).partition("T")
    return Due(date, time or None, "UTC" if written.endswith("Z") else None)
