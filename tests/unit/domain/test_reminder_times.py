"""When reminders are due: days by the calendar, hours exactly; carried along a series; quiet hours."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import reminder_times, times
from domain.settings import defaults
from schemas import records as r
from tests.unit.domain.given import ANNA, DAY, HOUR, MINUTE, NOON

SETTINGS = replace(defaults(ANNA), zone="Europe/Paris")
AFTER_DST = r.Due("2026-03-29", "09:00:00", "Europe/Paris")
ONE_DAY = r.Reminder("r", before=0, days=1)
ZONES = st.sampled_from(
    ["UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata"]
)
DATES = st.dates(date(2000, 1, 1), date(2060, 1, 1))
TIMES = st.times().map(lambda time: time.replace(microsecond=0).isoformat())


def when(reminder, due=None, start=None, **settings):
    return reminder_times.instant(reminder, due, start, replace(SETTINGS, **settings))


def paris(text):
    return round(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Paris")).timestamp() * 1000)


def test_one_day_before_is_the_same_time_of_the_day_before_when_the_clocks_change():
    assert when(ONE_DAY, AFTER_DST) == paris("2026-03-28T09:00")
    assert when(replace(ONE_DAY, before=24 * 3600, days=0), AFTER_DST) == paris("2026-03-28T08:00")


def test_hours_are_counted_after_days():
    assert when(replace(ONE_DAY, before=3600), AFTER_DST) == paris("2026-03-28T08:00")


def test_what_an_older_log_says_in_seconds_is_exact():
    assert when(r.Reminder("r", 86_400), AFTER_DST) == times.instant(AFTER_DST) - DAY


def test_a_day_has_the_time_of_the_settings_or_its_own():
    day = r.Due("2026-11-24")
    assert when(r.Reminder("r", 0), day) == paris("2026-11-24T09:00")
    assert when(r.Reminder("r", 0), day, day_time="07:30:00") == paris("2026-11-24T07:30")
    assert when(replace(ONE_DAY, time="18:00:00"), day) == paris("2026-11-23T18:00")


def test_a_floating_time_is_one_in_the_zone_of_the_settings_or_in_utc():
    floating = r.Due("2026-11-24", "12:00:00")
    assert when(r.Reminder("r", 0), floating) == paris("2026-11-24T12:00")
    assert when(r.Reminder("r", 0), floating, zone=None) == NOON + DAY


def test_a_reminder_may_count_from_the_start():
    start = r.Due("2026-11-23", "08:00:00", "Europe/Paris")
    of_start = r.Reminder("r", 900, anchor=r.Anchor.START)
    assert when(of_start, AFTER_DST, start) == paris("2026-11-23T07:45")
    assert when(of_start, AFTER_DST) is None
    assert when(r.Reminder("r", 900), None, start) is None


@given(DATES, TIMES, ZONES, st.integers(0, 366))
def test_days_keep_the_time_of_day_wherever_clocks_show_it(day, time, zone, days):
    due = r.Due(day.isoformat(), time, zone)
    wanted = times.local(due) - timedelta(days=days)
    found = when(replace(ONE_DAY, days=days), due)
    assume(times.local_at(times.milliseconds(wanted, zone), zone) == wanted)  # no gap
    assert times.local_at(found, zone) == wanted


def test_an_instant_is_moved_with_the_due_and_keeps_its_time_of_day():
    monday = r.Due("2026-03-23", "09:00:00", "Europe/Paris")
    [moved] = reminder_times.carried(
        [r.Reminder("r", at=paris("2026-03-22T20:00"))], monday, replace(monday, date="2026-03-30"), None
    )
    assert moved.at == paris("2026-03-29T20:00")


@given(DATES, TIMES, st.integers(1, 100), ZONES)
def test_an_instant_keeps_its_distance_from_a_due_at_another_time_of_day(day, time, hours, zone):
    one = r.Due(day.isoformat(), time, zone)
    at = times.instant(one)
    date, _, later = times.local_at(at + hours * 3_600_000, zone).isoformat().partition("T")
    other = r.Due(date, later, zone)
    assume(other.time != one.time)
    [moved] = reminder_times.carried([r.Reminder("r", at=at - 300_000)], one, other, None)
    assert times.instant(other) - moved.at == 300_000


def test_reminders_before_the_due_are_carried_as_they_are():
    due = r.Due("2026-11-24")
    assert reminder_times.carried([ONE_DAY], due, replace(due, date="2026-12-24"), None) == (ONE_DAY,)


@given(DATES, DATES, DATES, TIMES, ZONES | st.none())
def test_what_is_carried_there_and_back_is_as_before(first, second, day, time, zone):
    one, other = r.Due(first.isoformat()), r.Due(second.isoformat())
    at = times.milliseconds(times.local(r.Due(day.isoformat(), time)), zone)
    before = reminder_times.named(r.Reminder("", at=at))
    there = reminder_times.carried([before], one, other, zone)
    local, moved = times.local_at(at, zone), times.local_at(there[0].at, zone)
    assume(moved == local + timedelta(days=times.days_between(one, other)))  # clocks show it
    [back] = reminder_times.carried(there, other, one, zone)
    assert times.local_at(back.at, zone) == local


def test_the_same_reminder_has_the_same_id_and_another_another():
    named = [reminder_times.named(replace(each, id="")).id for each in (ONE_DAY, ONE_DAY, replace(ONE_DAY, days=2))]
    assert (named[0] == named[1], named[0] == named[2]) == (True, False)


@pytest.mark.parametrize(
    ("quiet", "at", "until"),
    [
        (("22:00:00", "07:00:00"), "2026-11-23T23:00", "2026-11-24T07:00"),
        (("22:00:00", "07:00:00"), "2026-11-24T06:59:59", "2026-11-24T07:00"),
        (("22:00:00", "07:00:00"), "2026-11-24T07:00", None),
        (("22:00:00", "07:00:00"), "2026-11-24T12:00", None),
        (("13:00:00", "15:00:00"), "2026-11-24T14:00", "2026-11-24T15:00"),
        (("13:00:00", "15:00:00"), "2026-11-24T15:00", None),
        ((None, None), "2026-11-24T03:00", None),
    ],
)
def test_quiet_hours_end_at_their_local_time(quiet, at, until):
    settings = replace(SETTINGS, quiet_from=quiet[0], quiet_to=quiet[1])
    assert reminder_times.quiet_until(settings, paris(at)) == (until and paris(until))


@given(TIMES, TIMES, ZONES, st.integers(0, 400 * DAY))
def test_quiet_hours_end_within_a_day_and_are_over_then(begin, end, zone, after):
    assume(begin != end)
    settings = replace(SETTINGS, quiet_from=begin, quiet_to=end, zone=zone)
    until = reminder_times.quiet_until(settings, NOON + after)
    if until is not None:
        assert NOON + after < until <= NOON + after + 25 * HOUR
        again = reminder_times.quiet_until(settings, until)
        assert again is None or again > until


@given(st.integers(1, 10_000), st.integers(-10 * HOUR, 10 * DAY))
def test_a_repetition_is_the_first_after_an_instant(minutes, after):
    reminder = r.Reminder("r", at=NOON, repeat_every=60 * minutes)
    found = reminder_times.next_of(reminder, NOON, NOON + after, None)
    assert found == NOON or (found - NOON) % (minutes * MINUTE) == 0
    assert found > NOON + after
    assert found == NOON or found - minutes * MINUTE <= NOON + after


@given(st.integers(1, 40), DATES, TIMES, ZONES, st.integers(0, 400 * DAY))
def test_a_reminder_that_is_repeated_by_days_comes_at_its_local_time(days, day, time, zone, after):
    reminder = r.Reminder("r", at=0, repeat_days=days)
    first = times.milliseconds(datetime.fromisoformat(f"{day}T{time}"), zone)
    found = reminder_times.next_of(reminder, first, first + after, zone)
    begun, came = (times.local_at(at, zone) for at in (first, found))
    assert first + after < found <= first + after + days * DAY + 24 * HOUR
    assert (came - begun) % timedelta(days) in {timedelta(0), *_shifts(begun, came, zone)}


def _shifts(begun, came, zone):
    """The distance of clocks that skip a local time from it."""
    gap = came.replace(hour=begun.hour, minute=begun.minute, second=begun.second)
    shown = times.local_at(times.milliseconds(gap, zone), zone)
    return {shown - gap} if shown == came else set()


def test_a_day_after_is_not_24_hours_after_when_the_clocks_change():
    first = paris("2026-03-28T09:00")
    daily, exact = r.Reminder("r", at=first, repeat_days=1), r.Reminder("r", at=first, repeat_every=86400)
    assert reminder_times.next_of(daily, first, first, "Europe/Paris") == paris("2026-03-29T09:00")
    assert reminder_times.next_of(exact, first, first, "Europe/Paris") == paris("2026-03-29T10:00")
