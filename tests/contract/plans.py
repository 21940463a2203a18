"""Golden cases of plans: reminders, digests and series by the calendar, as settings and time zone data change.

Each case is two days of one task, in steps of six hours: what comes due in a step is decided at its end, late.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import product
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from domain import reminder_state
from domain.decision import BEFORE_6
from domain.recurrence import awaiting
from domain.recurrence.derived import CLOSING, derived
from domain.reminder_state import Reminders
from domain.tasks import TASK
from schemas import ids
from schemas import records as r
from tests.unit.domain.given import (
    HOUR,
    NOON,
    PARIS,
    World,
    awaiting_in_memory,
    complete,
    create,
    reminders_in_memory,
    reopen,
    set_settings,
    snooze,
    update,
)

STEP = 6 * HOUR
STEPS = 8
DUES = {"day": r.Due("2026-11-24"), "floating": r.Due("2026-11-24", "09:00:00"), "zoned": PARIS}
SETTINGS: dict[str, dict[str, Any]] = {
    "none": {},
    "zone": {"zone": "Asia/Kathmandu"},
    "quiet hours": {"quiet_from": "07:00:00", "quiet_to": "21:00:00"},
    "quiet hours that suppress": {
        "quiet_from": "07:00:00", "quiet_to": "21:00:00", "in_quiet_hours": r.InQuietHours.SUPPRESS,
    },
    "the latest": {"catch_up": r.CatchUp.LATEST},
    "no missed ones": {"catch_up": r.CatchUp.NONE, "day_time": "15:00:00"},
    "a digest": {"zone": "Europe/Paris", "digest_time": "07:30:00"},
}  # fmt: skip
REMINDERS = (
    r.Reminder("day before", before=0, days=1, time="18:00:00"),
    r.Reminder("exact", before=900),
    r.Reminder("hourly", before=0, repeat_every=3600),
    r.Reminder("moment", at=NOON + 20 * HOUR),
)
LIVES: dict[str, dict[int, Callable[[int], Any]]] = {
    "left open": {},
    "snoozed": {2: lambda at: snooze(at=at, until=at + 8 * HOUR)},
    "moved": {2: lambda at: update(at=at, scope=r.Scope.UNNAMED, due=r.Due("2026-11-25", "10:00:00"))},
    "completed late and reopened": {4: lambda at: complete(at=at), 6: lambda at: reopen(at=at)},
    "in two zones": {
        2: lambda at: set_settings(at, zone="America/New_York"),
        4: lambda at: set_settings(at, zone="Asia/Kathmandu"),
    },
}


def cases(version: str) -> Iterator[tuple[str, Sequence[Struct]]]:
    """Yield every case of a decision version: its name, and all that is decided."""
    for (due, at), (chosen, some), (life, does) in product(DUES.items(), SETTINGS.items(), LIVES.items()):
        name = f"reminders of a {due} task, {life}; settings: {chosen}"
        begun = create(due=at, rrule="FREQ=DAILY", reminders=REMINDERS)
        yield name, _reminded(version, _named(name, [set_settings(**some)] if some else [], [begun], does))
    for (due, at), missed, (life, does) in product(DUES.items(), r.Missed, LIVES.items()):
        if version not in BEFORE_6:
            name = f"series by the calendar of a {due}, {life}; missed: {missed.name}"
            begun = create(due=at, rrule="FREQ=DAILY", repeats=r.Repeats.CALENDAR, missed=missed)
            yield name, _awaited(version, _named(name, [begun], does))


def _named(name: str, *said: Any) -> list[list[Any]]:
    """Return the commands of each step, under ids that do not depend on what was made before."""
    *first, later = said
    steps = [[each for some in first for each in some], *([] for _ in range(STEPS))]
    for number, make in later.items():
        steps[number].append(make(NOON + number * STEP))
    return [
        [replace(each, id=ids.derive("case", name, number, place)) for place, each in enumerate(step)]
        for number, step in enumerate(steps)
    ]


def _reminded(version: str, steps: Sequence[Sequence[Any]]) -> Sequence[Struct]:
    world, store, told = World(version=version), reminders_in_memory(), list[Any]()
    for number, step in enumerate(steps):
        now, reminders = NOON + number * STEP, Reminders(store, version, _tzdata(number))
        reminders.renew(now)
        for event in _events(world, step, version):
            if isinstance(event, (*TASK.events, r.SettingsUpdated)):
                told += reminders.follow(event)
        while due := store.timers.due(now, 1):
            told += reminders.decide(reminder_state.notice(due[0], now))
            store.timers.remove(due[0])
    return (*told, *store.held.values(), *store.digests.values())


def _awaited(version: str, steps: Sequence[Sequence[Any]]) -> Sequence[Struct]:
    world, store, told = World(version=version), awaiting_in_memory(), list[Any]()
    for number, step in enumerate(steps):
        now, series = NOON + number * STEP, awaiting.Awaiting(store, version, _tzdata(number))
        series.renew(now)
        asked = list(step)
        while asked or (due := store.timers.due(now, 1)):
            if not asked:
                command = series.decide(awaiting.notice(due[0], now))
                store.timers.remove(due[0])
                asked = [command] if command else []
                told += asked
            for event in _events(world, asked, version):
                if isinstance(event, (*TASK.events, r.SettingsUpdated)):
                    series.follow(event)
                told.append(event)
            asked = []
    return (*told, *store.awaited.values())


def _events(world: World, commands: Sequence[Any], version: str) -> Iterator[Any]:
    """Yield the events of commands, and of what these lead to."""
    waiting = list(commands)
    while waiting:
        for event in decision.events if (decision := world.does(waiting.pop(0))) else ():
            yield event
            if isinstance(event, CLOSING) and (command := derived(event, version)):
                waiting.append(command)


def _tzdata(number: int) -> str:
    """Return the version of the time zone data of a step: it changes once."""
    return "2026.1" if number < 5 else "2026.2"
