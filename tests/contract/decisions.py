"""Golden decisions: what each command leads to in each state. ``python -m tests.contract.decisions`` adds new cases.

``tests/decisions/<version>.json`` holds for every case of a decision version the records in their order: their
types, what an outcome says, and a digest of all their fields that have not their default. What is there is never
changed: somebody's log was decided so, and is replayed by that version.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, product
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec import Struct
from msgspec.structs import asdict, fields, replace

from domain import deletion, ledger, reminder_state
from domain.decision import BEFORE_6, BEFORE_7, DECIDABLE, VERSION
from domain.entity import EntityType
from domain.recurrence import calendar
from domain.recurrence.derived import CLOSING, derived
from domain.reminder_state import Reminders
from domain.tasks import TASK
from domain.user import Command, User
from schemas import ids
from schemas import records as r
from tests.contract import plans
from tests.unit.domain.given import (
    ANNA,
    DAY,
    LIFECYCLES,
    MINUTE,
    NOON,
    PARIS,
    WEEKDAYS,
    World,
    chunk,
    colour_tag,
    complete,
    create,
    create_list,
    delete,
    delete_filter,
    delete_list,
    delete_tag,
    due_reminder,
    lived,
    reminders_in_memory,
    rename_tag,
    reopen,
    restore,
    restore_filter,
    restore_list,
    save_filter,
    set_settings,
    skip,
    snooze,
    update,
    update_filter,
    update_list,
)

DECISIONS = Path(__file__).parent.parent / "decisions"
LATER = NOON + DAY
Past = Sequence[Command]
Decisions = dict[str, list[str]]

_SERIES = {"due": PARIS, "rrule": WEEKDAYS, "reminders": (r.Reminder("r1", before=900), r.Reminder("r2", at=LATER))}
LATE = replace(PARIS, date="2026-11-26", time="10:00:00")
_LAST = {"due": replace(PARIS, date="9999-12-31"), "rrule": "FREQ=DAILY"}
_PARTS = (create("part", parent="t", due=PARIS), create("piece", parent="part", start=r.Due("2026-11-20")))

PASTS: dict[str, Past] = {
    "nothing": (),
    "open": (create(due=PARIS, reminders=(r.Reminder("r1", before=900),), tags=("home",)), create("other")),
    "open on a list": (create_list(), create(list="l"), create("part", parent="t")),
    "completed": (create(notes="n"), complete()),
    "deleted": (create(tags=("home",)), delete()),
    "completed and deleted": (create(), complete(), delete()),
    "series": (create(**_SERIES), update(priority=r.Priority.HIGH)),
    "series of three days from completion": (
        create(**_SERIES | {"rrule": "FREQ=DAILY;INTERVAL=3;COUNT=5"}, repeats=r.Repeats.COMPLETION),
    ),
    "series by the calendar": (create(**_SERIES, repeats=r.Repeats.CALENDAR),),
    "series by the calendar that opens each": (
        create(due=r.Due("2026-11-24"), rrule="FREQ=DAILY", repeats=r.Repeats.CALENDAR, missed=r.Missed.EACH),
    ),
    "snoozed": (create(due=PARIS), snooze(until=LATER)),
    "series skipped": (create(due=r.Due("2026-11-24"), rrule=WEEKDAYS, exdates=("2026-11-25",)), skip()),
    "series of which one is changed": (create(**_SERIES), update(notes="Once", due=LATE, scope=r.Scope.THIS)),
    "series with a checklist": (create(**_SERIES), *_PARTS, complete("part")),
    "series that carries over": (create(**_SERIES, subtasks=r.Subtasks.CARRY), *_PARTS, complete("part")),
    "series completed": (create(**_SERIES), complete()),
    "series at the calendar's end": (create(**_LAST),),
    "series completed at the calendar's end": (create(**_LAST), complete()),
    "series changed": (create(**_SERIES), update(rrule="FREQ=DAILY"), update(due=replace(PARIS, time="10:00:00"))),
    "list": (create_list(colour="#1e90ff"), create_list("other")),
    "list deleted": (create_list(), delete_list()),
    "filter": (save_filter(sort="due"),),
    "filter deleted": (save_filter(), delete_filter()),
    "tag": (colour_tag(), create(tags=("home",))),
    "tag that lost its colour": (colour_tag(), colour_tag(colour=None)),
    "settings": (set_settings(zone="Europe/Paris"),),
    "bulk begun": (create(), create("other"), chunk(r.Action.COMPLETE, "other", bulk="b", number=1, chunks=2)),
}
"""What went before."""

_BY_CALENDAR = [past for past in PASTS if "by the calendar" in past]

COMMANDS: dict[str, Callable[[], Command]] = {
    "create": create,
    "create with all": lambda: create(**_SERIES, notes="n", tags=("a", "b"), pinned=True, rank="V", parent="other"),
    "create on a list": lambda: create("new", list="l"),
    "create below": lambda: create("new", parent="t"),
    "set title": lambda: update(title="Other"),
    "set what is so": lambda: update(title="Water the plants", notes=""),
    "set due": lambda: update(due=replace(PARIS, date="2026-12-01")),
    "clear due": lambda: update(due=None, rrule=None),
    "set rule": lambda: update(due=PARIS, rrule="FREQ=MONTHLY;BYMONTHDAY=-1"),
    "set start": lambda: update(start=r.Due("2026-11-20")),
    "set list": lambda: update(list="l"),
    "set parent": lambda: update(parent="other"),
    "set another version": lambda: replace(update(title="Other"), expected=7),
    "set due of this one": lambda: update(due=replace(PARIS, date="2026-12-01"), scope=r.Scope.THIS),
    "set due and title, of no scope": lambda: update(title="Other", due=LATE, scope=r.Scope.UNNAMED),
    "set due of all": lambda: update(due=LATE, scope=r.Scope.ALL),
    "set dates": lambda: update(rdates=("2026-11-28T10:00",), exdates=("2026-11-25T09:00",)),
    "set dates of another kind": lambda: update(exdates=("2026-11-25", "2026-11-26T09:00")),
    "clear rule and set missed": lambda: update(rrule=None, missed=r.Missed.EACH),
    "repeat from completion": lambda: update(repeats=r.Repeats.COMPLETION, missed=r.Missed.EACH),
    "skip": skip,
    "snooze": lambda: snooze(days=1, seconds=60),
    "snooze until a local time": lambda: snooze(local="2026-11-24T09:00:00"),
    "snooze until a past instant": lambda: snooze(until=NOON),
    "snooze no more": snooze,
    "delete this one": lambda: replace(delete(), scope=r.Scope.THIS),
    "complete": complete,
    "reopen": reopen,
    "delete": delete,
    "restore": restore,
    "create list": create_list,
    "rename list": lambda: update_list(name="Town"),
    "delete list": delete_list,
    "restore list": restore_list,
    "rename list in another version": lambda: update_list(name="Town", expected=7),
    "save filter": save_filter,
    "change filter": lambda: update_filter(text="overdue"),
    "delete filter": delete_filter,
    "restore filter": restore_filter,
    "colour tag": colour_tag,
    "colour tag otherwise": lambda: colour_tag(colour="#ff0000"),
    "rename tag": rename_tag,
    "delete tag": delete_tag,
    "set zone": lambda: set_settings(zone="America/New_York"),
    "set quiet hours": lambda: set_settings(quiet_from="22:00:00", quiet_to="07:00:00"),
    "set digest": lambda: set_settings(zone="Europe/Paris", digest_time="07:30:00"),
    "set language": lambda: set_settings(language="de"),
    "set half of the quiet hours": lambda: set_settings(quiet_from="22:00:00"),
    "set settings in another version": lambda: set_settings(expected=7, zone="UTC"),
    "bulk complete": lambda: chunk(r.Action.COMPLETE, "t", "other"),
    "bulk delete": lambda: chunk(r.Action.DELETE, ("t", 1), "other"),
    "bulk restore": lambda: chunk(r.Action.RESTORE, "t"),
    "bulk reopen": lambda: chunk(r.Action.REOPEN, "t"),
    "bulk set": lambda: chunk(r.Action.UPDATE, "t", fields={"priority": r.Priority.LOW}),
    "bulk tags": lambda: chunk(r.Action.UPDATE, "t", add_tags=("new",), remove_tags=("home",)),
    "bulk shift": lambda: chunk(r.Action.UPDATE, "t", shift=7),
    "bulk within a list": lambda: chunk(r.Action.DELETE, "t", within=r.Within("list:l")),
    "bulk of another target set": lambda: chunk(r.Action.COMPLETE, "t", bulk="b", resolution="other"),
}

AHEAD: dict[str, Callable[[], Command]] = {
    "complete ahead": lambda: replace(complete(), occurrence="2026-11-26"),
    "skip ahead": lambda: replace(skip(), occurrence="2026-11-25T09:00:00"),
    "delete ahead": lambda: replace(delete(scope=r.Scope.THIS), occurrence="2026-11-25"),
    "move ahead": lambda: replace(update(due=LATE, title="Late", scope=r.Scope.THIS), occurrence="2026-11-25"),
    "change ahead to what it is": lambda: replace(
        update(title="Water the plants", scope=r.Scope.THIS), occurrence="2026-11-25"
    ),
    "delete from one ahead on": lambda: replace(delete(), occurrence="2026-11-26"),
    "change from one ahead on": lambda: replace(update(due=LATE, title="Late"), occurrence="2026-11-25"),
    "reopen ahead": lambda: replace(reopen(), occurrence="2026-11-26"),
}
"""What is decided about an occurrence before it comes."""


def decisions(version: str) -> Decisions:
    """Return what every case leads to by a decision version."""
    of_version = _commands, _ahead, _undone, _followups, _purges, _reminders, _passed, plans.cases
    cases = chain(*(each(version) for each in of_version), _ledger(), *(_life(of, version) for of in LIFECYCLES))
    return {name: list(_told(records)) for name, records in cases}


def _commands(version: str) -> Iterator[tuple[str, Sequence[Struct]]]:
    for (past, before), (name, command) in product(PASTS.items(), COMMANDS.items()):
        yield f"{name}: {past}", _decided(_after(past, before, version), _named(command(), past, name))


def _ahead(version: str) -> Iterator[tuple[str, Sequence[Struct]]]:
    """Decide about an occurrence before it comes, undo that, and let the series go on."""
    for (past, before), (name, command) in product(PASTS.items(), AHEAD.items()):
        if version not in BEFORE_7 and past.startswith("series"):
            world, asked = _after(past, before, version), _named(command(), past, name)
            yield f"{name}: {past}", _decided(world, asked)
            done = _named(complete(), past, "done")
            for followup in (derived(each, version) for each in _decided(world, done) if isinstance(each, CLOSING)):
                if followup:
                    yield f"followup after {name}: {past}", (followup, *_decided(world, followup))
            again = _after(past, before, version)
            _decided(again, asked)
            yield f"undo {name}: {past}", _reverted(again, asked, past)


def _undone(version: str) -> Iterator[tuple[str, Sequence[Struct]]]:
    """Undo the last command of each past, at once and after another change."""
    for past, before in PASTS.items():
        if before:
            last = _named(before[-1], past, str(len(before) - 1))
            yield f"undo: {past}", _reverted(_after(past, before, version), last, past)
            changed = _after(past, (*before, update(title="Since"), update_list(name="Since")), version)
            yield f"undo of what was changed since: {past}", _reverted(changed, last, past)


def _reverted(world: World, last: Command, past: str) -> Sequence[Struct]:
    return _decided(world, _named(replace(world.undoing(last), bulk="undo"), past, "undo"))


def _followups(version: str) -> Iterator[tuple[str, Sequence[Struct]]]:
    """Complete, let the series go on, and let the same follow again after it was changed meanwhile."""
    for past, before in PASTS.items():
        for meanwhile in ((), (reopen(),), (delete(),), (update(rrule=None),)):
            world = _after(past, (*before, *meanwhile), version)
            done = [event for event in world.events if isinstance(event, CLOSING)]
            for command in filter(None, (derived(event, version) for event in done)):
                name = "".join(f" after {type(each).__name__}" for each in meanwhile)
                yield f"followup{name}: {past}", (command, *_decided(world, command))


def _passed(version: str) -> Iterator[tuple[str, Sequence[Struct]]]:
    """Let the next occurrence of each series by the calendar come, in time and late."""
    for past, before in ((past, PASTS[past]) for past in _BY_CALENDAR if version not in BEFORE_6):
        for name, late in (("", 0), (" ten days late", 10 * DAY)):
            world = _after(past, before, version)
            last = world.events[-1]
            if (held := calendar.react(None, last.task, last.id, None)) and held.due:
                notice = r.SeriesNotice(held.id, ANNA, held.due + late, held.series, held.due, held.task)
                after, command = calendar.fire(held, notice, None, version)
                assert command
                yield f"next one has come{name}: {past}", (held, after or notice, command, *_decided(world, command))


def _purges(version: str) -> Iterator[tuple[str, Sequence[Struct]]]:
    for past, before in PASTS.items():
        world = _after(past, before, version)
        for timer in [*world.store.purges.values()]:
            notice = deletion.notice(timer, timer.due)
            yield f"purge: {past}", (timer, notice, *world.purge(notice))


def _reminders(version: str) -> Iterator[tuple[str, Sequence[Struct]]]:
    """Let the reminders stage take each past's events, and then fire all that are scheduled."""
    for past, before in PASTS.items():
        store, told = reminders_in_memory(), list[Any]()
        reminders = Reminders(store, version, "2026.1")
        for event in _after(past, before, VERSION).events:
            if isinstance(event, (*TASK.events, r.SettingsUpdated)):
                told += reminders.follow(event)
        for _, timer in sorted(store.timers.items()):
            told += reminders.decide(reminder_state.notice(timer, timer.due + MINUTE))
        held = store.held.get(f"{ANNA}/t")
        yield f"reminders: {past}", (*told, *([held] if held else []))


