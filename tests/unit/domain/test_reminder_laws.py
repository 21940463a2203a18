"""Whatever happens: each reminder is decided once, nothing that came due is lost, an old plan never fires.

Tasks and series with reminders live through all that people, clocks and time zone data do, while the worker runs or is
down; each law is checked by what the user's tasks and settings are at that moment.
"""

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import reminder_times
from domain.recurrence import upcoming
from domain.recurrence.succession import ACTOR
from domain.reminder_plans import DECISIONS, SNOOZE, reminders_of
from domain.reminder_times import Basis
from schemas import ids
from schemas import records as r
from tests.unit.domain.given import (
    DAY,
    HOUR,
    MINUTE,
    complete,
    create,
    delete,
    reopen,
    restore,
    set_settings,
    skip,
    snooze,
    update,
)
from tests.unit.domain.life import DECIDED, Whole

ZONED, FLOATING, WHOLE_DAY = (
    r.Due("2026-11-24", "09:00:00", "Europe/Paris"), r.Due("2026-11-24", "01:00:00"), r.Due("2026-11-24"),
)  # fmt: skip
REMINDERS = (
    r.Reminder("due", before=0), r.Reminder("days", before=3600, days=2), r.Reminder("time", before=0, time="20:00:00"),
    r.Reminder("again", before=600, repeat_every=5 * 3600), r.Reminder("at", at=1_795_450_000_000),
    r.Reminder("daily", before=0, repeat_days=1), r.Reminder("often", at=1_795_440_000_000, repeat_days=2),
)  # fmt: skip
BY_CALENDAR = {"rrule": "FREQ=DAILY", "repeats": r.Repeats.CALENDAR}
FORMS = (
    {"due": WHOLE_DAY},
    {"due": ZONED, "rrule": "FREQ=WEEKLY", "subtasks": r.Subtasks.RESET},
    {"due": FLOATING, "rrule": "FREQ=DAILY;COUNT=5", "missed": r.Missed.EACH, "subtasks": r.Subtasks.CARRY},
    {"due": WHOLE_DAY, "rrule": "FREQ=DAILY;INTERVAL=3", "repeats": r.Repeats.COMPLETION},
    {"due": ZONED, "rrule": "FREQ=HOURLY;INTERVAL=7"},
    *({"due": due, **BY_CALENDAR, "missed": missed} for due in (ZONED, FLOATING, WHOLE_DAY) for missed in r.Missed),
)
NIGHT = {"quiet_from": "22:00:00", "quiet_to": "07:00:00"}
SETTINGS = (
    *({"zone": zone} for zone in ("Pacific/Kiritimati", "Pacific/Niue", "America/New_York", None)),
    {"day_time": "06:30:00"}, {"day_time": "21:00:00"}, NIGHT, dict.fromkeys(NIGHT), {"quiet_to": "08:00:00"},
    *({"in_quiet_hours": each} for each in r.InQuietHours), *({"catch_up": each} for each in r.CatchUp),
    {"digest_time": "07:30:00"}, {"digest_time": None},
)  # fmt: skip
ON_TASKS = (
    complete(), skip(), reopen(), delete(), restore(), delete(scope=r.Scope.THIS), snooze(seconds=3600), snooze(),
    update(title="Other"), update(due=ZONED), update(due=replace(ZONED, date="2026-11-23", time="20:00:00")),
    update(due=WHOLE_DAY, scope=r.Scope.THIS), update(reminders=REMINDERS[:2]), update(reminders=REMINDERS),
    update(rrule="FREQ=DAILY"), update(rrule=None),
)  # fmt: skip
AHEAD = (
    complete(), skip(), delete(scope=r.Scope.THIS), update(scope=r.Scope.THIS, due=FLOATING, title="Once"),
    update(scope=r.Scope.THIS, due=replace(ZONED, date="2026-12-03")), update(due=replace(ZONED, time="22:00:00")),
)  # fmt: skip
NUMBERS = st.integers(0, 5)
LAPSES = st.integers(1, 600).map(lambda minutes: minutes * MINUTE) | st.integers(1, 5).map(lambda days: days * DAY)
ACTS = st.one_of(
    st.tuples(st.just("until"), LAPSES),
    st.tuples(st.just("down"), LAPSES),
    st.tuples(st.just("jump"), st.sampled_from((-HOUR, HOUR))),
    st.tuples(st.just("zone data"), st.sampled_from(("2026.1", "2026.2"))),
    st.tuples(st.sampled_from(("notice twice", "late notice")), NUMBERS),
    st.tuples(st.just("set"), st.sampled_from(SETTINGS).map(lambda fields: set_settings(**fields))),
    st.tuples(st.just("do"), st.tuples(st.sampled_from(ON_TASKS), NUMBERS)),
    st.tuples(st.just("ahead"), st.tuples(st.sampled_from(AHEAD), NUMBERS)),
)


