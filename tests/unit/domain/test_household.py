"""Five years of a household: each of its tasks has one open occurrence, at a time that the clocks show."""

from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from random import Random

import pytest
from msgspec.structs import replace

from domain import times
from domain.recurrence import advance, keys, upcoming
from schemas import records as r
from tests.unit.domain.given import DAY, HOUR, World, complete, create, set_settings, skip, update

BEGIN = datetime(2026, 1, 31, tzinfo=UTC)
YEARS = 5
FEW = ("Africa/Casablanca", "America/New_York", "Australia/Lord_Howe", "Europe/Dublin", "America/St_Johns")


def tasks(zone: str) -> dict[str, dict[str, object]]:
    """Return the fields of the household's tasks by name."""
    day = BEGIN.date().isoformat()
    return {
        "plants": {"due": r.Due(day), "rrule": "FREQ=DAILY"},
        "bins": {"due": r.Due(day, "07:00:00"), "rrule": "FREQ=WEEKLY;BYDAY=SU", "missed": r.Missed.LATEST},
        "backup": {"due": r.Due(day, "02:30:00", zone), "rrule": "FREQ=DAILY"},
        "rent": {"due": r.Due(day), "rrule": "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD", "missed": r.Missed.EACH},
        "filter": {
            "due": r.Due(day, "18:00:00", zone), "rrule": "FREQ=DAILY;INTERVAL=3", "repeats": r.Repeats.COMPLETION,
        },
    }  # fmt: skip


def changes_clocks(zone: str) -> bool:
    """Return whether a zone's clocks change in the household's first year."""
    offsets = (times.zone(zone).utcoffset(BEGIN.replace(tzinfo=None) + timedelta(30 * month)) for month in range(12))
    return len(set(offsets)) > 1


def live(zone: str) -> None:
    """Close what is open, every few days and at any hour, and check the household each time."""
    world, chance = World(set_settings(zone=zone)), Random(zone)
    for name, fields in tasks(zone).items():
        world.does(create(name, **fields))
    at, end = round(BEGIN.timestamp() * 1000), round(BEGIN.timestamp() * 1000) + YEARS * 366 * DAY
    while at < end:
        for task in map(world.task, world.open()):
            if chance.random() < 0.3:
                decides_ahead(world, task, at, chance)
            closed(world, world.task(task.id), at, zone, chance.choice((complete, complete, skip)))
        assert sorted(world.task(task).series for task in world.open()) == sorted(tasks(zone))
        at += chance.randint(6 * HOUR, 25 * DAY)


def decides_ahead(world: World, task: r.Task, at: int, chance: Random) -> None:
    """Skip, complete or move by two days one of the next occurrences."""
    for each in [*islice(upcoming.listed(task.recurrence, task.occurrence), 4)][-1:]:
        moved = partial(update, scope=r.Scope.THIS, due=times.moved(each.due, 2))
        command = chance.choice((complete, skip, moved))
        world.does(replace(command(task.id, at), occurrence=each.slot))


def closed(world: World, task: r.Task, at: int, zone: str, by: object) -> None:
    """Close an occurrence, and check the one that it leads to."""
    world.does(by(task.id, at))
    [event, *changed] = world.does(world.followup()).events
    after, rule = world.task(event.task.id), task.recurrence
    assert keys.on_clocks(event.task.due) == event.task.due
    assert after.occurrence == times.key(event.task.due)
    assert changed or after.due == event.task.due
    assert all(each.closing is None for each in rule.overrides if each.slot == after.occurrence)
    if rule.repeats is r.Repeats.SCHEDULE:
        assert after.occurrence > task.occurrence
        missed = rule.missed is not r.Missed.SKIP
        assert missed or not advance.has_passed(after.due, at, zone)
    else:
        assert times.instant(after.due) > at


@pytest.mark.parametrize("zone", FEW)
def test_five_years_of_a_household_have_one_open_occurrence_of_each_task(zone: str) -> None:
    live(zone)


@pytest.mark.deep
def test_five_years_of_a_household_in_every_zone_whose_clocks_change() -> None:
    zones = sorted(filter(changes_clocks, times.zones()))
    assert len(zones) > 150
    for zone in zones:
        live(zone)