def _ledger() -> Iterator[tuple[str, Sequence[Struct]]]:
    """Every step after every step of a delivery."""
    claim = ledger.claim(due_reminder(), "log", NOON)
    failed = ledger.failed(claim, NOON + 1, "refused")
    second = ledger.again(failed, NOON + DAY)
    assert second
    steps = {
        "claim": claim,
        "claim by rules 3": ledger.claim(due_reminder(), "log", NOON, lease=ledger.LEASE),
        "handed over": ledger.handed_over(claim, NOON + 2),
        "orphaned": ledger.orphaned(claim, NOON + 3),
        "sent": ledger.sent(claim, NOON + 4),
        "failed": failed,
        "second claim": second,
        "failed again": ledger.failed(second, NOON + DAY + 1, "refused"),
        "missed": ledger.withheld(_missed(), "log"),
    }
    for (last, before), (name, step) in product({"nothing": None, **steps}.items(), steps.items()):
        yield f"ledger: {name} after {last}", tuple(filter(None, (step, ledger.accept(before, step))))


def _missed() -> r.ReminderWithheld:
    return r.ReminderWithheld(**asdict(due_reminder()), step=r.Step.MISSED, detail="It was missed.")


def _life(of: EntityType[Any], version: str) -> Iterator[tuple[str, Sequence[Struct]]]:
    """Every command on an entity in every state, its undoing, and the purge of a deleted one."""
    commands = lived(of)
    for state, names in {"absent": (), "there": ("create",), "deleted": ("create", "delete")}.items():
        past, before = f"life of a {of.word}, {state}", [commands[name] for name in names]
        for name, command in commands.items():
            world, now = _after(past, before, version), _named(command, past, name)
            yield f"{past}: {name}", _decided(world, now)
            yield f"{past}: {name} and undo", _reverted(world, now, past)
        world = _after(past, before, version)
        for timer in [*world.store.purges.values()]:
            yield f"{past}: purge", (timer, *world.purge(deletion.notice(timer, timer.due)))


