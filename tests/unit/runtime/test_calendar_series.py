"""Series by the calendar, in the stages of core: the next occurrence opens in its time, whether one is open or not."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs

from domain.recurrence.advance import MOST_OPEN, has_come
from schemas import records as r
from schemas.topics import SERIES_NOTICES, TASK_EVENTS
from streams import recurrence
from tests.unit.domain.given import complete, create, delete, reopen, set_settings, skip, update
from tests.unit.runtime.test_grouping import CORE, Machine, machine

NEW_YORK = "America/New_York"
HOUR = 3_600_000
DAY = 24 * HOUR
EACH, LATEST, SKIP = r.Missed.EACH, r.Missed.LATEST, r.Missed.SKIP


def at(local: str, zone: str = NEW_YORK) -> int:
    """The instant of a local time."""
    return int(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


class Home:
    """A user whose commands are folded at once, with all that they lead to."""

    def __init__(self, made: Machine) -> None:
        self.machine = made

    def does(self, *commands):
        for command in commands:
            self.machine.say(command)
            self.machine.run(0)

    def waits(self, until: int) -> None:
        """Let timers fire until an instant, as if the worker had been away until then."""
        self.machine.run(until)

    def events(self):
        return [self.machine.codec.decode(raw.value) for raw in self.machine.topics.get(TASK_EVENTS.name, ())]

    def tasks(self):
        """The tasks after all events."""
        found = {
            event.task.id: event.task for event in self.events() if isinstance(getattr(event, "task", None), r.Task)
        }
        return [task for task in found.values() if task.status is not r.Status.DELETED]

    def open(self):
        return sorted(task.occurrence for task in self.tasks() if task.status is r.Status.OPEN and task.recurrence)

    def missed(self):
        return sorted(task.occurrence for task in self.tasks() if task.closing is r.Closing.MISSED)

    def first(self, occurrence: str) -> str:
        return next(task.id for task in self.tasks() if task.occurrence == occurrence)


@asynccontextmanager
async def home(zone: str | None = NEW_YORK) -> AsyncIterator[Home]:
    with machine((CORE,), 1) as made:
        await made.prepare()
        found = Home(made)
        if zone:
            found.does(set_settings(at("2026-03-01T12:00"), zone=zone))
        yield found


SATURDAY = r.Due("2026-03-07")


def daily(due=SATURDAY, missed=SKIP, rrule="FREQ=DAILY", task="t", **fields):
    made = {"due": due, "rrule": rrule, "repeats": r.Repeats.CALENDAR, "missed": missed, **fields}
    return create(task, at("2026-03-06T12:00"), **made)


async def test_the_next_day_comes_at_midnight_of_the_users_zone_also_when_the_clocks_change():
    async with home() as here:
        here.does(daily())
        for day, hours in (("2026-03-08", 0), ("2026-03-09", 0), ("2026-03-10", 0)):
            comes = at(f"{day}T00:00")
            before = here.open()
            here.waits(comes - 1)
            assert here.open() == before
            here.waits(comes + hours)
            assert here.open() == [day]
        assert here.missed() == ["2026-03-07", "2026-03-08", "2026-03-09"]


@pytest.mark.parametrize(
    ("due", "comes"),
    [
        (r.Due("2026-03-07", "02:30:00"), "2026-03-08T03:30"),
        (r.Due("2026-03-07", "02:30:00", NEW_YORK), "2026-03-08T03:30"),
        (r.Due("2026-03-07", "23:30:00"), "2026-03-08T23:30"),
    ],
    ids=["a floating time that the clocks skip", "a time in a zone that they skip", "a floating time"],
)
async def test_a_time_comes_when_the_clocks_show_it(due, comes):
    async with home() as here:
        here.does(daily(due))
        here.waits(at(comes) - 1)
        assert here.missed() == []
        here.waits(at(comes))
        assert len(here.open()) == 1
        assert here.missed() == [f"2026-03-07T{due.time}"]


async def test_one_that_is_completed_or_skipped_opens_the_next_which_comes_once():
    async with home() as here:
        here.does(daily(), complete("t", at("2026-03-07T08:00")))
        assert here.open() == ["2026-03-08"]
        here.waits(at("2026-03-08T00:00"))
        assert here.open() == ["2026-03-08"]
        here.does(skip(here.first("2026-03-08"), at("2026-03-08T08:00")))
        assert (here.open(), here.missed()) == (["2026-03-09"], [])


@pytest.mark.parametrize(
    ("missed", "days", "opened", "closed"),
    [(SKIP, 10, 1, 1), (LATEST, 10, 1, 1), (EACH, 10, 11, 0), (EACH, 49, 50, 0), (EACH, 200, 50, 1)],
    ids=str,
)
async def test_after_a_downtime_the_latest_opens_or_each_up_to_fifty(missed, days, opened, closed):
    async with home() as here:
        here.does(daily(missed=missed))
        here.waits(at("2026-03-07T12:00") + days * DAY)
        assert (len(here.open()), len(here.missed())) == (opened, closed)
        assert MOST_OPEN == 50
        here.does(complete(here.first(here.open()[0]), at("2026-03-07T13:00") + days * DAY))
        assert len(here.open()) == max(opened - 1, 1)


async def test_a_series_ends_with_its_last_occurrence():
    async with home() as here:
        here.does(daily(rrule="FREQ=DAILY;COUNT=3"))
        here.waits(at("2027-03-07T12:00"))
        assert here.open() == ["2026-03-09"]
        here.does(complete(here.first("2026-03-09"), at("2027-03-07T12:00")))
        assert here.open() == []


async def test_a_missed_one_that_is_reopened_is_a_task_of_its_own():
    async with home() as here:
        here.does(daily())
        here.waits(at("2026-03-08T09:00"))
        here.does(reopen("t", at("2026-03-08T10:00")))
        assert here.open() == ["2026-03-08"]
        own = next(task for task in here.tasks() if task.id == "t")
        assert (own.status, own.recurrence, own.series) == (r.Status.OPEN, None, "t")


async def test_a_completion_that_is_taken_back_after_the_next_day_has_come_is_missed():
    async with home() as here:
        here.does(daily(), complete("t", at("2026-03-07T08:00")), reopen("t", at("2026-03-08T08:00")))
        here.waits(at("2026-03-08T08:00"))
        assert (here.open(), here.missed()) == (["2026-03-08"], ["2026-03-07"])


async def test_a_changed_zone_moves_the_day_of_every_series_of_the_user():
    async with home("Asia/Tokyo") as here:
        here.does(*(daily(task=f"t{number}") for number in range(250)))
        here.does(daily(r.Due("2026-03-07", "09:00:00", "Asia/Tokyo"), task="zoned"))
        here.does(set_settings(at("2026-03-06T13:00"), zone=NEW_YORK))
        here.waits(at("2026-03-08T00:00") - 1)
        assert here.missed() == ["2026-03-07T09:00:00"]
        here.waits(at("2026-03-08T00:00"))
        assert here.missed() == ["2026-03-07"] * 250 + ["2026-03-07T09:00:00"]
        notices = [here.machine.codec.decode(raw.value) for raw in here.machine.topics[SERIES_NOTICES.name]]
        assert sum(isinstance(notice, r.ReplanNotice) for notice in notices) == 3


async def test_new_time_zone_data_moves_what_is_planned_although_nothing_else_happens():
    """The former data had the changes of the clocks otherwise, so what it planned comes an hour late."""
    async with home() as here:
        here.does(*(daily(task=f"t{number}") for number in range(150)), daily(DUES[2], task="zoned"))
        plan_later(here.machine, HOUR)
        here.machine.context = replace(here.machine.context, tzdata="2099.1")
        here.machine.open(now := at("2026-03-06T13:00"))
        here.waits(now)
        here.machine.open(now)
        here.waits(at("2026-03-08T00:00") - 1)
        assert here.missed() == ["2026-03-07T02:30:00"]
        here.waits(at("2026-03-08T00:00"))
        assert here.missed() == ["2026-03-07"] * 150 + ["2026-03-07T02:30:00"]
        notices = [here.machine.codec.decode(raw.value) for raw in here.machine.topics[SERIES_NOTICES.name]]
        assert [notice.subject for notice in notices if isinstance(notice, r.ReplanNotice)] == ["tzdata"] * 3


def plan_later(machine: Machine, by: int) -> None:
    """Let everything that series await come so much later, as if other data had planned it."""
    [core] = machine.topologies
    with (block := machine.block(core, [], 0)):
        block.begin(recurrence.stage)
        for name in recurrence.store.awaited.names(1_000):
            user, held = name.partition("/")[0], recurrence.store.awaited.get(name)
            recurrence.store.timers.remove(timer := r.Timer(held.id, user, f"{held.series}/{held.task}", held.due))
            recurrence.store.awaited[name] = structs.replace(held, due=held.due + by)
            recurrence.store.timers.set(structs.replace(timer, due=timer.due + by))
    machine.commit(block)


async def test_an_old_plan_never_acts():
    async with home() as here:
        here.does(daily(), update("t", at("2026-03-06T13:00"), rrule="FREQ=WEEKLY"))
        here.waits(at("2026-03-13T23:59"))
        assert here.open() == ["2026-03-07"]
        here.does(update("t", at("2026-03-13T23:59"), repeats=r.Repeats.SCHEDULE))
        here.waits(at("2026-05-01T00:00"))
        assert (here.open(), here.missed()) == (["2026-03-07"], [])
        here.does(update("t", at("2026-05-01T00:00"), repeats=r.Repeats.CALENDAR), delete("t", at("2026-05-01T00:00")))
        here.waits(at("2026-06-01T00:00"))
        assert (here.open(), here.missed()) == ([], [])


ZONES = (NEW_YORK, "Pacific/Apia", "Europe/Paris", "Asia/Kathmandu", "America/Sao_Paulo")
DUES = (SATURDAY, r.Due("2026-03-07", "02:30:00"), r.Due("2026-03-07", "02:30:00", "Europe/Paris"))
RULES = ("FREQ=DAILY", "FREQ=WEEKLY;BYDAY=SA,SU,WE", "FREQ=DAILY;BYHOUR=2,14;BYMINUTE=30")
ACTIONS = (complete, skip, reopen, delete)


@settings(max_examples=60, deadline=None)
@given(
    due=st.sampled_from(DUES),
    rrule=st.sampled_from(RULES),
    missed=st.sampled_from((SKIP, LATEST, EACH)),
    lives=st.lists(st.tuples(st.integers(0, 5 * 24), st.sampled_from((None, *ACTIONS, *ZONES)), st.integers(0, 20))),
)
async def test_whatever_comes_a_live_series_has_the_occurrences_open_that_have_come(due, rrule, missed, lives):
    rrule = rrule if due.time else rrule.partition(";BYHOUR")[0]
    async with home(None) as here:
        now, zone, live = at("2026-03-06T12:00"), None, True
        here.does(daily(due, missed, rrule))
        for hours, does, which in lives:
            now += hours * HOUR
            here.waits(now)
            if isinstance(does, str):
                zone = does
                here.does(set_settings(now, zone=zone))
            elif does:
                named = [task for task in here.tasks() if task.series]
                if not named:
                    break
                task = named[which % len(named)]
                ends = does is delete and task.recurrence and task.id == current(here)
                here.does(does(task.id, now))
                live = live and not ends
            here.waits(now)
            if live:
                check(here, now, zone, missed)


def current(here: Home) -> str | None:
    """The open occurrence that is the latest."""
    opened = [task for task in here.tasks() if task.status is r.Status.OPEN and task.recurrence]
    return max(opened, key=lambda task: str(task.occurrence)).id if opened else None


def check(here: Home, now: int, zone: str | None, missed: r.Missed) -> None:
    opened = sorted(
        (task for task in here.tasks() if task.status is r.Status.OPEN and task.recurrence),
        key=lambda task: str(task.occurrence),
    )
    every = [str(task.occurrence) for task in here.tasks() if task.recurrence]
    assert len(opened) == len({task.occurrence for task in opened})
    assert len(opened) <= (MOST_OPEN if missed is EACH else 1)
    if not opened:
        assert all(task.status is r.Status.COMPLETED for task in here.tasks() if task.recurrence)
        return
    assert all(has_come(task.due, now, zone) for task in opened[:-1])
    assert max(every) == opened[-1].occurrence


@settings(max_examples=40, deadline=None)
@given(
    zone=st.sampled_from((*ZONES, "Pacific/Auckland", "Pacific/Kiritimati", "Pacific/Niue")),
    missed=st.sampled_from((SKIP, LATEST)),
    hours=st.integers(0, 120),
)
async def test_after_a_downtime_the_day_of_the_users_zone_opens_at_once(zone, missed, hours):
    async with home(zone) as here:
        here.does(daily(missed=missed))
        back = at("2026-03-07T00:00", zone) + hours * HOUR
        here.waits(back)
        today = datetime.fromtimestamp(back / 1000, ZoneInfo(zone)).date().isoformat()
        assert here.open() == [today]
        assert here.missed() == ([] if today == "2026-03-07" else ["2026-03-07"])
