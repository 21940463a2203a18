"""Which zone is meant where none is typed, and what has passed by its clock."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from rondo.client import Due
from rondo.terminal import clock
from rondo.terminal.clock import NoZone, passed
from tests.unit.client.scripted import Says, Scripted
from tests.unit.terminal.commands import SETTINGS
from tests.unit.typed import Type

PARIS = "Europe/Paris"
NOON = datetime(2026, 11, 23, 12, tzinfo=timezone(timedelta(hours=1)))


@pytest.mark.parametrize(
    ("tz", "name"),
    [
        ("Europe/Paris", "Europe/Paris"),
        (":Europe/Paris", "Europe/Paris"),
        ("/usr/share/zoneinfo/Asia/Tokyo", "Asia/Tokyo"),
        ("", "UTC"),  # as the C library reads it
        ("EST5EDT", "EST5EDT"),
        ("NZDT-13", "Etc/GMT-13"),
        ("GMT+3", "Etc/GMT+3"),
        ("IST-5:30", "Asia/Kolkata"),
        ("NZST-12NZDT,M9.5.0,M4.1.0/3", "Pacific/Auckland"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "Europe/Paris"),
    ],
)
def test_the_zone_that_tz_says_is_the_one_whose_clock_shows_the_same(
    tz: str, name: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("TZ", tz)
    found = clock.machine()
    assert clock.now(found).utcoffset() == clock.now(name).utcoffset()
    if "," not in tz:
        assert found.replace("Calcutta", "Kolkata") == name


@pytest.mark.parametrize("tz", ["Mars/Olympus", "CET-1CEST", "XYZ-7:13", "../../etc/passwd", "\udcff"])
def test_what_is_no_zone_is_refused_and_never_taken_for_another(tz: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", tz)
    with pytest.raises(NoZone, match=r"TZ=.*write its IANA name"):
        clock.machine()


@pytest.mark.parametrize("tz", ["NZDT-13", "NZST-12NZDT,M9.5.0,M4.1.0/3", "HST10", ""])
def test_today_is_one_day_in_everything_that_is_typed_and_shown(typed: Type, tz: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", tz)
    today = clock.now(clock.machine()).date().isoformat()
    pending = Says(202, {"command": {"id": "1", "status": "pending"}, "task": None})
    with Scripted(SETTINGS, pending, pending, PAGE) as api:
        typed("add", "Buy milk", "--due", "today", api=api.url)
        typed("add", "Buy milk", "--start", "now", api=api.url)
        typed("list", "--filter", "due = today", api=api.url)
    _, due, start, listed = api.asked
    assert (due.body["due"]["date"], start.body["start"]["date"]) == (today, today)
    assert f"zone={clock.machine()}".replace("/", "%2F").replace("+", "%2B") in listed.path


PAGE = Says(200, {"items": [], "next": None})


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
