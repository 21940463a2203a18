"""The engine against two others: python-dateutil, and the plain reading of each day."""

from datetime import date, datetime, timedelta
from itertools import islice, takewhile

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given
from hypothesis import strategies as st

from domain.recurrence.occurrences import moments
from domain.recurrence.rule import parse

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
starts = st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)).map(lambda m: m.replace(microsecond=0))  # noqa: DTZ001


def numbers(least, most, *, signed=False):
    one = st.integers(least, most)
    some = st.one_of(one, one.map(lambda n: -n)) if signed else one
    return st.lists(some, min_size=1, max_size=4).map(lambda ns: ",".join(map(str, ns)))


def days(*, numbered):
    """Weekdays, all with or all without a number: dateutil takes only those that are both."""
    which = st.sampled_from(("1", "2", "3", "-1", "-2"))
    plain = st.lists(st.sampled_from(DAYS), min_size=1, max_size=4)
    counted = st.lists(st.builds("{}{}".format, which, st.sampled_from(DAYS)), min_size=1, max_size=4)
    return (st.one_of(plain, counted) if numbered else plain).map(",".join)


COMMON = {
    "INTERVAL": st.integers(1, 6).map(str),
    "BYMONTH": numbers(1, 12),
    "BYHOUR": numbers(0, 23),
    "BYMINUTE": numbers(0, 59),
    "WKST": st.sampled_from(DAYS),
}
PARTS = {
    "DAILY": COMMON | {"BYDAY": days(numbered=False), "BYMONTHDAY": numbers(1, 31, signed=True)},
    "WEEKLY": COMMON | {"BYDAY": days(numbered=False)},
    "MONTHLY": COMMON | {"BYDAY": days(numbered=True), "BYMONTHDAY": numbers(1, 31, signed=True)},
    "YEARLY": COMMON
    | {
        "BYDAY": days(numbered=True),
        "BYMONTHDAY": numbers(1, 31, signed=True),
        "BYYEARDAY": numbers(1, 366, signed=True),
    },
}


@st.composite
def rules(draw):
    freq = draw(st.sampled_from(tuple(PARTS)))
    parts = draw(st.fixed_dictionaries({}, optional=PARTS[freq]))
    if freq != "WEEKLY" and {"BYDAY", "BYMONTHDAY"} & parts.keys() and draw(st.booleans()):
        parts["BYSETPOS"] = draw(numbers(1, 3, signed=True))
    return ";".join([f"FREQ={freq}", *(f"{name}={value}" for name, value in parts.items())])


@given(rules(), starts)
def test_the_first_moments_are_those_of_dateutil(text, start):
    """Left out is what dateutil reads otherwise than RFC 5545: BYWEEKNO at a year's edge, BYSETPOS in a first week."""
    ours = list(takewhile(lambda m: m.year < start.year + 60, islice(moments(parse(text), start, start), 10)))
    theirs = rrulestr(text, dtstart=start)  # asked for no more than there are: it would go on to the year 9999
    assert ours == list(islice(theirs, len(ours)))


@given(rules(), starts, st.integers(0, 4000))
def test_starting_near_leaves_out_only_what_is_before(text, start, later):
    floor, rule = start + timedelta(days=later), parse(text)
    near = islice((m for m in moments(rule, start, floor) if m >= floor), 5)
    far = islice((m for m in moments(rule, start, start) if m >= floor), 5)
    assert list(near) == list(far)


@given(rules(), starts)
def test_moments_increase_strictly_and_begin_at_the_start(text, start):
    found = list(islice(moments(parse(text), start, start), 20))
    assert found == sorted(set(found))
    assert all(moment >= start for moment in found)


@pytest.mark.parametrize("week", [1, 2, 26, 52, 53])
def test_week_numbers_are_those_of_iso_8601(week):
    start, end = datetime(1970, 1, 1), date(2400, 1, 1)  # noqa: DTZ001
    rule = parse(f"FREQ=YEARLY;BYWEEKNO={week};BYDAY={','.join(DAYS)}")
    ours = [m.date() for m in takewhile(lambda m: m.date() < end, moments(rule, start, start))]
    every = (start.date() + timedelta(days=n) for n in range((end - start.date()).days))
    assert ours == [day for day in every if day.isocalendar().week == week]


def test_the_last_week_is_that_before_the_next_years_first():
    start = datetime(2026, 1, 1)  # noqa: DTZ001
    found = moments(parse("FREQ=YEARLY;BYWEEKNO=-1;BYDAY=TH"), start, start)
    assert [m.date().isocalendar()[:2] for m in islice(found, 7)] == [
        (2026, 53), (2027, 52), (2028, 52), (2029, 52), (2030, 52), (2031, 52), (2032, 53),
    ]  # fmt: skip


def test_weekdays_with_and_without_a_number_add_up():
    start = datetime(2026, 11, 1)  # noqa: DTZ001 - a Sunday
    found = moments(parse("FREQ=MONTHLY;BYDAY=SU,1MO"), start, start)
    assert [m.day for m in islice(found, 6)] == [1, 2, 8, 15, 22, 29]


def test_a_week_number_without_a_day_means_the_starts_weekday():
    start = datetime(2026, 11, 24)  # noqa: DTZ001 - a Tuesday
    found = next(moments(parse("FREQ=YEARLY;BYWEEKNO=20"), start, start))
    assert found.date() == date.fromisocalendar(2027, 20, 2)


def test_places_count_the_whole_week_in_which_the_start_lies():
    wednesday = datetime(2026, 11, 25)  # noqa: DTZ001
    found = next(moments(parse("FREQ=WEEKLY;BYDAY=MO,TH;BYSETPOS=1"), wednesday, wednesday))
    assert found.date() == date(2026, 11, 30)


@pytest.mark.parametrize(
    "text", ["FREQ=DAILY", "FREQ=WEEKLY;WKST=WE", "FREQ=MONTHLY", "FREQ=YEARLY", "FREQ=YEARLY;BYWEEKNO=52"]
)
def test_the_calendar_ends_with_the_year_9999(text):
    start = datetime(9999, 12, 30)  # noqa: DTZ001
    assert all(moment.year == 9999 for moment in moments(parse(text), start, start))
