"""The reminders of users over time: settings, downtime, quiet hours, repetitions; nothing twice, nothing lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain import reminder_plans, reminder_state
from domain.decision import VERSION
from domain.reminder_state import Reminders
from domain.reminders import MISSED
from schemas import records as r
from tests.unit.domain.given import (
    BERT,
    DAY,
    HOUR,
    MINUTE,
    NOON,
    World,
    complete,
    create,
    delete,
    reopen,
    restore,
    set_settings,
    snooze,
    update,
)
from tests.unit.domain.life import DECIDED, Life, local

TODAY, TOMORROW = r.Due("2026-11-23"), r.Due("2026-11-24")
AT_DAY_TIME = r.Reminder("day", before=0)


def of_day(**fields):
    return create(**{"due": TOMORROW, "reminders": (AT_DAY_TIME,), **fields})


def at(*instants):
    return tuple(r.Reminder(f"r{number}", at=instant) for number, instant in enumerate(instants))


# Settings.


def test_a_reminder_of_a_day_comes_at_the_day_time_of_the_zone():
    life = Life().does(set_settings(zone="Europe/Paris"), of_day()).until(NOON + 2 * DAY)
    assert life.sent() == [local("Europe/Paris", "2026-11-24T09:00")]


@pytest.mark.parametrize(
    ("change", "comes"),
    [
        ({"zone": "America/New_York"}, local("America/New_York", "2026-11-24T09:00")),
        ({"zone": "Asia/Tokyo"}, local("Asia/Tokyo", "2026-11-24T09:00")),
        ({"day_time": "06:00:00"}, local("UTC", "2026-11-24T06:00")),
    ],
)
def test_changed_settings_plan_what_waits_again(change, comes):
    life = Life().does(of_day(), set_settings(**change)).until(NOON + 2 * DAY)
    assert life.sent() == [comes]
    assert [type(one).__name__ for one in life.records] == [
        "ReminderScheduled", "ReminderCancelled", "ReminderScheduled", "ReminderDue",
    ]  # fmt: skip


def test_a_reminder_that_other_settings_move_into_the_past_comes_at_once():
    life = Life().does(of_day())
    life.until(local("UTC", "2026-11-24T08:00")).does(set_settings(day_time="07:00:00")).until(NOON + 2 * DAY)
    assert life.sent() == [local("UTC", "2026-11-24T08:00")]


def test_a_reminder_that_was_sent_does_not_come_again_at_its_new_instant():
    life = Life().does(of_day()).until(local("UTC", "2026-11-24T10:00"))
    life.does(set_settings(zone="America/New_York")).until(NOON + 2 * DAY).does(update(title="Other"))
    assert life.sent() == [local("UTC", "2026-11-24T09:00")]


def test_an_old_plan_never_fires():
    life = Life().does(of_day())
    [(_, old)] = life.store.timers.items()
    life.does(set_settings(zone="America/New_York"))
    life.at = old.due
    life.records += life.reminders.decide(reminder_state.notice(old, old.due))  # before its turn
    assert life.told() == []
    assert life.until(NOON + 2 * DAY).sent() == [local("America/New_York", "2026-11-24T09:00")]


def test_the_tasks_of_a_user_are_planned_again_in_chunks():
    life = Life()
    for number in range(2 * reminder_state.CHUNK + 1):
        life.does(of_day() if number == 0 else replace(of_day(), task=f"t{number}"))
    life.does(set_settings(zone="Asia/Tokyo"))
    before = life.notices
    life.until(NOON)
    assert life.notices - before == 3
    assert {timer.due for timer in life.store.timers.values()} == {local("Asia/Tokyo", "2026-11-24T09:00")}
    assert not life.store.replannings


def test_settings_plan_nobody_elses_tasks_again():
    life = Life().does(of_day())
    [before] = life.store.timers.values()
    life.follows(World(set_settings(user=BERT, zone="Asia/Tokyo"), user=BERT).events)
    life.until(NOON)
    assert [*life.store.timers.values()] == [before]


def test_other_time_zone_data_plans_the_tasks_of_all_users_again():
    life = Life().does(of_day())
    life.tzdata = "2026.2"
    life.does(create("other")).until(NOON)
    assert life.held().plan.by.startswith("2026.2")
    assert life.store.zones[""] == r.ZoneData("2026.2")
    assert not life.store.replannings


def test_what_depends_on_nothing_is_not_planned_again():
    life = Life().does(create(reminders=at(NOON + HOUR)))
    assert life.held().plan.by == ""
    assert not life.store.planned


# Downtime.


@pytest.mark.parametrize(
    ("catch_up", "sent", "missed"),
    [(r.CatchUp.EACH, 3, []), (r.CatchUp.LATEST, 1, [1, 2]), (r.CatchUp.NONE, 0, [1, 2, 3])],
)
def test_the_settings_say_what_happens_to_reminders_missed_in_a_downtime(catch_up, sent, missed):
    life = Life().does(
        set_settings(catch_up=catch_up), create(reminders=at(NOON + HOUR, NOON + 2 * HOUR, NOON + 3 * HOUR))
    )
    life.later(NOON + 5 * HOUR)
    assert life.sent() == [NOON + 5 * HOUR] * sent
    assert life.withheld() == [("MISSED", NOON + hours * HOUR) for hours in missed]


def test_a_reminder_that_is_a_little_late_is_not_missed():
    life = Life().does(set_settings(catch_up=r.CatchUp.NONE), create(reminders=at(NOON + HOUR)))
    assert life.later(NOON + HOUR + MISSED).sent() == [NOON + HOUR + MISSED]


def test_a_series_that_goes_on_after_the_instant_of_a_reminder_reminds_at_once():
    weekly = {"due": r.Due("2026-11-24", "09:00:00", "UTC"), "rrule": "FREQ=WEEKLY"}
    life = Life().does(create(**weekly, reminders=(r.Reminder("r", before=0, days=1),)))
    life.at = local("UTC", "2026-11-30T12:00")
    life.does(complete())
    life.follows(life.world.does(life.world.followup()).events)
    assert life.until(life.at).sent() == [life.at]


WEEKLY = {"due": r.Due("2026-11-24", "09:00:00", "UTC"), "rrule": "FREQ=WEEKLY"}
TWO_DAYS = r.Reminder("r", before=0, days=2)
LATE = local("UTC", "2026-11-30T18:00")


def goes_on_late(life, at=LATE):
    life.until(at).does(complete())
    life.follows(life.world.does(life.world.followup()).events)
    return life.until(at + HOUR)


@pytest.mark.parametrize("catch_up", r.CatchUp)
@pytest.mark.parametrize("repeat", [None, 7 * 86400])
def test_a_reminder_of_a_series_that_goes_on_late_is_not_missed(catch_up, repeat):
    weekly = create(**WEEKLY, reminders=(replace(TWO_DAYS, repeat_every=repeat),))
    life = goes_on_late(Life().does(set_settings(catch_up=catch_up), weekly))
    assert (life.sent()[-1:], life.withheld()) == ([LATE], [])


@pytest.mark.parametrize("mode", [r.Subtasks.RESET, r.Subtasks.CARRY])
def test_a_subtask_of_a_series_that_goes_on_late_reminds_at_once(mode):
    subtask = create("s", parent="t", due=WEEKLY["due"], reminders=(TWO_DAYS,))
    assert goes_on_late(Life().does(create(**WEEKLY, subtasks=mode), subtask)).sent() == [LATE]


def test_an_occurrence_that_was_moved_before_it_comes_reminds_at_once():
    moved = update(scope=r.Scope.THIS, due=r.Due("2026-12-01", "20:00:00", "UTC"))
    life = Life().does(create(**WEEKLY, reminders=(r.Reminder("r", before=7200),)))
    life.does(replace(moved, occurrence="2026-12-01T09:00:00"))
    late = local("UTC", "2026-12-01T19:00")
    assert goes_on_late(life, late).sent() == [WEEKLY_FIRST, late]


WEEKLY_FIRST = local("UTC", "2026-11-24T07:00")


@pytest.mark.parametrize("catch_up", r.CatchUp)
@pytest.mark.parametrize("repeat", [None, 7 * 86400])
def test_a_reminder_that_is_moved_into_the_past_is_not_missed(catch_up, repeat):
    day = of_day(reminders=(replace(AT_DAY_TIME, repeat_every=repeat),))
    life = Life().does(set_settings(catch_up=catch_up), day).until(local("UTC", "2026-11-24T08:00"))
    life.does(set_settings(day_time="07:00:00")).until(NOON + 2 * DAY)
    assert (life.sent(), life.withheld()) == ([local("UTC", "2026-11-24T08:00")], [])


def test_a_reminder_that_is_moved_behind_what_is_no_longer_kept_comes_at_once():
    often = r.Reminder("often", before=14400, repeat_every=60)
    life = Life().does(create(due=r.Due("2026-11-24", "12:00:00"), reminders=(often, r.Reminder("b", before=0))))
    life.until(at_ := local("UTC", "2026-11-24T11:30")).does(set_settings(zone="Europe/Moscow")).until(at_ + MINUTE)
    assert [due.at for due in life.told(r.ReminderDue) if due.reminder == "b"] == [at_]


def test_a_reminder_that_was_sent_does_not_come_again_when_settings_change_while_its_task_is_closed():
    life = Life().does(of_day()).until(local("UTC", "2026-11-24T09:10"))
    life.does(complete(), set_settings(day_time="10:00:00"), reopen()).until(NOON + 2 * DAY)
    assert life.sent() == [local("UTC", "2026-11-24T09:00")]


# Quiet hours.

NIGHT = {"quiet_from": "22:00:00", "quiet_to": "07:00:00"}
MIDNIGHT, MORNING = local("UTC", "2026-11-24T00:00"), local("UTC", "2026-11-24T07:00")


def test_a_reminder_in_the_quiet_hours_is_postponed_to_their_end_once():
    life = Life().does(set_settings(**NIGHT), create(reminders=at(MIDNIGHT))).until(NOON + 2 * DAY)
    assert life.sent() == [MORNING]
    first, again = life.told(r.ReminderScheduled)
    assert (first.id, first.due, again.id, again.due) == (again.id, MIDNIGHT, again.id, MORNING)


def test_a_reminder_in_the_quiet_hours_is_suppressed_if_the_settings_say_so():
    quiet = set_settings(**NIGHT, in_quiet_hours=r.InQuietHours.SUPPRESS)
    life = Life().does(quiet, create(reminders=at(MIDNIGHT))).until(NOON + 2 * DAY)
    assert (life.sent(), life.withheld()) == ([], [("SUPPRESSED", MIDNIGHT)])


def test_a_postponed_reminder_is_cancelled_with_its_task():
    life = Life().does(set_settings(**NIGHT), create(reminders=at(MIDNIGHT))).until(MIDNIGHT + HOUR).does(complete())
    assert life.until(NOON + 2 * DAY).told() == []


def test_a_postponed_reminder_stays_when_its_task_changes():
    life = Life().does(set_settings(**NIGHT), create(reminders=at(MIDNIGHT))).until(MIDNIGHT + HOUR)
    assert life.does(update(title="Other")).until(NOON + 2 * DAY).sent() == [MORNING]


@pytest.mark.parametrize("repeat", [None, 7 * 86400])
@pytest.mark.parametrize(
    "change",
    [(complete(), reopen()), (delete(), restore()), (complete(), delete(), restore(), reopen())],
)
def test_a_postponed_reminder_comes_when_its_task_is_opened_again(change, repeat):
    reminder = replace(at(MIDNIGHT)[0], repeat_every=repeat)
    life = Life().does(set_settings(**NIGHT), create(reminders=(reminder,))).until(MIDNIGHT + HOUR)
    assert life.does(*change).until(NOON + 2 * DAY).sent() == [MORNING]


def test_a_postponed_reminder_comes_at_once_when_its_task_is_opened_again_after_the_quiet_hours():
    night = set_settings(**NIGHT, catch_up=r.CatchUp.NONE)
    life = Life().does(night, create(reminders=at(MIDNIGHT))).until(MIDNIGHT + HOUR).does(complete())
    assert life.until(MORNING + HOUR).does(reopen()).until(NOON + 2 * DAY).sent() == [MORNING + HOUR]


@pytest.mark.parametrize("time", ["22:59:00", "12:01:00"])
def test_a_postponed_reminder_comes_though_its_task_is_moved_further_into_the_past(time):
    due = create(due=r.Due("2026-11-23", "23:00:00", "UTC"), reminders=(AT_DAY_TIME,))
    life = Life().does(set_settings(**NIGHT), due).until(MIDNIGHT - 30 * MINUTE)
    life.does(update(due=r.Due("2026-11-23", time, "UTC")))
    assert life.until(NOON + 2 * DAY).sent() == [MORNING]


def test_a_postponed_reminder_is_planned_again_if_its_task_is_moved_into_the_future():
    due = create(due=r.Due("2026-11-23", "23:00:00", "UTC"), reminders=(AT_DAY_TIME,))
    life = (
        Life().does(set_settings(**NIGHT), due).until(MIDNIGHT).does(update(due=r.Due("2026-11-24", "09:00:00", "UTC")))
    )
    assert life.until(NOON + 2 * DAY).sent() == [local("UTC", "2026-11-24T09:00")]


def test_a_postponed_reminder_that_its_user_removes_does_not_come():
    life = Life().does(set_settings(**NIGHT), create(reminders=at(MIDNIGHT))).until(MIDNIGHT + HOUR)
    assert life.does(update(reminders=())).until(NOON + 2 * DAY).told() == []


@pytest.mark.parametrize(
    ("change", "sent", "withheld"),
    [
        ({"quiet_from": None, "quiet_to": None}, [MIDNIGHT + HOUR], []),
        ({"quiet_to": "00:30:00"}, [MIDNIGHT + HOUR], []),
        ({"quiet_to": "06:00:00"}, [MORNING - HOUR], []),
        ({"in_quiet_hours": r.InQuietHours.SUPPRESS}, [], [("SUPPRESSED", MIDNIGHT + HOUR)]),
    ],
)
def test_other_quiet_hours_are_those_of_what_was_postponed(change, sent, withheld):
    life = Life().does(set_settings(**NIGHT), create(reminders=at(MIDNIGHT))).until(MIDNIGHT + HOUR)
    life.does(set_settings(**change)).until(NOON + 2 * DAY)
    assert (life.sent(), life.withheld()) == (sent, withheld)


@pytest.mark.parametrize("version", ["7", VERSION])
def test_a_postponed_reminder_comes_once_at_its_instant_though_the_clock_is_set_back_since_decision_version_8(version):
    nightly = replace(at(MIDNIGHT)[0], repeat_every=86400)
    life = Life(version=version).does(set_settings(**NIGHT), create(reminders=(nightly,))).until(MIDNIGHT)
    life.at -= HOUR
    life.does(set_settings(quiet_from=None, quiet_to=None)).until(MIDNIGHT + HOUR)
    assert life.sent() == ([MIDNIGHT - HOUR, MIDNIGHT] if version == "7" else [MIDNIGHT])
    decided = [record.id for record in life.told()]
    assert (len(decided) == len(set(decided))) is (version != "7")


# Repetitions and snoozing.

EVERY_HOUR = r.Reminder("r", at=NOON + HOUR, repeat_every=3600)


def test_a_reminder_is_repeated_until_its_task_is_done():
    life = Life().does(create(reminders=(EVERY_HOUR,))).until(NOON + 4 * HOUR + MINUTE).does(complete())
    assert life.until(NOON + DAY).sent() == [NOON + hours * HOUR for hours in (1, 2, 3, 4)]


def test_a_repeated_reminder_has_one_timer_and_what_was_missed_comes_once():
    life = Life().does(create(reminders=(EVERY_HOUR,))).later(NOON + 5 * HOUR + MINUTE)
    assert life.sent() == [NOON + 5 * HOUR + MINUTE]
    assert [timer.due for timer in life.store.timers.values()] == [NOON + 6 * HOUR]


def test_a_repeated_reminder_goes_on_when_its_task_is_changed_or_reopened():
    life = Life().does(create(reminders=(EVERY_HOUR,))).until(NOON + 90 * MINUTE).does(update(title="Other"))
    life.until(NOON + 150 * MINUTE).does(complete(), reopen()).until(NOON + 190 * MINUTE)
    assert life.sent() == [NOON + hours * HOUR for hours in (1, 2, 3)]


def test_a_snoozed_task_reminds_once_more():
    life = Life().does(create(reminders=at(NOON + MINUTE))).until(NOON + HOUR)
    life.does(snooze(seconds=3600)).until(NOON + DAY).does(update(title="Other")).until(NOON + 2 * DAY)
    assert life.sent() == [NOON + MINUTE, NOON + 2 * HOUR]


def test_a_snooze_is_undone():
    life = Life().does(create(), snooze(until=NOON + 2 * HOUR))
    [*_, snoozed] = life.world.audited
    life.does(life.world.undoing(replace(update(), id=snoozed)))
    assert life.until(NOON + DAY).sent() == []


def test_a_snoozed_task_repeats_no_reminder_until_then_and_goes_on_after():
    life = Life().does(create(reminders=(EVERY_HOUR,))).until(NOON + 70 * MINUTE).does(snooze(seconds=3 * 3600))
    life.until(NOON + 6 * HOUR)
    assert life.sent() == [NOON + HOUR, NOON + 250 * MINUTE, NOON + 5 * HOUR, NOON + 6 * HOUR]


def test_a_task_that_is_snoozed_no_more_repeats_its_reminders_as_before():
    life = Life().does(create(reminders=(EVERY_HOUR,))).until(NOON + 70 * MINUTE).does(snooze(seconds=3 * 3600))
    life.until(NOON + 130 * MINUTE).does(snooze()).until(NOON + 3 * HOUR)
    assert life.sent() == [NOON + HOUR, NOON + 3 * HOUR]


def test_a_snooze_delays_no_reminder_that_is_not_repeated():
    life = Life().does(create(reminders=at(NOON + HOUR)), snooze(seconds=7200)).until(NOON + DAY)
    assert life.sent() == [NOON + HOUR, NOON + 2 * HOUR]


def test_the_last_snooze_counts():
    life = Life().does(create(), snooze(seconds=3600), snooze(seconds=7200)).until(NOON + DAY)
    assert life.sent() == [NOON + 2 * HOUR]


def test_a_task_that_is_closed_or_deleted_while_it_is_snoozed_does_not_remind():
    for ends in (complete(), delete()):
        assert Life().does(create(), snooze(seconds=3600), ends).until(NOON + DAY).sent() == []


def test_a_task_that_is_reopened_while_it_is_snoozed_reminds():
    life = Life().does(create(), snooze(seconds=3600), complete(), reopen()).until(NOON + DAY)
    assert life.sent() == [NOON + HOUR]


@given(
    every=st.integers(5, 200),
    begins=st.integers(1, 100),
    snoozes=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 100)), min_size=1, max_size=4),
)
def test_nothing_is_repeated_while_a_task_is_snoozed_and_everything_is_otherwise(every, begins, snoozes):
    first, repeat = NOON + begins * MINUTE, every * MINUTE
    life = Life().does(create(reminders=(r.Reminder("r", at=first, repeat_every=every * 60),)))
    silent, ends = [], []
    for (pause, minutes), following in zip(snoozes, [*(pause for pause, _ in snoozes[1:]), 600], strict=True):
        life.until(life.at + pause * MINUTE).does(snooze(seconds=minutes * 60))
        silent.append((life.at, life.at + min(minutes, following) * MINUTE))
        ends += [life.at + minutes * MINUTE] if 0 < minutes <= following else []
    life.until(end := NOON + 15 * HOUR)
    repeated = [at for at in range(first, end + 1, repeat) if all(not b < at <= e for b, e in silent)]
    assert sorted(life.sent()) == sorted(repeated + ends)


# What is kept.


def test_what_is_kept_for_a_task_is_bounded():
    life = Life().does(create())
    times = 3 * reminder_plans.DECISIONS
    for _ in range(times):
        life.does(update(reminders=at(life.at + MINUTE))).until(life.at + 2 * MINUTE)
        assert len(life.held().decisions) <= reminder_plans.DECISIONS
    assert len(life.sent()) == times


def test_a_decision_that_is_no_longer_kept_is_not_decided_again():
    life = Life().does(create(reminders=at(NOON + MINUTE))).until(NOON + 2 * MINUTE)
    for _ in range(reminder_plans.DECISIONS):
        life.does(update(reminders=at(life.at + MINUTE))).until(life.at + 2 * MINUTE)
    before = len(life.sent())
    life.at = NOON  # the clock is set back
    life.does(update(reminders=at(NOON + MINUTE))).until(NOON + 2 * MINUTE)
    assert len(life.sent()) == before


def test_a_state_of_an_earlier_version_goes_on():
    life = Life()
    old = Reminders(life.store, "5", "2026.1")
    life.world.does(create(reminders=at(NOON + MINUTE, NOON + HOUR)))
    life.records += old.follow(life.world.events[-1])
    [first, _] = sorted(life.store.timers.values(), key=lambda timer: timer.due)
    life.records += old.decide(reminder_state.notice(first, NOON + MINUTE))
    life.until(NOON + 2 * MINUTE).does(update(title="Other")).until(NOON + DAY)
    assert life.sent() == [NOON + MINUTE, NOON + HOUR]
    assert life.held().decided == ()


def test_decision_version_6_loses_what_is_postponed_while_its_task_is_closed_and_7_goes_on_from_its_state():
    life = Life(version="6").does(set_settings(**NIGHT), create(reminders=at(MIDNIGHT, MORNING + HOUR)))
    life.until(MIDNIGHT + HOUR).does(complete(), reopen())
    assert [standing.due for standing in life.held().standing] == [MORNING + HOUR]
    life.version = VERSION
    assert life.until(NOON + 2 * DAY).sent() == [MORNING + HOUR]


def test_what_decision_version_6_postponed_is_not_lost_in_7():
    life = Life(version="6").does(set_settings(**NIGHT), create(reminders=at(MIDNIGHT))).until(MIDNIGHT + HOUR)
    life.version = VERSION
    assert life.does(complete(), reopen()).until(NOON + 2 * DAY).sent() == [MORNING]


# Whatever happens.

ANYTHING = st.one_of(
    st.builds(lambda minutes: ("until", minutes * MINUTE), st.integers(1, 600)),
    st.builds(lambda minutes: ("down", minutes * MINUTE), st.integers(1, 600)),
    st.builds(lambda hours: ("jump", hours * HOUR), st.sampled_from([-1, 1])),
    st.builds(lambda number: ("twice", number), st.integers(0, 3)),
    st.sampled_from([complete(), reopen(), delete(), restore()]).map(lambda command: ("does", command)),
    st.sampled_from(["Europe/Paris", "America/New_York", "Asia/Tokyo"]).map(lambda z: ("does", set_settings(zone=z))),
    st.sampled_from([*r.CatchUp]).map(lambda each: ("does", set_settings(catch_up=each))),
    st.sampled_from([NIGHT, dict.fromkeys(NIGHT)]).map(lambda hours: ("does", set_settings(**hours))),
    st.integers(0, 3).map(lambda days: ("does", update(due=r.Due(f"2026-11-2{3 + days}")))),
)


def acts(life, act, value):
    match act:
        case "until" | "down" | "jump":
            life.passes(act, value)
        case "twice":  # a notice that was written twice
            for timer in sorted(life.store.timers.values(), key=lambda timer: timer.due)[value : value + 1]:
                for _ in range(2):
                    life.takes(timer)
        case _:
            life.does(value)


@given(st.lists(ANYTHING, max_size=20))
def test_no_reminder_is_decided_twice_and_none_that_waits_is_lost(script):
    life = Life().does(of_day(reminders=(AT_DAY_TIME, r.Reminder("r", before=3600, days=1), *at(NOON + HOUR))))
    for act, value in script:
        acts(life, act, value)
    life.until(life.at + 10 * DAY)
    decided = [record.id for record in life.told()]
    assert len(decided) == len(set(decided))
    assert not life.store.timers
    ended = {*decided, *(record.id for record in life.told(r.ReminderCancelled))}
    assert {record.id for record in life.told(r.ReminderScheduled)} <= ended


@given(st.lists(ANYTHING, max_size=20))
def test_no_reminder_comes_before_its_time(script):
    life = Life().does(of_day(reminders=(AT_DAY_TIME, r.Reminder("r", before=3600, repeat_every=1800))))
    for act, value in script:
        acts(life, act, value)
    assert all(record.at >= record.due for record in life.told())


SETTINGS = [
    {"zone": "Europe/Paris"}, {"zone": "America/New_York"}, {"zone": "Asia/Tokyo"}, {"day_time": "07:00:00"},
    {"day_time": "21:00:00"}, NIGHT, {"quiet_from": "08:00:00", "quiet_to": "20:00:00"},
    {"quiet_from": None, "quiet_to": None}, *({"in_quiet_hours": each} for each in r.InQuietHours),
    *({"catch_up": each} for each in r.CatchUp),
]  # fmt: skip
CHANGES = [
    complete(), reopen(), delete(), restore(), update(title="Other"), snooze(seconds=3600), snooze(),
    *(set_settings(**each) for each in SETTINGS),
]  # fmt: skip
MOVES = [update(due=due) for due in (TODAY, TOMORROW, r.Due("2026-11-24", "01:00:00"), r.Due("2026-11-23", "22:30:00"))]


def scripts(changes):
    """Scripts of changes and of time that passes while the worker runs, or is down."""
    passes = st.tuples(st.sampled_from(["until", "down"]), st.integers(1, 600).map(lambda minutes: minutes * MINUTE))
    return st.lists(passes | st.sampled_from(changes).map(lambda change: ("does", change)), max_size=14)


def lived(script):
    """Return the life of a task with a script, which is open in the end and has no reminder left."""
    three = (AT_DAY_TIME, r.Reminder("r", before=3600, days=1), *at(NOON + HOUR))
    life = Life().does(set_settings(**NIGHT), of_day(reminders=three))
    for act, value in script:
        acts(life, act, value)
    return life.does(restore(), reopen()).until(life.at + 10 * DAY)


@given(scripts([*CHANGES, *MOVES]))
def test_whatever_has_come_due_is_decided_however_its_task_and_settings_change(script):
    life = lived(script)
    first, last = {}, {}
    names = {record.id: record.reminder for record in life.told(r.ReminderScheduled)}
    for record in life.records:
        if isinstance(record, r.ReminderScheduled):
            first.setdefault(record.id, record.due)
        last[names[record.id]] = record
    for name, record in last.items():
        if name != reminder_plans.SNOOZE:
            assert isinstance(record, DECIDED) or first[record.id] > record.at


@given(scripts(CHANGES))
def test_a_reminder_is_decided_once_unless_its_user_moves_it(script):
    decided = [one.reminder for one in lived(script).told() if one.reminder != reminder_plans.SNOOZE]
    assert len(decided) == len(set(decided))


@given(scripts([*CHANGES, *MOVES]))
def test_a_repeated_reminder_goes_on_whenever_its_task_is_open(script):
    repeated = (r.Reminder("r", before=3600, repeat_every=5400), r.Reminder("d", before=0, days=1, repeat_every=86400))
    life = Life().does(set_settings(**NIGHT), of_day(reminders=repeated))
    for act, value in script:
        acts(life, act, value)
    life.does(restore(), reopen()).until(life.at + HOUR)
    assert {each.reminder for each in life.held().standing} - {reminder_plans.SNOOZE} == {"r", "d"}
    decided = [record.id for record in life.told()]
    assert len(decided) == len(set(decided))


def test_a_repeated_reminder_goes_on_though_settings_moved_it_into_the_future_while_its_task_was_closed():
    life = Life().does(of_day(reminders=(replace(AT_DAY_TIME, repeat_every=5400),)))
    life.until(local("UTC", "2026-11-24T09:30")).does(complete(), set_settings(zone="America/New_York"), reopen())
    assert life.until(local("UTC", "2026-11-24T16:00")).sent() == [
        local("UTC", "2026-11-24T09:00"), local("UTC", "2026-11-24T15:30"),
    ]  # fmt: skip


def test_a_reminder_that_is_repeated_by_days_comes_each_day_at_its_local_time_of_the_settings_as_they_are():
    daily = r.Reminder("r", at=NOON + HOUR, repeat_days=1)
    life = Life().does(set_settings(zone="Europe/Paris"), create(reminders=(daily,))).until(NOON + 2 * DAY)
    life.does(snooze(until=NOON + 3 * DAY + 2 * HOUR)).until(NOON + 5 * DAY)
    assert life.sent() == [
        *(NOON + days * DAY + HOUR for days in (0, 1)), NOON + 3 * DAY + 2 * HOUR, NOON + 4 * DAY + HOUR,
    ]  # fmt: skip
    spring = local("Europe/Paris", "2027-03-28T14:00")
    life.later(spring - DAY).until(spring)
    assert life.sent()[-2:] == [spring - 23 * HOUR, spring]
