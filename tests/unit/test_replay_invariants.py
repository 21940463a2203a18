"""The invariants of the log, each broken once."""

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from domain import audit, deletion, entities
from domain.entity import EntityType
from schemas import records as r
from streams.replay.invariants import FORGOTTEN, RESTORABLE, Invariants
from streams.runtime.rocksdb import StateStore
from tests.unit.domain.given import (
    ANNA,
    BERT,
    LIFECYCLES,
    NOON,
    World,
    colour_tag,
    complete,
    create,
    create_list,
    delete,
    delete_list,
    delete_tag,
    due_reminder,
    lived,
    rename_tag,
    restore,
    restore_list,
    update,
)

WAYS = {
    "task": (create(), update(title="Water them all"), complete()),
    **{of.word: tuple(lived(of).values()) for of in LIFECYCLES},
    "tag": (colour_tag(), colour_tag(colour="#ff0000"), rename_tag(), delete_tag("house")),
}


Said = Callable[[], object]


def said(of: EntityType[Any], name: str) -> Said:
    return lambda: lived(of)[name]


DELETABLE = [
    ("task", create, delete),
    *((of.word, said(of, "create"), said(of, "delete")) for of in LIFECYCLES),
]


@pytest.fixture
def checks(tmp_path: Path) -> Iterator[Invariants]:
    with closing(StateStore(tmp_path)) as seen:
        yield Invariants(seen)


def outcome(command: str = "c", at: int = NOON, user: str = ANNA) -> r.CommandOutcome:
    return r.CommandOutcome(user, at, command, r.OutcomeKind.ACCEPTED, "t")


def trail() -> list[r.AuditEntry]:
    entries: list[r.AuditEntry] = []
    for event in World(create(), update(title="Water them all"), complete()).events:
        entries.append(audit.entry(audit.head_after(entries[-1]) if entries else None, None, event))
    return entries


def broken(checks: Invariants, *records: object) -> list[str | None]:
    return [checks.broken_by(record) for record in records]


def events_of(*said: object) -> list[entities.Event]:
    return World(*said).events


def purge(world: World, after: int = RESTORABLE) -> entities.Event:
    """What drops a world's deleted thing so long after its deletion."""
    [thing] = chain.from_iterable(kept.values() for kept in world.store.entities.values())
    timer = deletion.timer(thing)
    assert timer
    [purged] = world.purge(deletion.notice(timer, thing.changed_at + after))
    return purged


def test_a_correct_log_breaks_no_invariant(checks: Invariants):
    events = events_of(*(command for way in WAYS.values() for command in way))
    assert not any(
        broken(checks, *events, *trail(), outcome("a"), outcome("b"), outcome("a", user=BERT), due_reminder())
    )


def test_a_second_outcome_breaks_it(checks: Invariants):
    assert broken(checks, outcome(), outcome(at=NOON + FORGOTTEN)) == [None, "the command c has a second outcome."]


def test_an_outcome_after_its_id_was_forgotten_is_none_too_many(checks: Invariants):
    assert broken(checks, outcome(), outcome(at=NOON + FORGOTTEN + 1)) == [None, None]


@pytest.mark.parametrize("kind", WAYS)
@pytest.mark.parametrize("order", [(0, 0), (0, 2), (1,), (0, 1, 0)])
def test_an_event_that_is_doubled_lost_or_out_of_order_breaks_it(order: tuple[int, ...], kind: str, checks: Invariants):
    events = events_of(*WAYS[kind])
    *before, last = broken(checks, *(events[n] for n in order))
    assert (any(before), bool(last)) == (False, True)


@pytest.mark.parametrize("kind", [kind for kind, _, _ in DELETABLE])
def test_a_thing_of_another_user_has_versions_of_its_own(kind: str, checks: Invariants):
    event = events_of(*WAYS[kind])[0]
    others = replace(event, user=BERT, **{kind: replace(getattr(event, kind), user=BERT)})
    assert broken(checks, event, others) == [None, None]


