"""Which occurrence follows a closed one: for dates, floating and zoned times, late and early, by each mode."""

from datetime import date
from itertools import islice, takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import times
from domain.recurrence import advance, keys
from schemas import records as r
from tests.unit.domain.given import ANNA, NOON, a_task

NEW_YORK, PARIS, APIA = "America/New_York", "Europe/Paris", "Pacific/Apia"


def at(local, zone=None):
    """Return the instant of a local time."""
    day, _, time = local.partition("T")
    return times.milliseconds(times.local(r.Due(day, f"{time}:00")), zone)


def closed(recurrence, occurrence, moment, zone=None, closing=r.Closing.DONE):
    """Return the event that closes an occurrence."""
    task = a_task(
        status=r.Status.COMPLETED, completed_at=moment, closing=closing, series="t", occurrence=occurrence,
        recurrence=recurrence, due=keys.slot_due(recurrence, occurrence),
    )  # fmt: skip
    return r.TaskCompleted("event", ANNA, moment, "actor", "command", task, zone=zone)


def following(recurrence, occurrence, moment, zone=None, **more):
    command = advance.following(closed(recurrence, occurrence, moment, zone, **more))
    return command and not command.ends and command.occurrence


def daily(start, rrule="FREQ=DAILY", **more):
    return r.Recurrence(rrule, start, **more)


def test_a_day_has_passed_when_it_is_over_in_the_users_zone():
    series = daily(r.Due("2026-11-23"))
    assert following(series, "2026-11-23", at("2026-11-23T20:00", NEW_YORK), NEW_YORK) == "2026-11-24"
    assert following(series, "2026-11-23", at("2026-11-24T20:00", NEW_YORK), NEW_YORK) == "2026-11-24"
    assert following(series, "2026-11-23", at("2026-11-25T00:00", NEW_YORK), NEW_YORK) == "2026-11-25"


def test_a_floating_time_has_passed_when_the_clocks_in_the_users_zone_show_it():
    series = daily(r.Due("2026-11-23", "21:00:00"))
    assert following(series, "2026-11-23T21:00:00", at("2026-11-24T20:59", NEW_YORK), NEW_YORK) == "2026-11-24T21:00:00"
    assert following(series, "2026-11-23T21:00:00", at("2026-11-24T21:00", NEW_YORK), NEW_YORK) == "2026-11-25T21:00:00"


def test_a_time_in_a_zone_has_passed_at_its_instant():
    series = daily(r.Due("2026-11-23", "09:00:00", PARIS))
    assert following(series, "2026-11-23T09:00:00", at("2026-11-24T09:00", PARIS) - 1) == "2026-11-24T09:00:00"
    assert following(series, "2026-11-23T09:00:00", at("2026-11-24T09:00", PARIS)) == "2026-11-25T09:00:00"


def test_one_for_sundays_that_was_due_on_friday_and_is_done_on_sunday_is_due_that_sunday():
    series = daily(r.Due("2026-11-27"), "FREQ=WEEKLY;BYDAY=SU")
    assert following(series, "2026-11-27", at("2026-11-29T18:00")) == "2026-11-29"


def test_the_clocks_instant_is_one_occurrence():
    series = daily(r.Due("2011-12-28", "09:00:00", APIA))
    found = ["2011-12-28T09:00:00"]
    while len(found) < 4:
        found.append(following(series, found[-1], at("2011-12-28T09:00", APIA)))
    assert found[1:] == ["2011-12-29T09:00:00", "2011-12-31T09:00:00", "2012-01-01T09:00:00"]


def test_no_due_names_a_time_within_a_gap():
    series = daily(r.Due("2026-03-27", "02:30:00", PARIS))
    moment = at("2026-03-27T10:00", PARIS)
    assert following(series, "2026-03-28T02:30:00", moment) == "2026-03-29T03:30:00"
    assert following(series, "2026-03-29T03:30:00", moment) == "2026-03-30T02:30:00"
    assert following(series, "2026-03-29T02:30:00", moment) == "2026-03-30T02:30:00"  # as an older version wrote it


LATE = at("2026-11-27T12:00", PARIS)


@pytest.mark.parametrize(
    ("missed", "moment", "found"),
    [
        (r.Missed.SKIP, LATE, "2026-11-28T09:00:00"),
        (r.Missed.LATEST, LATE, "2026-11-27T09:00:00"),
        (r.Missed.EACH, LATE, "2026-11-24T09:00:00"),
        *((missed, at("2026-11-20T12:00", PARIS), "2026-11-24T09:00:00") for missed in r.Missed),
    ],
)
def test_of_those_that_have_passed_none_the_latest_or_each_opens(missed, moment, found):
    series = daily(r.Due("2026-11-23", "09:00:00", PARIS), missed=missed)
    assert following(series, "2026-11-23T09:00:00", moment) == found


