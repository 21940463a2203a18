"""When a series goes on: local times over changes of the clocks, what was missed, and how a rule ends."""

from datetime import UTC, date, datetime
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import times
from domain.recurrence import succession
from domain.recurrence.rule import parse
from domain.recurrence.sets import RecurrenceSet
from schemas.records import Due, Recurrence
from tests.unit.domain.given import WEEKDAYS

RULES = st.sampled_from(
    (WEEKDAYS, "FREQ=DAILY;INTERVAL=3", "FREQ=MONTHLY;BYDAY=-1FR", "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=YEARLY")
)
ZONES = st.sampled_from((None, "UTC", "Europe/Paris", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia"))
NINE = Due("2026-11-24", "09:00:00", "Europe/Paris")
DATES = st.dates(date(1990, 1, 1), date(2060, 1, 1)).map(date.isoformat)
TIMES = st.times().map(lambda time: time.replace(microsecond=0).isoformat())


@st.composite
def series(draw):
    time = draw(st.one_of(st.none(), TIMES))
    start = Due(draw(DATES), time, draw(ZONES) if time else None)
    return Recurrence(draw(RULES), start)


def walk(series, steps):
    """The first occurrences of a series, one after the other."""
    dues = [series.start]
    while len(dues) < steps and (due := succession.next_due(series, times.key(dues[-1]), None)):
        dues.append(due)
    return dues


def utc(instant):
    return datetime.fromtimestamp(instant / 1000, UTC).isoformat()


@pytest.mark.parametrize(
    ("friday", "before", "after"),
    [
        ("2026-03-27", "2026-03-27T08:00:00+00:00", "2026-03-30T07:00:00+00:00"),
        ("2026-10-23", "2026-10-23T07:00:00+00:00", "2026-10-26T08:00:00+00:00"),
    ],
)
def test_nine_in_paris_stays_nine_when_the_clocks_change(friday, before, after):
    weekdays = Recurrence(WEEKDAYS, Due(friday, "09:00:00", "Europe/Paris"))
    assert [utc(times.instant(due)) for due in walk(weekdays, 2)] == [before, after]


def test_a_time_that_a_change_skips_is_kept():
    daily = Recurrence("FREQ=DAILY", Due("2026-03-28", "02:30:00", "Europe/Paris"))
    assert [due.date for due in walk(daily, 3)] == ["2026-03-28", "2026-03-29", "2026-03-30"]


@given(series())
def test_occurrences_increase_strictly(some):
    keys = [times.key(due) for due in walk(some, 12)]
    assert keys == sorted(set(keys))


@given(series())
def test_every_occurrence_has_the_starts_local_time_and_zone(some):
    assert {(due.time, due.zone) for due in walk(some, 12)} == {(some.start.time, some.start.zone)}


@given(series(), st.integers(0, 20), st.integers(-1, 1))
def test_the_next_due_is_the_first_that_is_late_enough(some, index, nudge):
    dues = walk(some, 25)
    instants = [times.milliseconds(times.local(due), due.zone) for due in dues]
    at = instants[index] + nudge
    expected = next(due for due, instant in zip(dues[1:], instants[1:], strict=True) if instant > at)
    assert succession.next_due(some, times.key(some.start), at) == expected


@pytest.mark.parametrize(
    ("rule", "start", "dates"),
    [
        ("FREQ=DAILY;COUNT=3", Due("2026-11-24"), ["2026-11-24", "2026-11-25", "2026-11-26"]),
        ("FREQ=DAILY;UNTIL=20261125", Due("2026-11-24"), ["2026-11-24", "2026-11-25"]),
        ("FREQ=DAILY;UNTIL=20261125T090000", Due("2026-11-24", "09:00:00"), ["2026-11-24", "2026-11-25"]),
        ("FREQ=DAILY;UNTIL=20261125T085959", Due("2026-11-24", "09:00:00"), ["2026-11-24"]),
        (
            "FREQ=DAILY;UNTIL=20261125T080000Z",
            Due("2026-11-24", "09:00:00", "Europe/Paris"),
            ["2026-11-24", "2026-11-25"],
        ),
        ("FREQ=DAILY;UNTIL=20261125T075959Z", NINE, ["2026-11-24"]),
    ],
)
def test_a_rule_ends_where_it_says(rule, start, dates):
    assert [due.date for due in walk(Recurrence(rule, start), 9)] == dates


def test_the_start_is_the_first_occurrence_and_counts_even_where_it_does_not_fit():
    tuesday = Recurrence("FREQ=WEEKLY;BYDAY=FR;COUNT=3", Due("2026-11-24"))
    assert [due.date for due in walk(tuesday, 9)] == ["2026-11-24", "2026-11-27", "2026-12-04"]


def test_a_day_that_a_month_lacks_is_left_out():
    monthly = Recurrence("FREQ=MONTHLY", Due("2027-01-31"))
    assert [due.date for due in walk(monthly, 4)] == ["2027-01-31", "2027-03-31", "2027-05-31", "2027-07-31"]


def test_an_occurrence_on_the_very_instant_is_not_after_it():
    daily = Recurrence("FREQ=DAILY", Due("2026-11-24", "09:00:00", "Europe/Paris"))
    at = times.instant(Due("2026-11-26", "09:00:00", "Europe/Paris"))
    assert succession.next_due(daily, "2026-11-24T09:00:00", at).date == "2026-11-27"


def test_a_date_is_compared_as_its_midnight_in_utc():
    daily = Recurrence("FREQ=DAILY", Due("2026-11-20"))
    noon = times.milliseconds(datetime(2026, 11, 23, 12), None)  # noqa: DTZ001
    assert succession.next_due(daily, "2026-11-20", noon).date == "2026-11-24"


@pytest.mark.parametrize(
    ("rule", "start", "keys"),
    [
        ("RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=BACKWARD", Due("2027-01-31"), ["2027-01-31", "2027-02-28", "2027-03-31"]),
        ("RSCALE=GREGORIAN;FREQ=YEARLY;SKIP=FORWARD", Due("2028-02-29"), ["2028-02-29", "2029-03-01", "2030-03-01"]),
        (
            "FREQ=HOURLY;INTERVAL=6;BYHOUR=3,9,15",
            Due("2027-01-31", "09:30:00"),
            ["2027-01-31T09:30:00", "2027-01-31T15:30:00", "2027-02-01T03:30:00"],
        ),
    ],
)
def test_a_task_recurs_within_a_day_and_on_the_day_beside_one_that_a_month_lacks(rule, start, keys):
    assert succession.check(rule, start) == rule
    assert [times.key(due) for due in walk(Recurrence(rule, start), 3)] == keys


def test_decisions_of_before_count_the_years_of_week_numbers_from_january():
    """RFC 5545 leaves open which year the days of week 1 in December are of: from version 6 on it is the week's."""
    start = Due("2024-12-31")
    third_year = Recurrence("FREQ=YEARLY;INTERVAL=3;BYWEEKNO=1;BYDAY=MO,TU", start)
    assert [due.date for due in walk(third_year, 3)] == ["2024-12-31", "2027-01-04", "2027-01-05"]
    found = RecurrenceSet(start, parse(third_year.rrule)).occurrences()
    assert [each.key for each in islice(found, 3)] == ["2024-12-31", "2028-01-03", "2028-01-04"]


def test_a_series_ends_with_the_calendar():
    daily = Recurrence("FREQ=DAILY", Due("9999-12-30", "23:00:00", "America/New_York"))
    assert [due.date for due in walk(daily, 9)] == ["9999-12-30"]