@pytest.mark.parametrize(("kind", "new", "remove"), DELETABLE)
def test_what_comes_again_after_it_was_purged_begins_again(kind: str, new: Said, remove: Said, checks: Invariants):
    world = World(new(), remove())
    purge(world)
    world.does(new())
    *held, last = broken(checks, *world.events, world.events[-1])
    assert not any(held)
    assert last.startswith(f"version 1 of {kind} ")


@pytest.mark.parametrize(("kind", "new", "remove"), DELETABLE)
def test_what_was_not_purged_does_not_begin_again(kind: str, new: Said, remove: Said, checks: Invariants):
    assert f"version 1 of {kind} " in broken(checks, *events_of(new(), remove()), *events_of(new()))[-1]


@pytest.mark.parametrize(("kind", "new", "remove"), DELETABLE)
def test_a_purge_while_it_could_still_be_restored_breaks_it(kind: str, new: Said, remove: Said, checks: Invariants):
    world = World(new(), remove())
    purge(world, RESTORABLE - 1)
    *held, last = broken(checks, *world.events)
    assert not any(held)
    assert last.startswith(kind)
    assert last.endswith("was purged 2591999999 ms after its deletion: 30 days were not over.")


@pytest.mark.parametrize(
    "past",
    [
        (create(),),
        (create(), delete(), restore()),
        (create(), delete(), restore(), complete()),
        (create_list(),),
        (create_list(), delete_list(), restore_list()),
        *(tuple(lived(of).values()) for of in LIFECYCLES),
    ],
)
def test_the_purge_of_what_is_not_deleted_breaks_it(past: tuple[object, ...], checks: Invariants):
    *_, last = events = events_of(*past)
    kind = entities.of(last).purged
    assert kind
    after = replace(entities.after(last), version=entities.after(last).version + 1)
    told = broken(checks, *events, kind("e", ANNA, NOON + 2 * RESTORABLE, "stage:tasks", "n", after))[-1]
    assert told.endswith(f"{after.id} was purged, though it was not deleted.")


def test_lists_that_tasks_come_to_and_leave_break_no_invariant(checks: Invariants):
    moved = (create_list("a"), create_list("b"), create(list="a"), update(list="b"), delete_list("a"))
    back = (create("u", list="b"), delete("u"), delete(), delete_list("b"), restore("u"), restore_list("b"))
    assert not any(broken(checks, *events_of(*moved, *back)))


def test_a_list_that_is_deleted_with_a_task_on_it_breaks_it(checks: Invariants):
    deleted = events_of(create_list(), delete_list())[-1]
    events = events_of(create_list(), create(list="l"), create("u", list="l"), delete("u"))
    assert broken(checks, *events, deleted)[-1] == "list l was deleted, though tasks are on it: 1."


@pytest.mark.parametrize("past", [(), (create_list(), delete_list())], ids=["absent", "deleted"])
def test_a_task_on_a_list_that_does_not_stand_breaks_it(past: tuple[object, ...], checks: Invariants):
    created = events_of(create_list(), create(list="l"))[-1]
    assert broken(checks, *events_of(*past), created)[-1] == "task t is on list l, which does not exist."


def test_a_task_that_comes_back_to_a_list_that_is_gone_breaks_it(checks: Invariants):
    events = events_of(create_list(), create(list="l"), delete(), delete_list(), restore())
    back = replace(events[-1], task=replace(events[-1].task, list="l"))
    assert [bool(each) for each in broken(checks, *events[:-1], back)] == [*[False] * 4, True]


def test_a_reminder_that_is_due_twice_breaks_it(checks: Invariants):
    first, second = broken(checks, due_reminder(), due_reminder())
    assert (first, "decided twice" in (second or "")) == (None, True)


def test_an_entry_that_was_altered_breaks_it(checks: Invariants):
    first, second, _ = trail()
    good, bad = broken(checks, first, replace(second, actor="user:eve"))
    assert (good, "altered" in (bad or "")) == (None, True)


def test_a_command_without_an_outcome_is_not_answered(checks: Invariants):
    command = create()
    assert not checks.is_answered(command)
    checks.broken_by(outcome(command.id))
    assert checks.is_answered(command)
