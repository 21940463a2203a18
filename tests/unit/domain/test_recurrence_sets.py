"""Recurrence sets: a rule with further dates and exceptions, on the clocks of a zone."""

from itertools import islice

from domain import times
from domain.recurrence.rule import parse
from domain.recurrence.sets import RecurrenceSet
from schemas.records import Due


def daily(date, time, zone, rrule="FREQ=DAILY", **fields):
    return RecurrenceSet(Due(date, time, zone), parse(rrule), **fields)


def keys(found, most=10):
    return [each.key for each in islice(found, most)]


def test_a_day_that_the_clocks_skip_is_no_occurrence_of_its_own():
    apia = daily("2011-12-28", "09:00:00", "Pacific/Apia")
    assert keys(apia.occurrences(), 4) == [
        "2011-12-28T09:00:00", "2011-12-29T09:00:00", "2011-12-31T09:00:00", "2012-01-01T09:00:00",
    ]  # fmt: skip


def test_count_counts_instants():
    apia = daily("2011-12-29", "09:00:00", "Pacific/Apia", "FREQ=DAILY;COUNT=3")
    assert keys(apia.occurrences()) == ["2011-12-29T09:00:00", "2011-12-31T09:00:00", "2012-01-01T09:00:00"]


def test_a_time_that_the_clocks_skip_is_shown_as_they_show_it():
    found = list(islice(daily("2026-03-28", "02:30:00", "Europe/Paris").occurrences(), 3))
    assert [each.key for each in found] == ["2026-03-28T02:30:00", "2026-03-29T03:30:00", "2026-03-30T02:30:00"]
    assert [each.planned for each in found] == [None, "2026-03-29T02:30:00", None]


def test_times_around_a_gap_are_in_the_order_of_their_instants():
    found = daily("2026-03-29", "01:30:00", "Europe/Paris", "FREQ=DAILY;BYHOUR=1,2,3;BYMINUTE=0,30")
    assert keys(found.occurrences(), 5) == [
        "2026-03-29T01:30:00", "2026-03-29T03:00:00", "2026-03-29T03:30:00", "2026-03-30T01:00:00",
        "2026-03-30T01:30:00",
    ]  # fmt: skip


def test_an_ambiguous_time_is_the_first():
    [_, found] = islice(daily("2026-10-24", "02:30:00", "Europe/Paris").occurrences(), 2)
    assert found.instant == times.milliseconds(times.local(Due("2026-10-25", "00:30:00")), None)


def test_further_dates_join_and_exceptions_leave():
    found = daily(
        "2026-01-01", None, None, "FREQ=WEEKLY;COUNT=3",
        rdates=("2026-01-03", "2026-01-08", "2026-02-01"), exdates=("2026-01-15", "2026-01-16"),
    )  # fmt: skip
    assert keys(found.occurrences()) == ["2026-01-01", "2026-01-03", "2026-01-08", "2026-02-01"]


def test_nothing_is_before_the_start():
    found = daily("2026-01-05", None, None, "FREQ=WEEKLY;COUNT=2", rdates=("2026-01-04", "2026-01-06"))
    assert keys(found.occurrences()) == ["2026-01-05", "2026-01-06", "2026-01-12"]


def test_an_exception_is_an_instant():
    found = daily("2026-03-28", "02:30:00", "Europe/Paris", exdates=("2026-03-29T03:30:00",))
    assert keys(found.occurrences(), 2) == ["2026-03-28T02:30:00", "2026-03-30T02:30:00"]


def test_the_next_one_follows_a_key_and_an_instant():
    paris = daily("2026-03-28", "02:30:00", "Europe/Paris")
    assert paris.after("2026-03-29T02:59:59").key == "2026-03-29T03:30:00"
    assert paris.after("2026-03-29T03:30:00").key == "2026-03-30T02:30:00"
    assert paris.after_instant(paris.after("2026-03-28T03:00:00").instant).key == "2026-03-30T02:30:00"
    assert paris.after_instant(0).key == "2026-03-28T02:30:00"
    assert daily("2026-03-28", None, None, "FREQ=DAILY;COUNT=1").after("2026-03-28") is None


def test_a_floating_time_is_compared_in_the_zone_asked_for():
    floating = daily("2026-11-24", "20:00:00", None)
    at = times.milliseconds(times.local(Due("2026-11-25", "00:30:00")), None)
    assert floating.after_instant(at, "America/New_York").key == "2026-11-24T20:00:00"
    assert floating.after_instant(at).key == "2026-11-25T20:00:00"


def test_the_start_is_the_first_of_a_task_and_no_match_of_a_rule():
    monday = "FREQ=WEEKLY;BYDAY=MO;COUNT=2"
    assert keys(daily("2026-11-24", None, None, monday).occurrences()) == ["2026-11-24", "2026-11-30"]
    rule = daily("2026-11-24", None, None, monday, includes_start=False)
    assert keys(rule.occurrences()) == ["2026-11-30", "2026-12-07"]