class Checked(Whole):
    """A life in which what each law says of a single moment is checked at that moment."""

    def __init__(self):
        super().__init__()
        self.known = []
        """Timers that were there at some moment."""

    def takes(self, timer):
        before = len(self.records)
        super().takes(timer)
        for record in self.records[before:]:
            if isinstance(record, DECIDED):
                assert record.at >= record.due, "It comes before its time."
                assert record.id in self.planned(record.task, record.reminder), "An old plan has fired."

    def follows(self, events):
        for event in events:
            before = len(self.records)
            super().follows([event])
            if isinstance(event, r.TaskCreated) and event.actor == ACTOR:
                came = {record.reminder for record in self.records[before:] if hasattr(record, "reminder")}
                decided = {record.id for record in self.told()}
                for reminder in reminders_of(event.task):
                    of_it = self.planned(event.task.id, reminder.id)
                    assert not of_it or reminder.id in came or decided & of_it, "It is lost as the series goes on."

    def planned(self, task_id, reminder_id):
        """Return the ids that a reminder may have by what the task and the settings are now; none of a closed task."""
        task = self.world.task(task_id)
        if task is None or task.status is not r.Status.OPEN:
            return set()
        found, wanted = set(), self.world.settings()
        for reminder in (each for each in reminders_of(task) if each.id == reminder_id):
            first = reminder_times.instant(reminder, task.due, task.start, wanted)
            zone = next((each.zone for each in (task.due, task.start) if each and each.zone), wanted.zone)
            due = first
            while first is not None and due is not None:
                found.add(ids.reminder(task.id, task.occurrence, reminder.id, due))
                later = reminder_times.next_of(reminder, first, due, zone)
                due = later if due < later and due <= self.at + DAY else None
        return found


def lived(form, script):
    """Return a life with a script, by whose end all is decided that came due."""
    life = Checked()
    life.does(set_settings(**NIGHT), create(**form, reminders=REMINDERS))
    life.does(create("sub", parent="t", due=form["due"], reminders=REMINDERS[:3]))
    for act, value in script:
        acts(life, act, value)
        life.known += [timer for timer in life.store.timers.values() if timer not in life.known]
    return life.until(life.at + len(script) * HOUR)  # however often the clock was set back


def takes(life, timer, times):
    """Consume the notice of a timer some times, at its time or later."""
    life.at = max(life.at, timer.due)
    for _ in range(times):
        life.takes(timer)


def acts(life, act, value):
    match act:
        case "until" | "down" | "jump":
            life.passes(act, value)
        case "zone data":
            life.tzdata = value
            life.reminders.renew(life.at)
            life.awaiting.renew(life.at)
        case "notice twice" if waiting := sorted(life.store.timers.items())[value : value + 1]:
            takes(life, waiting[0][1], 2)
        case "late notice" if life.known:
            takes(life, life.known[value % len(life.known)], 1)
        case "set":
            life.does(value)
        case "do" | "ahead":
            change, number = value
            tasks = sorted(life.world.tasks)
            task = life.world.task(tasks[number % len(tasks)]) if tasks else None
            if act == "do" and task:
                life.does(replace(change, task=task.id))
            elif task and task.recurrence and task.occurrence:
                for slot in islice(upcoming.after(task.recurrence, task.occurrence), number % 3, number % 3 + 1):
                    life.does(replace(change, task=task.id, occurrence=slot.key))


def each_is_decided_once(life):
    decided = [record.id for record in life.told(DECIDED | r.DigestDue | r.DigestWithheld)]
    assert len(decided) == len(set(decided))


def each_that_was_scheduled_waits_or_has_an_end(life):
    last = {record.id: type(record) for record in life.records}
    waiting = {one.id for held in life.store.held.values() for one in held.standing}
    assert waiting == {name for name, kind in last.items() if kind is r.ReminderScheduled}


def what_has_come_due_is_decided_unless_its_task_is_closed_or_its_user_has_removed_it(life):
    first, last = {}, {}
    for record in life.records:
        if isinstance(record, r.ReminderScheduled):
            first.setdefault(record.id, record)
        if not isinstance(record, r.DigestDue | r.DigestWithheld):
            last[record.task, first[record.id].reminder] = record
    for (task, reminder), record in last.items():
        if isinstance(record, r.ReminderCancelled) and first[record.id].due <= record.at and reminder != SNOOZE:
            assert not life.planned(task, reminder), f"{first[record.id]} is lost."


def what_is_kept_is_bounded_and_planned_by_the_settings_of_now(life):
    timers = {(timer.due, timer.id) for timer in life.store.timers.values() if not timer.subject.startswith("digest:")}
    assert timers == {(one.due, one.id) for held in life.store.held.values() for one in held.standing}
    assert not life.store.replannings
    for name, held in life.store.held.items():
        task = life.world.task(name.partition("/")[2])
        assert task, "It is purged."
        assert task.status is r.Status.OPEN or not held.standing
        assert len(held.standing) + len(held.owed) <= len(REMINDERS) + 1
        assert len(held.decisions) <= DECISIONS
        by = Basis(life.world.settings(), life.tzdata).version
        assert held.closed or held.plan is None or held.plan.by in {"", by}


LAWS = (
    each_is_decided_once,
    each_that_was_scheduled_waits_or_has_an_end,
    what_has_come_due_is_decided_unless_its_task_is_closed_or_its_user_has_removed_it,
    what_is_kept_is_bounded_and_planned_by_the_settings_of_now,
)


def keeps_the_laws(form, script):
    life = lived(form, script)
    for law in LAWS:
        law(life)


LIVES = {"form": st.sampled_from(FORMS), "script": st.lists(ACTS, max_size=12)}


@given(**LIVES)
def test_the_laws_of_reminders_hold_whatever_happens(form, script):
    keeps_the_laws(form, script)


@pytest.mark.deep
@settings(max_examples=5_000)
@given(**LIVES | {"script": st.lists(ACTS, max_size=30)})
def test_the_laws_of_reminders_hold_in_thousands_of_lives(form, script):
    keeps_the_laws(form, script)
