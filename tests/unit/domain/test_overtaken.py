"""Series by the calendar: whatever changes between a notice and the command that it leads to, all comes in its time."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import times
from domain.decision import VERSION
from domain.recurrence import advance, awaiting, overrides, upcoming
from domain.recurrence.derived import CLOSING, derived
from schemas import records as r
from tests.unit.domain.given import (
    DAY,
    HOUR,
    NOON,
    World,
    awaiting_in_memory,
    complete,
    create,
    delete,
    reopen,
    set_settings,
    skip,
    update,
)

EACH, LATEST, SKIP = r.Missed.EACH, r.Missed.LATEST, r.Missed.SKIP
ZONES = ("Pacific/Apia", "America/New_York", "Europe/Paris", "Asia/Kathmandu")
DUES = (r.Due("2026-11-24"), r.Due("2026-11-24", "18:00:00"), r.Due("2026-11-24", "18:00:00", "Europe/Paris"))


class Series:
    """A series of a user, and the commands that its notices have led to and that are not decided yet."""

    def __init__(self, due: r.Due, rrule: str, missed: r.Missed, at: int = NOON) -> None:
        self.world, self.at, self.read, self.commands = World(), at, 0, []
        self.store = awaiting_in_memory()
        self.awaiting = awaiting.Awaiting(self.store, VERSION, "2026.1")
        self.world.does(create(due=due, rrule=rrule, repeats=r.Repeats.CALENDAR, missed=missed))
        self.settles()

    zone = property(lambda self: self.world.settings().zone)
    current = property(lambda self: self.world.task(self.world.latest["t"].task))

    def next(self):
        """The slot after the current occurrence."""
        return next(upcoming.after(self.current.recurrence, self.current.occurrence), None)

    def follows(self) -> None:
        for event in self.world.events[self.read :]:
            if isinstance(event, CLOSING) and (command := derived(event, VERSION)):
                self.commands.append(command)
            self.awaiting.follow(event)
        self.read = len(self.world.events)

    def fires(self) -> bool:
        """Let the timers fire that are due; return whether any was."""
        due = self.store.timers.due(self.at, 100)
        for timer in due:
            if command := self.awaiting.decide(awaiting.notice(timer, self.at)):
                self.commands.append(command)
        return bool(due)

    def settles(self) -> None:
        """Decide all that there is, until nothing is left."""
        self.follows()
        while self.commands or self.fires():
            if self.commands:
                self.decide(self.commands.pop(0))
            self.follows()

    def decide(self, command) -> None:
        """Decide a command; nothing that the calendar opens is early."""
        by_calendar = isinstance(command, r.CreateOccurrence) and (
            command.beside or self.world.task(command.previous).closing is r.Closing.MISSED
        )
        for event in self.world.does(command).events:
            if by_calendar and isinstance(event, r.TaskCreated):
                assert advance.has_come(self.of(event), self.at, self.zone)

    def of(self, event: r.TaskCreated) -> r.Due:
        """The due of an occurrence with what was changed of it before it came."""
        tasks = (each.task for each in self.world.events[::-1] if not isinstance(each, r.SettingsUpdated))
        rule = next(task.recurrence for task in tasks if task.recurrence and task.id != event.task.id)
        return overrides.moved(rule).get(event.task.occurrence, event.task.due)

    def check(self) -> None:
        """Nothing is there twice, and nothing is lost: what has come is open, or another that came later is."""
        kept = [task for task in self.world.tasks.values() if task.recurrence and task.status is not r.Status.DELETED]
        assert len(kept) == len({task.occurrence for task in kept})
        current, rule = self.current, self.current.recurrence
        if current.status is not r.Status.OPEN:
            assert rule.missed is EACH or self.world.open() == []
            return
        assert rule.missed is EACH or self.world.open() == [current.id]
        following = advance.series_set(rule).after(current.occurrence)
        due = following and overrides.moved(rule).get(following.key, following.due)
        assert due is None or not advance.has_come(due, self.at, self.zone)


def moved(due: r.Due, days: int) -> r.Due:
    return replace(due, date=(date.fromisoformat(due.date) + timedelta(days=days)).isoformat())


def ahead(series: Series, command, **fields):
    """A command about the next occurrence before it comes."""
    return replace(command(series.current.id, series.at, **fields), occurrence=series.next().key)


def postponed(series: Series):
    due = series.next().due
    later = moved(due, 1) if due.time is None else replace(due, time="23:00:00")
    return ahead(series, update, scope=r.Scope.THIS, due=later)


def excepted(series: Series):
    rule = series.current.recurrence
    return update(series.current.id, series.at, exdates=(*rule.exdates, series.next().key))


def added(series: Series):
    rule, slot = series.current.recurrence, series.next()
    return update(series.current.id, series.at, rdates=(*rule.rdates, times.key(moved(slot.due, -1))))


CHANGES = {
    "exdate": excepted,
    "rdate": added,
    "postponed": postponed,
    "skipped ahead": lambda series: ahead(series, skip),
    "completed ahead": lambda series: ahead(series, complete),
    "deleted ahead": lambda series: ahead(series, delete, scope=r.Scope.THIS),
    "completed": lambda series: complete(series.current.id, series.at),
    "skipped": lambda series: skip(series.current.id, series.at),
    "title": lambda series: update(series.current.id, series.at, title="Feed"),
    "rule": lambda series: update(series.current.id, series.at, rrule="FREQ=WEEKLY;BYDAY=TU,FR"),
    **{zone: lambda series, zone=zone: set_settings(series.at, zone=zone) for zone in ZONES},
}


@pytest.mark.parametrize("missed", [SKIP, EACH], ids=str)
@pytest.mark.parametrize("change", ["exdate", "postponed", "skipped ahead", "deleted ahead"])
def test_what_no_longer_comes_now_opens_nothing_although_its_notice_has_fired(change, missed):
    series = Series(DUES[1], "FREQ=DAILY", missed)
    series.at += 2 * DAY + 7 * HOUR
    series.fires()
    series.world.does(CHANGES[change](series))
    series.settles()
    assert [task.occurrence[:10] for task in series.world.tasks.values() if task.recurrence] == ["2026-11-24"]
    series.at += DAY
    series.settles()
    assert series.current.occurrence[:10] == "2026-11-26"


@pytest.mark.parametrize("missed", [SKIP, LATEST, EACH], ids=str)
def test_a_day_that_a_changed_zone_takes_back_comes_again(missed):
    series = Series(DUES[0], "FREQ=DAILY", missed)
    series.at = NOON + 36 * HOUR  # Wednesday in UTC
    series.fires()
    series.world.does(set_settings(series.at, zone="America/New_York"))
    series.settles()
    assert series.current.occurrence == "2026-11-24"
    series.at += 5 * HOUR
    series.settles()
    assert series.current.occurrence == "2026-11-25"


@pytest.mark.parametrize("missed", [SKIP, LATEST, EACH], ids=str)
def test_a_zone_that_is_changed_twice_in_a_millisecond_takes_no_occurrence(missed):
    series = Series(DUES[0], "FREQ=DAILY", missed, at := NOON + 31 * HOUR)  # Wednesday in Kathmandu alone
    series.world.does(set_settings(at, zone="Asia/Kathmandu"))
    series.follows()
    while series.fires():
        pass
    assert series.commands
    series.world.does(set_settings(at, zone="UTC"))
    series.settles()
    assert series.current.occurrence == "2026-11-24"
    series.at += 6 * HOUR
    series.settles()
    assert series.current.occurrence == "2026-11-25"


@settings(max_examples=100, deadline=None)
@given(
    due=st.sampled_from(DUES),
    rrule=st.sampled_from(("FREQ=DAILY", "FREQ=DAILY;COUNT=6", "FREQ=WEEKLY;BYDAY=TU,TH,SA")),
    missed=st.sampled_from((SKIP, LATEST, EACH)),
    lives=st.lists(st.tuples(st.integers(0, 72), st.lists(st.sampled_from([*CHANGES]), max_size=3)), max_size=8),
)
def test_nothing_comes_early_or_twice_or_is_lost_whatever_changes_while_a_command_is_on_its_way(
    due, rrule, missed, lives
):
    series = Series(due, rrule, missed)
    for hours, changes in lives:
        series.at += hours * HOUR
        series.fires()
        for change in changes:
            if series.current.status is r.Status.OPEN and series.next():
                series.world.does(CHANGES[change](series))
        series.settles()
        series.check()


@pytest.mark.parametrize("missed", [SKIP, LATEST], ids=str)
@pytest.mark.parametrize("change", ["exdate", "rdate", "postponed", "skipped ahead", "deleted ahead", "rule"])
def test_a_missed_one_is_changed_no_more_before_the_next_opens_and_that_opens_once(change, missed):
    series = Series(DUES[1], "FREQ=DAILY", missed)
    series.at += 2 * DAY + 7 * HOUR
    series.fires()
    series.decide(series.commands.pop())
    asked = CHANGES[change](series)
    series.follows()
    late = series.commands.pop()
    assert isinstance(late, r.CreateOccurrence)
    assert series.world.does(asked).outcome.code == "conflict"
    for name in (late.id, "again"):
        series.decide(replace(late, id=name))
    series.settles()
    assert [series.world.task(task).occurrence[:10] for task in series.world.open()] == ["2026-11-25"]


@pytest.mark.parametrize("change", ["exdate", "postponed", "skipped ahead", "deleted ahead"])
def test_a_missed_one_that_is_reopened_and_changed_before_the_next_opens_goes_on_by_the_change(change):
    series = Series(DUES[1], "FREQ=DAILY", LATEST)
    series.at += 2 * DAY + 7 * HOUR
    series.fires()
    series.decide(series.commands.pop())
    series.follows()
    late = series.commands.pop()
    series.world.does(reopen("t", series.at))
    assert series.world.does(CHANGES[change](series)).events
    assert series.world.does(late).outcome.kind is r.OutcomeKind.NOTHING_TO_DO
    series.settles()
    assert series.world.open() == ["t"]
    series.at += DAY
    series.settles()
    assert [series.world.task(task).occurrence[:10] for task in series.world.open()] == ["2026-11-26"]