def test_the_latest_that_has_passed_is_found_also_when_it_was_long_ago():
    series = daily(r.Due("2000-02-29"), "FREQ=YEARLY", missed=r.Missed.LATEST)
    assert following(series, "2000-02-29", at("2023-01-01T00:00")) == "2020-02-29"


def test_dates_add_and_exceptions_leave_out_occurrences():
    series = daily(r.Due("2026-11-23"), "FREQ=WEEKLY", rdates=("2026-11-25",), exdates=("2026-11-30",))
    early = at("2026-11-23T08:00")
    assert following(series, "2026-11-23", early) == "2026-11-25"
    assert following(series, "2026-11-25", early) == "2026-12-07"


def test_count_counts_what_was_before_the_start():
    series = daily(r.Due("2026-11-25"), "FREQ=DAILY;COUNT=4", before=2)
    early = at("2026-11-23T08:00")
    assert [following(series, day, early) for day in ("2026-11-25", "2026-11-26")] == ["2026-11-26", None]


FROM = {"repeats": r.Repeats.COMPLETION}


@pytest.mark.parametrize(
    ("rrule", "start", "occurrence", "moment", "found"),
    [
        ("FREQ=DAILY;INTERVAL=3", r.Due("2026-11-20"), "2026-11-20", at("2026-11-23T20:00", NEW_YORK), "2026-11-26"),
        ("FREQ=DAILY;INTERVAL=3", r.Due("2026-11-27"), "2026-11-27", at("2026-11-23T20:00", NEW_YORK), "2026-11-26"),
        ("FREQ=DAILY", r.Due("2026-11-24"), "2026-11-24", at("2026-11-23T20:00", NEW_YORK), "2026-11-25"),
        ("FREQ=WEEKLY;BYDAY=MO", r.Due("2026-11-20"), "2026-11-20", at("2026-11-23T20:00", NEW_YORK), "2026-11-30"),
        (
            "FREQ=MONTHLY;BYMONTHDAY=31;RSCALE=GREGORIAN;SKIP=BACKWARD",
            r.Due("2026-10-31"), "2026-10-31", at("2026-11-30T20:00", NEW_YORK), "2026-12-31",
        ),
        (
            "FREQ=DAILY;INTERVAL=2",
            r.Due("2026-11-20", "09:00:00", PARIS), "2026-11-20T09:00:00", at("2026-11-23T23:30", PARIS),
            "2026-11-25T09:00:00",
        ),
        (
            "FREQ=HOURLY;INTERVAL=8",
            r.Due("2026-11-20", "09:00:00"), "2026-11-20T09:00:00", at("2026-11-23T20:15", NEW_YORK),
            "2026-11-24T04:15:00",
        ),
    ],
)  # fmt: skip
def test_from_completion_counts_from_the_day_of_completion(rrule, start, occurrence, moment, found):
    assert following(daily(start, rrule, **FROM), occurrence, moment, NEW_YORK) == found


def test_from_completion_a_skipped_one_is_not_followed_before_its_own_time():
    series = daily(r.Due("2026-11-27"), "FREQ=DAILY;INTERVAL=3", **FROM)
    assert following(series, "2026-11-27", at("2026-11-23T12:00"), closing=r.Closing.SKIPPED) == "2026-11-30"


def test_from_completion_an_exception_is_left_out_and_count_ends_the_series():
    series = daily(r.Due("2026-11-23"), "FREQ=DAILY;COUNT=3", exdates=("2026-11-24",), before=1, **FROM)
    assert following(series, "2026-11-23", at("2026-11-23T12:00")) == "2026-11-25"
    assert following(replace(series, before=2), "2026-11-23", at("2026-11-23T12:00")) is None


def test_a_series_that_is_counted_from_completion_starts_at_its_next_occurrence():
    series = daily(r.Due("2026-11-23"), "FREQ=DAILY;COUNT=3", **FROM)
    after = advance.advanced(series, r.Due("2026-11-26"))
    assert (after.start, after.before, after.version) == (r.Due("2026-11-26"), 1, 1)


