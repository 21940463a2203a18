"""The calendar ends with the year 9999: a rule or an offset beyond it ends with a reason, and never fails."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import deletion, ledger, projections, reminders, times
from domain.reminder_times import Basis
from domain.settings import defaults
from domain.tasks import decide_by_version_4
from domain.validation import check
from schemas import records as r
from tests.unit.domain.given import ANNA, NOON, World, a_task, chunk, complete, create, due_reminder

ZONES = (None, "UTC", "America/New_York", "Pacific/Kiritimati", "Pacific/Niue", "Europe/Paris")
DAYS = st.one_of(st.dates(date(9999, 12, 1)), st.dates(date(9990, 1, 1)), st.dates(date(2026, 1, 1)), st.dates())
RULES = st.sampled_from(
    (
        "FREQ=DAILY",
        "FREQ=DAILY;COUNT=5",
        "FREQ=DAILY;INTERVAL=100000",
        "FREQ=DAILY;BYHOUR=0,23",
        "FREQ=WEEKLY;BYDAY=MO,FR;UNTIL=99991231",
        "FREQ=WEEKLY;INTERVAL=100000",
        "FREQ=WEEKLY",
        "FREQ=WEEKLY;BYDAY=SA,SU",
        "FREQ=WEEKLY;BYDAY=SA,MO;WKST=SU;INTERVAL=2",
        "FREQ=WEEKLY;BYMONTH=1,12;BYDAY=SU,FR",
        "FREQ=WEEKLY;BYDAY=FR,SA,SU;BYSETPOS=-1",
        "FREQ=MONTHLY;BYMONTHDAY=-1",
        "FREQ=MONTHLY;BYDAY=-1FR;BYSETPOS=-1",
        "FREQ=YEARLY;INTERVAL=100000",
        "FREQ=YEARLY;BYWEEKNO=53",
    )
)
ENDS = st.sampled_from((NOON, times.END - 1, times.END - 14 * 3_600_000)) | st.integers(NOON, times.END - 1)
"""When a task is completed: a clock may say anything."""


@st.composite
def dues(draw: st.DrawFn) -> r.Due:
    time = draw(st.none() | st.sampled_from(("00:00:00", "12:00:00", "23:59:59")))
    return r.Due(draw(DAYS).isoformat(), time, draw(st.sampled_from(ZONES)) if time else None)


def right(**fields):
    """A command that creates a task, if the API takes it."""
    checked = check(r.TaskFields(title="x", **fields))
    assume(not checked.problems)
    return create(**{name: getattr(checked.fields, name) for name in fields})


def fits(due: r.Due | None) -> bool:
    return due is None or times.check(due) == due


@given(dues(), st.none() | dues(), RULES, st.integers(0, 366 * 86_400), ENDS)
def test_a_series_goes_on_within_the_calendar_or_ends_with_a_reason(due, start, rrule, before, at):
    relative = (r.Reminder("r", before=before),) if due.zone else ()
    world = World(right(due=due, start=start, rrule=rrule, reminders=relative), complete(at=at))
    command = world.followup()
    if command is None:  # the rule's own end
        assert "COUNT" in rrule or "UNTIL" in rrule
        return
    decision = world.does(command)
    if decision.outcome.kind is r.OutcomeKind.REJECTED:
        assert (decision.outcome.code, decision.outcome.field in {"start", "due"}) == ("ended", True)
        assert "9999" in decision.outcome.detail
        return
    [event] = decision.events
    assert fits(event.task.due)
    assert fits(event.task.start)
    assert projections.collect([event])
    reminders.react(None, event, Basis(defaults(ANNA), "2026.1"))
    world.does(world.undoing(decision_of(world)))


def decision_of(world):
    """The completion that the last occurrence follows from."""
    completed = next(event for event in world.events if isinstance(event, r.TaskCompleted))
    return replace(complete(), id=completed.command)


@pytest.mark.parametrize("wkst", ["MO", "TU", "SA", "SU"])
@pytest.mark.parametrize("byday", ["", ";BYDAY=SA", ";BYDAY=FR,SA,SU", ";BYDAY=MO,TU,WE,TH,FR,SA,SU"])
@pytest.mark.parametrize("day", range(13, 32))
def test_a_week_that_lies_in_the_year_10000_too_has_days_of_9999_only(wkst: str, byday: str, day: int):
    due, rrule = r.Due(f"9999-12-{day}"), f"FREQ=WEEKLY;WKST={wkst}{byday}"
    named = byday.removeprefix(";BYDAY=").split(",") if byday else [_weekday(date(9999, 12, day))]
    fitting = [each for each in (date(9999, 12, each) for each in range(day, 32)) if _weekday(each) in named]
    assert bool(check(r.TaskFields(title="x", due=due, rrule=rrule)).problems) is not bool(fitting)
    if not fitting:
        return
    world = World(create(due=due, rrule=rrule), complete())
    command = world.followup()
    if found := next((each for each in fitting if each.day > day), None):
        assert command.due == r.Due(found.isoformat())
        return
    assert world.does(command).outcome.code == "ended"


def _weekday(day: date) -> str:
    return ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[day.weekday()]


LAST = {
    "due": create(due=r.Due("9999-12-31"), rrule="FREQ=DAILY"),
    "due in a zone": create(due=r.Due("9999-12-30", "23:00:00", "America/New_York"), rrule="FREQ=DAILY"),
    "due after leaps": create(due=r.Due("2026-11-24"), rrule="FREQ=YEARLY;INTERVAL=8000"),
    "due before its count": create(due=r.Due("9999-12-31"), rrule="FREQ=DAILY;COUNT=3"),
    "start": create(
        start=r.Due("9999-12-31", "08:00:00", "Pacific/Kiritimati"),
        due=r.Due("9999-12-30", "14:00:00", "America/New_York"),
        rrule="FREQ=DAILY",
    ),
    "start elsewhere": create(
        start=r.Due("9999-12-29", "23:59:59", "Pacific/Niue"),
        due=r.Due("9999-12-29"),
        rrule="FREQ=MONTHLY;BYMONTHDAY=-1",
    ),
}


@pytest.mark.parametrize("name", LAST)
def test_a_series_that_the_calendar_ends_says_of_what_it_ends(name):
    world = World(LAST[name], complete())
    command = world.followup()
    outcome = world.does(command).outcome
    assert (outcome.kind, outcome.code, outcome.field) == (r.OutcomeKind.REJECTED, "ended", name.split()[0])
    assert outcome.detail.endswith("after the year 9999; the series ends.")
    assert [task.status for task in world.tasks.values()] == [r.Status.COMPLETED]


@pytest.mark.parametrize("rrule", ["FREQ=DAILY;COUNT=1", "FREQ=DAILY;UNTIL=20261124"])
def test_a_series_that_its_rule_ends_says_nothing(rrule):
    world = World(create(due=r.Due("2026-11-24"), rrule=rrule), complete())
    assert world.followup() is None


def test_by_version_4_an_occurrence_that_begins_after_9999_was_created_where_a_date_exists():
    world = World(LAST["start elsewhere"], complete())
    [event] = decide_by_version_4(world, world.followup()).events
    assert event.task.start == r.Due("9999-12-31", "23:59:59", "Pacific/Niue")
    world = World(LAST["start"], complete())
    with pytest.raises(OverflowError):
        decide_by_version_4(world, world.followup())


@given(dues(), st.integers(-36_525, 36_525))
def test_a_bulk_moves_dates_within_the_calendar_or_is_refused(due, shift):
    world = World(right(due=due, start=due))
    world.does(chunk(r.Action.UPDATE, "t", shift=shift))
    assert fits(world.tasks["t"].due)
    assert fits(world.tasks["t"].start)


@given(st.integers(0, 2**62), st.sampled_from(ZONES))
def test_what_clocks_show_at_any_instant_is_a_date(instant, zone):
    shown = times.local_at(instant, zone)
    if instant < times.END - 14 * 3_600_000:
        utc = datetime.fromtimestamp(instant / 1000, UTC).replace(tzinfo=None)
        assert abs(shown - utc) < timedelta(days=1)


@given(st.integers(0, times.END - 1))
def test_what_waits_from_the_calendars_end_is_shown_as_waiting_for_it(at):
    deleted = a_task(status=r.Status.DELETED, changed_at=at)
    timer = deletion.timer(deleted)
    assert timer is not None
    assert timer.due - at == deletion.RESTORABLE
    failed = ledger.failed(ledger.claim(due_reminder(at), "log", at), at, "away")
    scheduled = r.ReminderScheduled("r", ANNA, at, "c", "t", "r1", at + 1, "x")
    for row in projections.collect([failed, scheduled]):
        assert all(not isinstance(value, int) or value < times.END for value in row[1])
