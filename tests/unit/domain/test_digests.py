"""Digests: one for each local day, at its local time, whatever changes and however late."""

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import digests, times
from domain.digests import OUTRUN, UNWANTED
from domain.reminder_times import Basis
from schemas import ids
from schemas import records as r
from tests.unit.domain.given import ANNA, DAY, HOUR, MINUTE, NOON, set_settings
from tests.unit.domain.life import Life, local

PARIS = "Europe/Paris"
DIGESTS = r.DigestDue | r.DigestWithheld


def at_half_past_seven(**settings):
    return set_settings(digest_time="07:30:00", **{"zone": PARIS, **settings})


def sent(life):
    return [record.day for record in life.told(r.DigestDue)]


def missed(life):
    return [(record.day, record.detail) for record in life.told(r.DigestWithheld)]


def days(first, number):
    return [(date.fromisoformat(first) + timedelta(days=each)).isoformat() for each in range(number)]


def test_a_digest_comes_each_day_at_its_time_in_the_zone_also_when_the_clocks_change():
    life = Life(local(PARIS, "2026-03-27T12:00")).does(at_half_past_seven()).until(local(PARIS, "2026-03-31T12:00"))
    assert sent(life) == days("2026-03-28", 4)
    assert [record.at for record in life.told(r.DigestDue)] == [
        local(PARIS, f"{day}T07:30") for day in days("2026-03-28", 4)
    ]


@pytest.mark.parametrize(
    ("zone", "time", "day", "instant"),
    [
        (PARIS, "02:30:00", "2026-03-28", "2026-03-29T03:30+02:00"),  # within the gap
        (PARIS, "02:30:00", "2026-10-24", "2026-10-25T02:30+02:00"),  # the first of two
        ("Pacific/Apia", "07:30:00", "2011-12-29", "2011-12-31T07:30+14:00"),  # the 30th was left out
        (None, "00:00:00", "2026-11-23", "2026-11-24T00:00+00:00"),
    ],
)
def test_a_day_has_a_digest_once_the_clocks_show_its_time(zone, time, day, instant):
    settings = r.Settings(ANNA, 0, zone, digest_time=time)
    moment = datetime.fromisoformat(instant)
    assert digests.following(day, settings) == (moment.date().isoformat(), round(moment.timestamp() * 1000))


def test_after_the_last_day_of_the_calendar_there_is_none():
    assert digests.following("9999-12-31", r.Settings(ANNA, 0, digest_time="07:30:00")) is None


def test_a_user_who_wants_none_keeps_no_plan_and_has_no_timer():
    life = Life().does(set_settings(zone=PARIS), set_settings(quiet_from="22:00:00", quiet_to="07:00:00"))
    assert (life.store.digests, life.until(NOON + HOUR).store.timers) == ({}, {})


def test_after_it_is_cleared_none_comes_and_on_the_same_day_none_comes_twice():
    life = Life().does(at_half_past_seven()).until(NOON + DAY)
    life.does(set_settings(digest_time=None)).until(NOON + DAY + HOUR)
    assert not life.store.timers
    life.does(set_settings(digest_time="20:00:00")).until(NOON + 2 * DAY - HOUR)
    assert sent(life) == ["2026-11-24"]


def test_another_zone_plans_the_next_one_again_and_the_old_plan_never_fires():
    life = Life().does(at_half_past_seven(), set_settings(zone="America/New_York")).until(NOON + DAY + HOUR)
    assert [record.at for record in life.told(r.DigestDue)] == [
        local("America/New_York", f"{day}T07:30") for day in ("2026-11-23", "2026-11-24")
    ]


def test_quiet_hours_do_not_silence_it():
    life = Life().does(at_half_past_seven(quiet_from="22:00:00", quiet_to="09:00:00")).until(NOON + DAY)
    assert sent(life) == ["2026-11-24"]


