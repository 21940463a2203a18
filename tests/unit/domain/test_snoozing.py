"""Snoozing: until an instant, a local time of the settings' zone, or that long after the command."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from domain.rejections import Code
from schemas import records as r
from tests.unit.domain.given import (
    HOUR,
    NOON,
    PARIS,
    WEEKDAYS,
    World,
    complete,
    create,
    delete,
    set_settings,
    snooze,
    update,
)


def at(local, zone="UTC"):
    return round(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


def snoozed(*settings, at=NOON, **until):
    return World(*settings, create(), snooze(at=at, **until)).task("t").snoozed


def outcome(*before, **until):
    world = World(*before)
    return world.does(snooze(**until)).outcome


@pytest.mark.parametrize(
    ("zone", "until", "expected"),
    [
        (None, {"until": NOON + HOUR}, NOON + HOUR),
        (None, {"local": "2026-11-24T09:00:00"}, at("2026-11-24T09:00")),
        ("America/New_York", {"local": "2026-11-24T09:00:00"}, at("2026-11-24T09:00", "America/New_York")),
        ("America/New_York", {"local": "2026-11-24"}, at("2026-11-24T09:00", "America/New_York")),
        ("Europe/Paris", {"seconds": 900}, NOON + 900_000),
        ("Europe/Paris", {"days": 1, "seconds": 60}, NOON + 24 * HOUR + 60_000),
    ],
    ids=["an instant", "without a zone", "a local time", "a day", "a quarter of an hour", "a day and a minute"],
)
def test_a_task_is_snoozed_until(zone, until, expected):
    assert snoozed(set_settings(zone=zone), **until) == expected


def test_a_day_later_is_the_same_time_also_when_the_clocks_change():
    evening = at("2026-10-24T18:00", "Europe/Paris")
    assert snoozed(set_settings(zone="Europe/Paris"), at=evening, days=1) == at("2026-10-25T18:00", "Europe/Paris")
    assert snoozed(set_settings(zone="Europe/Paris"), at=evening, seconds=86_400) == evening + 24 * HOUR


def test_a_time_that_clocks_show_twice_is_later_than_now():
    second = at("2026-10-25T02:30", "Europe/Paris") + HOUR  # it is 02:30 for the second time
    assert snoozed(set_settings(zone="Europe/Paris"), at=second, seconds=60) == second + 60_000


@pytest.mark.parametrize(
    ("until", "field"),
    [
        ({"until": NOON}, "until"),
        ({"local": "2026-11-23T11:00:00"}, "until"),
        ({"local": "9999-12-31T23:59:59"}, None),
        ({"days": 9_000_000}, "duration"),
    ],
    ids=["now", "an hour ago", "the last second of the calendar", "beyond the calendar"],
)
def test_what_is_past_or_beyond_the_calendar_is_refused(until, field):
    assert outcome(create(), **until).field == field


def test_a_closed_or_deleted_task_is_not_snoozed_and_no_other_has_to_have_a_reminder():
    codes = [outcome(*before, seconds=60).code for before in ((create(), complete()), (create(), delete()), ())]
    assert codes == [Code.CONFLICT, Code.DELETED, Code.NOT_FOUND]
    assert outcome(create(), seconds=60).kind is r.OutcomeKind.ACCEPTED


def test_a_task_may_be_snoozed_beyond_its_due():
    assert outcome(create(due=PARIS), local="2027-11-24").kind is r.OutcomeKind.ACCEPTED


def test_the_same_snooze_again_and_none_to_end_are_nothing_to_do():
    assert outcome(create()).kind is r.OutcomeKind.NOTHING_TO_DO
    assert outcome(create(), snooze(until=NOON + HOUR), until=NOON + HOUR).kind is r.OutcomeKind.NOTHING_TO_DO
    assert outcome(create(), snooze(until=NOON + HOUR)).kind is r.OutcomeKind.ACCEPTED


def test_the_next_occurrence_is_not_snoozed_and_has_all_else():
    world = World(create(due=PARIS, rrule=WEEKDAYS), snooze(local="2026-12-24"), update(title="Other"), complete())
    world.goes_on()
    [following] = world.open()
    assert (world.task(following).snoozed, world.task(following).title) == (None, "Other")


def test_the_event_says_that_only_this_occurrence_is_snoozed():
    for fields, own in (({}, ()), ({"due": PARIS, "rrule": WEEKDAYS}, ("snoozed",))):
        event = World(create(**fields), snooze(seconds=60)).events[-1]
        assert (event.changed, event.own) == (("snoozed",), own)
