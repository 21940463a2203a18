"""Ids are derived from causes: what has another cause has another id, however much happens in one millisecond."""

from dataclasses import replace as changed

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.decision import DECIDABLE, VERSION
from schemas import records as r
from tests.unit.domain.given import (
    DAY,
    HOUR,
    MINUTE,
    Waiting,
    complete,
    create,
    create_list,
    delete,
    delete_list,
    reopen,
    restore,
    restore_list,
    set_settings,
    skip,
    snooze,
    update,
)
from tests.unit.domain.life import DECIDED, Whole

ZONES = ("Pacific/Kiritimati", "Pacific/Niue", "Europe/Paris", None)
EVENING = r.Due("2026-11-24", "01:00:00")
BY_CALENDAR = {"due": EVENING, "rrule": "FREQ=DAILY", "repeats": r.Repeats.CALENDAR}
PASTS = (
    create(**BY_CALENDAR, reminders=(r.Reminder("r", before=0), r.Reminder("s", before=0, repeat_every=60))),
    create(**BY_CALENDAR, missed=r.Missed.EACH),
    create(due=EVENING, rrule="FREQ=DAILY", reminders=(r.Reminder("r", before=900, days=1),)),
    create(reminders=(r.Reminder("r", before=0),)),
)
CHANGES = (
    complete(), skip(), reopen(), delete(), restore(), snooze(seconds=60), snooze(), create_list(), delete_list(),
    restore_list(), update(title="Other"), update(due=replace(EVENING, time="02:00:00")), update(due=EVENING),
    update(missed=r.Missed.SKIP), update(rrule="FREQ=WEEKLY"), update(rrule=None),
    *(set_settings(zone=zone) for zone in ZONES), set_settings(digest_time="13:00:00"), set_settings(digest_time=None),
)  # fmt: skip
PASSES = st.sampled_from((0, 0, 0, 1, MINUTE, HOUR, 13 * HOUR, DAY)).map(lambda passed: ("passes", passed))
SCRIPTS = st.lists(PASSES | st.sampled_from(CHANGES).map(lambda change: ("changes", change)), max_size=14)


class Noted(Waiting):
    """Timers in a dict, with all that were ever set."""

    def __init__(self):
        super().__init__()
        self.all = []

    def set(self, timer):
        super().set(timer)
        self.all.append(timer)


def lived(past, script, version=VERSION):
    """Return a life with a script: changes, each of a task that is there then, and time that passes."""
    life = Whole(version=version)
    life.awaited = changed(life.awaited, timers=Noted())
    life.does(past)
    for number, (act, value) in enumerate(script):
        if act == "passes":
            life.until(life.at + value)
        elif isinstance(value, r.UpdateSettings) or not hasattr(value, "task"):
            life.does(value)
        else:
            tasks = sorted(life.world.tasks) or ["t"]
            life.does(replace(value, task=tasks[-1 - number % 2 % len(tasks)]))
    return life


def awaited_by_id(life):
    """Return the times that each timer of an occurrence that is awaited was set for."""
    found = {}
    for timer in life.awaited.timers.all:
        if timer.subject.partition(":")[0] not in {"settings", "tzdata"}:
            found.setdefault(timer.id, set()).add(timer.due)
    return found


ZONE_BY_ZONE = [("changes", set_settings(zone=zone)) for zone in ZONES[:3]]
AT_ONCE = [step for change in ZONE_BY_ZONE for step in (change, ("passes", 0))]


@given(past=st.sampled_from(PASTS[:2]), script=SCRIPTS)
@example(past=PASTS[0], script=AT_ONCE)
def test_each_instant_at_which_a_series_awaits_the_next_one_has_an_id_of_its_own(past, script):
    assert all(len(dues) == 1 for dues in awaited_by_id(lived(past, script)).values())


@pytest.mark.parametrize("version", [each for each in DECIDABLE if each >= "7"])
def test_two_changes_of_the_zone_in_one_millisecond_lead_to_two_ids_since_decision_version_8(version):
    shared = [dues for dues in awaited_by_id(lived(PASTS[0], AT_ONCE, version)).values() if len(dues) > 1]
    assert bool(shared) is (version == "7")


@given(past=st.sampled_from(PASTS), script=SCRIPTS)
def test_one_id_has_one_meaning_whatever_happens_in_one_millisecond(past, script):
    life = lived(past, script)
    commands = {}
    for command in life.commands:
        assert commands.setdefault(command.id, command) == command
    events = [event.id for event in life.world.events]
    assert len(events) == len(set(events))
    decided = [record.id for record in life.told(DECIDED | r.DigestDue | r.DigestWithheld)]
    assert len(decided) == len(set(decided))
