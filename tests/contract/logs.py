"""``python -m tests.contract.logs`` writes the log and the state of today's decision version, unless there is one.

Write it before the version is raised: it can't be written later. ``test_earlier_state.py`` reads it.
"""

import asyncio
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from msgspec.structs import replace

from common import logs
from schemas import records as r
from tests.contract.saved_partition import Partition, Saved, write
from tests.unit.domain.given import (
    BERT,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    PARIS,
    World,
    command,
    complete,
    create,
    create_list,
    delete,
    reopen,
    sent,
    set_settings,
    skip,
    snooze,
    update,
)

NEW_YORK = "America/New_York"
MONDAY = r.Due("2026-11-23")
MORNING = r.Due("2026-11-23", "08:00:00")
_CALENDAR = {"rrule": "FREQ=DAILY", "repeats": r.Repeats.CALENDAR}
_TREE = ("kitchen", "bath", "oven")


async def lived(at: Path) -> Saved:
    """Return a partition in which two users have lived for two days, of which some hours were a downtime."""
    made = Partition(at)
    await made.open()
    made.does(*_first_day())
    for hours in (1, 4, 8, 12, 16, 20, 24, 25, 44, 45, 48):
        made.waits(now := NOON + hours * HOUR)
        if hours in {24, 44}:
            made.does(*_day(now))
    return made.closed()


def _first_day() -> Iterator[Any]:
    yield set_settings(zone=NEW_YORK, quiet_from="22:00:00", quiet_to="07:00:00", digest_time="08:00:00")
    yield create_list()
    yield r.CreateTarget(**sent(user=BERT), target="hook", fields=r.TargetFields(name="Hook", kind="webhook"))
    yield from _series()
    yield from _checklists()
    yield from _gone_back()
    yield from _ahead()
    yield create("plain", list="l", reminders=(r.Reminder("at", at=NOON + 40 * HOUR),))
    yield update("plain", snoozed=NOON + 50 * HOUR)
    yield command(r.CreateTask, "call", user=BERT, fields=_fields("call", NOON))


def _series() -> Iterator[Any]:
    day_before = r.Reminder("day", before=0, days=1, time="18:00:00")
    hourly = r.Reminder("hourly", before=0, repeat_every=3600)
    yield create("daily", due=MONDAY, rrule="FREQ=DAILY", reminders=(day_before, hourly))
    yield create("zoned", due=PARIS, rrule="FREQ=WEEKLY;BYDAY=MO,TU", reminders=(r.Reminder("r", before=900),))
    yield create("calendar", due=MONDAY, reminders=(r.Reminder("r", before=0),), **_CALENDAR)
    yield create("each", due=MORNING, missed=r.Missed.EACH, reminders=(r.Reminder("r", before=600),), **_CALENDAR)
    yield create("moved", due=PARIS, rrule="FREQ=DAILY")
    yield update("moved", due=r.Due("2026-11-24", "11:00:00", "Europe/Paris"), scope=r.Scope.THIS)
    yield create("after", due=MONDAY, rrule="FREQ=DAILY;INTERVAL=2;COUNT=5", repeats=r.Repeats.COMPLETION)
    yield create("ended", due=MONDAY, rrule="FREQ=DAILY;COUNT=1")
    yield complete("ended")
    yield create("deleted", due=MONDAY, rrule="FREQ=DAILY")
    yield delete("deleted")
    for series in ("daily", "zoned", "moved", "after"):
        yield complete(series, NOON + HOUR)


def _checklists() -> Iterator[Any]:
    for series, subtasks in (("reset", r.Subtasks.RESET), ("carried", r.Subtasks.CARRY)):
        yield create(series, due=MONDAY, rrule="FREQ=DAILY", subtasks=subtasks)
        parents = (series, series, f"{series} kitchen")
        yield from (create(f"{series} {part}", parent=parent) for part, parent in zip(_TREE, parents, strict=True))
        yield complete(f"{series} bath", NOON + HOUR)
        yield complete(series, NOON + HOUR)


def _ahead() -> Iterator[Any]:
    reminders = (r.Reminder("r", before=600),)
    yield create("ahead", due=MORNING, rrule="FREQ=DAILY", reminders=reminders)
    yield replace(skip("ahead"), occurrence="2026-11-24")
    yield replace(update("ahead", due=r.Due("2026-11-25", "11:00:00"), scope=r.Scope.THIS), occurrence="2026-11-25")
    yield replace(update("ahead", title="Water all of the plants"), occurrence="2026-11-27")
    yield complete("ahead", NOON + HOUR)
    yield create("snoozed", due=MONDAY, reminders=(r.Reminder("hourly", before=0, repeat_every=3600),))
    yield snooze("snoozed", local="2026-11-24T09:00:00")


def _gone_back() -> Iterator[Any]:
    yield create("reopened", due=MONDAY, rrule="FREQ=DAILY")
    yield complete("reopened", NOON + HOUR)
    yield reopen("reopened", NOON + HOUR)
    world = World(made := create("undone", due=MONDAY, rrule="FREQ=DAILY"), done := complete("undone", NOON + HOUR))
    yield made
    yield done
    yield world.undoing(done, NOON + HOUR)


def _day(at: int) -> Iterator[Any]:
    yield command(r.CreateTask, f"call {at}", at, BERT, fields=_fields("call", at))
    yield skip("reopened", at)
    yield complete("undone", at)
    yield set_settings(at, user=BERT, zone="Asia/Kathmandu")


def _fields(title: str, at: int) -> r.TaskFields:
    reminders = (r.Reminder("soon", at=at + MINUTE), r.Reminder("later", at=at + 3 * DAY))
    return r.TaskFields(title, reminders=reminders)


@click.command()
def main() -> None:
    """Write the log and the state of today's decision version, unless there is one."""
    logs.configure("info")
    with tempfile.TemporaryDirectory(prefix="rondo-log-") as at:
        write(asyncio.run(lived(Path(at))))


if __name__ == "__main__":
    main()