def _after(past: str, commands: Past, version: str) -> World:
    world = World(version=version)
    for number, command in enumerate(commands):
        world.does(_named(command, past, str(number)))
    return world


def _decided(user: User, command: Command) -> Sequence[Struct]:
    decision = user.decide(command)
    return (*decision.events, decision.outcome) if decision else ()


def _named(command: Any, *names: str) -> Any:
    """Return a command under an id that does not depend on what was made before it."""
    bulk = {"bulk": ids.derive("bulk", *names)} if getattr(command, "bulk", "b") not in {"b", "undo"} else {}
    return replace(command, id=ids.derive("case", *names), **bulk)


def _told(records: Sequence[Struct]) -> Iterator[str]:
    for record in records:
        said = f" {record.kind} {record.code or ''}".rstrip() if isinstance(record, r.CommandOutcome) else ""
        yield f"{type(record).__name__}{said} {_digest(record)}"


def _digest(record: Struct) -> str:
    """Return the first 80 bits of the hash of a record's fields: not of those with their default, as new ones have."""
    return hashlib.sha256(json.dumps(_plain(record), sort_keys=True).encode()).hexdigest()[:20]


def _plain(value: Any) -> Any:
    if isinstance(value, Struct):
        said = {each.name: getattr(value, each.name) for each in fields(value)}
        defaults = {each.name: each.default for each in fields(value)}
        return {name: _plain(one) for name, one in said.items() if one != defaults[name]}
    return [_plain(one) for one in value] if isinstance(value, tuple) else msgspec.to_builtins(value)


def path(version: str) -> Path:
    """Return the file of a decision version."""
    return DECISIONS / f"{version}.json"


def recorded(version: str) -> Decisions:
    """Return the golden decisions of a version."""
    file = path(version)
    return json.loads(file.read_text()) if file.exists() else {}


@click.command()
def main() -> None:
    """Add cases that are new to every decision version."""
    DECISIONS.mkdir(exist_ok=True)
    for version in DECIDABLE:
        cases = decisions(version) | recorded(version)
        lines = (f"{json.dumps(name)}: {json.dumps(told)}" for name, told in sorted(cases.items()))
        path(version).write_text("{\n" + ",\n".join(lines) + "\n}\n")  # a case a line


if __name__ == "__main__":
    main()
