"""Local times, zones and instants."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import times
from domain.invalid import Invalid
from schemas.records import Due

ZONES = st.sampled_from(sorted(times.zones()))


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000


@pytest.mark.parametrize(
    ("due", "utc"),
    [
        (Due("2026-11-24", "09:00:00", "Europe/Paris"), "2026-11-24T08:00:00"),
        (Due("2026-07-24", "09:00:00", "Europe/Paris"), "2026-07-24T07:00:00"),
        (Due("2026-11-24", "09:00:00", "Asia/Kathmandu"), "2026-11-24T03:15:00"),
    ],
)
def test_a_due_in_a_zone_means_an_instant(due, utc):
    assert times.instant(due) == at(utc)


@pytest.mark.parametrize("due", [Due("2026-11-24"), Due("2026-11-24", "09:00:00")])
def test_a_due_without_a_zone_means_no_instant(due):
    assert times.instant(due) is None


def test_a_time_in_a_gap_is_read_with_the_offset_before_it():
    assert times.instant(Due("2026-03-29", "02:30:00", "Europe/Paris")) == at("2026-03-29T01:30:00")


def test_a_time_that_happens_twice_is_its_first():
    assert times.instant(Due("2026-10-25", "02:30:00", "Europe/Paris")) == at("2026-10-25T00:30:00")


@given(ZONES)
def test_every_zone_of_the_wheel_can_be_read(name):
    assert times.zone(name).key == name


@pytest.mark.parametrize(
    "name", ["Europe/Atlantis", "europe/paris", "../zones", "/etc/localtime", "", "Europe", "P\ud800"]
)
def test_what_is_no_zone_is_not_looked_for(name):
    with pytest.raises(KeyError):
        times.zone(name)


@given(ZONES, st.integers(0, 4_000_000_000).map(lambda seconds: seconds * 1000))
def test_a_local_time_means_the_instant_that_shows_it_or_the_first_that_does(name, instant):
    again = times.milliseconds(times.local_at(instant, name), name)
    assert again <= instant
    assert times.local_at(again, name) == times.local_at(instant, name)


def test_a_time_is_completed_with_seconds():
    assert times.check(Due("2026-11-24", "09:00", "Europe/Paris")).time == "09:00:00"


@pytest.mark.parametrize(
    ("due", "field"),
    [
        (Due("10000-01-01"), "due.date"),
        (Due("1969-12-31"), "due.date"),
        (Due("2026-02-29"), "due.date"),
        (Due("20261124"), "due.date"),
        (Due("2026-11-24\n"), "due.date"),
        (Due("２０２６-11-24"), "due.date"),  # noqa: RUF001 - digits, but not ASCII's
        (Due("2026-11-24", "24:00"), "due.time"),
        (Due("2026-11-24", "9:00"), "due.time"),
        (Due("2026-11-24", "09:00:60"), "due.time"),
        (Due("2026-11-24", "09:00:00.5"), "due.time"),
        (Due("2026-11-24", "09:00Z"), "due.time"),
        (Due("2026-11-24", None, "Europe/Paris"), "due.zone"),
        (Due("2026-11-24", "09:00", "Europe/Atlantis"), "due.zone"),
        (Due("2026-11-24", "09:00", "europe/paris"), "due.zone"),
        (Due("9999-12-31", "23:00", "America/New_York"), "due.date"),
        (Due("1970-01-01", "00:00", "Asia/Tokyo"), "due.date"),
    ],
)
def test_what_is_no_due_is_refused_by_its_field(due, field):
    with pytest.raises(Invalid) as refusal:
        times.check(due)
    assert refusal.value.field == field


@given(st.dates(datetime(1970, 1, 2).date(), datetime(9999, 12, 30).date()), st.times(), ZONES)  # noqa: DTZ001
def test_every_date_and_time_in_every_zone_is_accepted_and_means_an_instant(date, time, name):
    due = times.check(Due(date.isoformat(), time.replace(microsecond=0).isoformat(), name))
    assert 0 <= times.instant(due) < times.END


@given(st.datetimes(datetime(1970, 1, 1)), st.datetimes(datetime(1970, 1, 1)))  # noqa: DTZ001
def test_keys_sort_as_local_times_do(one, other):
    keys = [times.key(Due(m.date().isoformat(), m.time().replace(microsecond=0).isoformat())) for m in (one, other)]
    assert (keys[0] < keys[1]) == (one.replace(microsecond=0) < other.replace(microsecond=0))
