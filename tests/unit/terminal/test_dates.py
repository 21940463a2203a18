"""What people type for a due and a reminder."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rondo.client import Due
from rondo.terminal.dates import WEEKDAYS, day, due, passed, reminder

MONDAY = date(2026, 11, 23)
PARIS = "Europe/Paris"


@pytest.mark.parametrize(
    ("text", "zone", "written"),
    [
        ("2026-12-01", None, {"date": "2026-12-01"}),
        ("2026-12-01T09:00", None, {"date": "2026-12-01", "time": "09:00"}),
        ("2026-12-01 09:00", None, {"date": "2026-12-01", "time": "09:00"}),
        ("2026-12-01T09:00:30", PARIS, {"date": "2026-12-01", "time": "09:00:30", "zone": PARIS}),
        ("today", None, {"date": "2026-11-23"}),
        ("Tomorrow", None, {"date": "2026-11-24"}),
        ("todayT17:30", None, {"date": "2026-11-23", "time": "17:30"}),
        ("fri 09:00", PARIS, {"date": "2026-11-27", "time": "09:00", "zone": PARIS}),
        ("satt10:00", None, {"date": "2026-11-28", "time": "10:00"}),
        (" monday ", None, {"date": "2026-11-30"}),
        ("2026-02-30", None, {"date": "2026-02-30"}),  # the API says that there is no such day
        ("today", PARIS, {"date": "2026-11-23"}),  # a day has no zone; this one was today there
    ],
)
def test_a_due_is_a_day_a_floating_time_or_a_time_in_a_zone(text: str, zone: str | None, written: dict[str, str]):
    assert due(text, zone, MONDAY) == written


@pytest.mark.parametrize(
    "text",
    [
        "",
        "soon",
        "today 9:00",
        "9:00",
        "2026-12",
        "01/12/2026",
        "2026-12-01T09:00Z",
        "2026-12-01T09:00+01:00",
        "t09:00",
    ],
)
def test_what_is_no_due_is_refused_with_what_to_write(text: str):
    with pytest.raises(ValueError, match="Write a day as"):
        due(text, None, MONDAY)


@given(st.dates(), st.sampled_from(WEEKDAYS))
def test_a_weekday_is_the_next_such_day_and_never_today(today: date, name: str):
    if today < date.max - timedelta(days=7):
        found = date.fromisoformat(day(name, today))
        assert WEEKDAYS[found.weekday()] == name
        assert timedelta() < found - today <= timedelta(days=7)
        assert day(name[:3], today) == found.isoformat()


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("15m", {"before": "PT15M"}),
        ("2h", {"before": "PT2H"}),
        ("1h30m", {"before": "PT1H30M"}),
        ("1d", {"before": "P1D"}),
        ("1w", {"before": "P1W"}),
        ("1D12H", {"before": "P1DT12H"}),
        ("PT15M", {"before": "PT15M"}),
        ("pt15m", {"before": "PT15M"}),
        ("2026-12-01T09:00:00Z", {"at": "2026-12-01T09:00:00Z"}),
        ("2026-12-01t09:00+01:00", {"at": "2026-12-01T09:00:00+01:00"}),
        ("2026-12-01T09:00-05:30", {"at": "2026-12-01T09:00:00-05:30"}),
    ],
)
def test_a_reminder_is_a_time_before_the_due_or_an_instant(text: str, written: dict[str, str]):
    assert reminder(text) == written


@pytest.mark.parametrize("text", ["", "5", "m", "15 minutes", "30m1h", "2026-12-01", "2026-12-01T09:00", "tomorrow"])
def test_what_is_no_reminder_is_refused_with_what_to_write(text: str):
    with pytest.raises(ValueError, match="Write a time before"):
        reminder(text)


NOON = datetime(2026, 11, 23, 12, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("written", "due_at", "is_passed"),
    [
        (None, None, False),
        (Due(date="2026-11-22", time=None, zone=None), None, True),
        (Due(date="2026-11-23", time=None, zone=None), None, False),
        (Due(date="2026-11-23", time="11:59:59", zone=None), None, True),
        (Due(date="2026-11-23", time="12:00:00", zone=None), None, False),
        (Due(date="2026-11-23", time="05:30:00", zone="America/New_York"), "2026-11-23T10:30:00Z", True),
        (Due(date="2026-11-23", time="06:30:00", zone="America/New_York"), "2026-11-23T11:30:00Z", False),
    ],
)
def test_a_due_passes_with_its_day_by_the_clock_or_at_its_instant(
    written: Due | None, due_at: str | None, is_passed: bool
):
    assert passed(written, due_at, NOON) is is_passed


def test_a_due_in_a_zone_passes_at_the_same_instant_everywhere():
    written = Due(date="2026-11-23", time="12:00:00", zone=PARIS)
    assert passed(written, "2026-11-23T11:00:00Z", datetime(2026, 11, 23, 11, 0, 1, tzinfo=UTC))
    assert not passed(written, "2026-11-23T11:00:00Z", datetime(2026, 11, 23, 10, 59, tzinfo=UTC))