ZONES = (None, "UTC", NEW_YORK, PARIS, APIA, "Australia/Lord_Howe", "America/St_Johns")
RULES = ("FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=WEEKLY;BYDAY=SU", "FREQ=MONTHLY", "FREQ=YEARLY;BYMONTH=2")
WITHIN_A_DAY = ("FREQ=HOURLY;INTERVAL=5", "FREQ=MINUTELY;INTERVAL=90")
DAYS = st.dates(date(2010, 1, 1), date(2035, 1, 1)).map(date.isoformat)


@st.composite
def closings(draw, repeats=r.Repeats.SCHEDULE):
    """Return an event that closes the first occurrence of a series, at most two years before or after it."""
    time = draw(st.none() | st.times().map(lambda each: each.replace(microsecond=0).isoformat()))
    due = r.Due(draw(DAYS), time, draw(st.sampled_from(ZONES)) if time else None)
    due = keys.on_clocks(due)
    rrule = draw(st.sampled_from((*RULES, *(WITHIN_A_DAY if time else ()))))
    missed = draw(st.sampled_from(tuple(r.Missed)))
    moment = times.milliseconds(times.local(due), due.zone) + draw(st.integers(-730 * 86_400_000, 730 * 86_400_000))
    series = r.Recurrence(rrule, due, repeats=repeats, missed=missed)
    return closed(series, times.key(due), moment, draw(st.sampled_from(ZONES)))


@given(closings())
def test_the_next_occurrence_is_the_first_by_one_rule(event):
    series, zone, moment = event.task.recurrence, event.zone, event.at
    slots = [each.due for each, _ in zip(advance.series_set(series).occurrences(), range(60), strict=False)][1:]
    passed = [each for each in slots if advance.has_passed(each, moment, zone)]
    coming = [each for each in slots if each not in passed]
    if not coming:  # further away than this test looks
        return
    skips = series.missed is r.Missed.SKIP or not passed
    expected = coming[0] if skips else passed[-1] if series.missed is r.Missed.LATEST else slots[0]
    assert advance.next_due(series, event.task, event) == expected


@given(closings())
def test_an_early_completion_neither_repeats_nor_skips_a_slot(event):
    series = event.task.recurrence
    early = closed(series, event.task.occurrence, min(event.at, NOON) - 20 * 366 * 86_400_000, event.zone)
    slot = advance.series_set(series).after(event.task.occurrence)
    assert advance.next_due(series, early.task, early) == (slot and slot.due)


@given(closings(r.Repeats.COMPLETION))
def test_from_completion_is_never_before_the_completion(event):
    due = advance.next_due(event.task.recurrence, event.task, event)
    zone = due.zone or event.zone
    assert due != event.task.due
    if due.time is None:
        assert due.date > times.local_at(event.at, zone).date().isoformat()
    else:
        assert times.milliseconds(times.local(due), zone) > event.at


@given(closings())
def test_what_is_shown_stood_on_the_clocks(event):
    due = advance.next_due(event.task.recurrence, event.task, event)
    assert due is None or keys.on_clocks(due) == due


@pytest.mark.parametrize("missed", r.Missed)
def test_a_series_of_every_quarter_of_an_hour_that_was_left_for_a_hundred_years_goes_on_at_once(missed):
    series = daily(r.Due("1970-01-01", "00:00:00", PARIS), "FREQ=MINUTELY;INTERVAL=15", missed=missed)
    found = following(series, "1970-01-01T00:00:00", at("2070-01-01T00:07", PARIS))
    assert found[:10] == ("1970-01-01" if missed is r.Missed.EACH else "2070-01-01")


def test_days_are_days_of_the_calendar():
    series = daily(r.Due("2026-03-27", "09:00:00", PARIS))
    first = times.milliseconds(times.local(series.start), PARIS)
    found = islice(advance.series_set(series).occurrences(), 1, 4)
    assert [(each.instant - first) // 3_600_000 for each in found] == [24, 47, 71]


@given(
    st.sampled_from(("FREQ=DAILY", "FREQ=DAILY;INTERVAL=500", "FREQ=WEEKLY;BYDAY=MO,FR", "FREQ=DAILY;COUNT=9")),
    st.integers(0, 5000),
    st.sampled_from((1, 3, advance.MOST_OPEN)),
)
def test_the_last_that_have_passed_are_those_of_all_that_have(rrule, days, most):
    series = advance.series_set(daily(r.Due("2026-11-23"), rrule))
    here = times.local(times.moved(r.Due("2026-11-23"), days))
    day = here.date().isoformat()
    every = [each for each in takewhile(lambda each: each.key <= day, series.occurrences()) if each.key > "2026-11-23"]
    assert [*advance.last(series, "2026-11-23", here, lambda each: each.key <= day, most)] == every[-most:]