@pytest.mark.parametrize("catch_up", [*r.CatchUp])
def test_after_a_downtime_at_most_the_latest_comes(catch_up):
    life = Life().does(at_half_past_seven(catch_up=catch_up)).later(NOON + 3 * DAY)
    latest = "2026-11-26"
    outrun = [("2026-11-24", OUTRUN), ("2026-11-25", OUTRUN)]
    if catch_up is r.CatchUp.NONE:
        assert (sent(life), missed(life)) == ([], [*outrun, (latest, UNWANTED)])
    else:
        assert (sent(life), missed(life)) == ([latest], outrun)


def test_one_that_is_a_little_late_comes_though_the_settings_want_none_that_was_missed():
    life = Life().does(at_half_past_seven(catch_up=r.CatchUp.NONE))
    assert sent(life.later(local(PARIS, "2026-11-24T07:45"))) == ["2026-11-24"]


def test_other_time_zone_data_moves_the_instant_of_a_day_and_it_comes_at_once_if_that_is_past():
    [wanted] = [r.Settings(ANNA, 0, PARIS, digest_time="07:30:00")]
    due = local(PARIS, "2026-11-24T07:30")
    for moved in (-HOUR, HOUR):
        plan = r.DigestPlan("c", day="2026-11-24", due=due + moved, by="2025.1 Europe/Paris 07:30:00")
        assert digests.renewed(plan, Basis(wanted, "2026.1")).due == due
        notice = r.DigestNotice(ids.digest(ANNA, plan.day), ANNA, plan.due, plan.due)
        after, record = digests.fire(plan, notice, Basis(wanted, "2026.1"))
        assert (after.day, bool(record)) == (("2026-11-24", False) if moved < 0 else ("2026-11-25", True))


def test_new_time_zone_data_plans_all_digests_again():
    life = Life(tzdata="2026.1").does(at_half_past_seven())
    life.tzdata = "2026.2"
    life.does(set_settings(quiet_from="22:00:00", quiet_to="07:00:00")).until(NOON + HOUR)
    assert life.store.digests[ANNA].by == "2026.2 Europe/Paris 07:30:00"
    assert sent(life.until(NOON + DAY)) == ["2026-11-24"]


ZONES = st.sampled_from((None, PARIS, "America/New_York", "Pacific/Apia", "Pacific/Niue", "Australia/Lord_Howe"))
TIMES = st.sampled_from((None, "00:00:00", "02:30:00", "07:30:00", "23:59:59"))
CHANGES = st.one_of(
    ZONES.map(lambda zone: ("does", set_settings(zone=zone))),
    TIMES.map(lambda time: ("does", set_settings(digest_time=time))),
    st.sampled_from([*r.CatchUp]).map(lambda each: ("does", set_settings(catch_up=each))),
    st.sampled_from(("until", "later")).flatmap(
        lambda how: st.integers(1, 100).map(lambda hours: (how, hours * HOUR + MINUTE))
    ),
)


@given(st.lists(CHANGES, max_size=20))
def test_whatever_changes_a_day_has_one_digest_time_most_and_days_only_go_on(changes):
    life = Life(local(PARIS, "2026-03-20T12:00")).does(at_half_past_seven())
    for how, what in changes:
        getattr(life, how)(what if how == "does" else life.at + what)
    decided = [record.day for record in life.told(DIGESTS)]
    assert decided == sorted(set(decided))
    assert all(record.due <= record.at for record in life.told(DIGESTS))
    assert len(life.store.timers) <= 2  # the next one, and a replanning


@given(ZONES, TIMES.filter(bool), st.integers(0, 365))
def test_while_nothing_changes_each_day_has_its_digest(zone, time, day):
    begin = local(PARIS, "2026-01-01T12:00") + day * DAY
    life = Life(begin).does(set_settings(zone=zone, digest_time=time)).until(begin + 40 * DAY)
    first, *_ = found = sent(life)
    assert found == days(first, len(found))
    assert len(found) in {39, 40}
    assert all(times.local_at(one.due, zone).date().isoformat() == one.day for one in life.told(r.DigestDue))
