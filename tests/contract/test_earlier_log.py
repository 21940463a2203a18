"""A log and a state that an earlier decision version wrote: they are read, decided again, and go on.

``tests/logs/<version>.json`` holds one user's commands with their events and outcomes, commands that were still on
their way, the audit trail, and the state in the end. Version 5 has series of each kind, among them one with two open
occurrences, one whose command is late, one that ended, and one whose due is a time that the clocks skip.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace

from domain import audit, entities
from domain.entities import after, name
from domain.recurrence.derived import CLOSING, derived
from schemas import ids
from schemas import records as r
from tests.unit.domain.given import DAY, NOON, World, complete, delete, reopen, restore, skip

LOG = json.loads((Path(__file__).parents[1] / "logs" / "5.json").read_text())


def read(written: Mapping[str, Any]) -> Any:
    """Return a record, with the defaults of fields that are newer than the log."""
    fields = {key: value for key, value in written.items() if key != "type"}
    of: type[Struct] = getattr(r, written["type"])
    return msgspec.convert(fields, of)


def upgraded() -> World:
    """Return a user of today on the state that version 5 left."""
    world = World()
    for one in entities.TYPES:
        world.store.entities[one].update({key: read(each) for key, each in LOG["state"].get(one.plural, {}).items()})
    for table, key in ((world.store.series, "series"), (world.store.sizes, "sizes"), (world.store.decided, "decided")):
        table.update({name: read(each) for name, each in LOG["state"][key].items()})
    return world


def replayed() -> World:
    """Return a user whose commands were decided again by version 5."""
    world = World(version="5")
    for step in LOG["steps"]:
        decided = world.does(read(step["command"]))
        assert decided
        assert [*decided.events] == [read(event) for event in step["events"]]
        assert decided.outcome == read(step["outcome"])
    return world


def test_what_an_earlier_version_decided_is_decided_again() -> None:
    assert len(replayed().events) > 30


def test_a_replay_leads_to_the_state_that_the_earlier_version_left() -> None:
    now, then = replayed().store, upgraded().store
    assert {one.plural: now.entities[one] for one in entities.TYPES} == {
        one.plural: then.entities[one] for one in entities.TYPES
    }
    assert (now.series, now.sizes, now.decided) == (then.series, then.sizes, then.decided)


def test_the_audit_trail_of_an_earlier_log_keeps_its_hashes() -> None:
    head, known, trail = None, dict[Any, Any](), []
    for event in (read(each) for step in LOG["steps"] for each in step["events"]):
        key = type(after(event)), name(after(event))
        trail.append(entry := audit.entry(head, known.get(key), event))
        head, known[key] = audit.head_after(entry), after(event)
    assert trail == [read(entry) for entry in LOG["trail"]]


def goes_on(world: World, *commands: Any) -> None:
    """Decide commands under ids that the log does not have, and what is derived from them."""
    for command in commands:
        is_derived = isinstance(command, r.CreateOccurrence)
        decided = world.does(command if is_derived else replace(command, id=ids.derive("later", command.id)))
        for event in decided.events if decided else ():
            if isinstance(event, CLOSING) and (followup := derived(event, world.version)):
                world.does(followup)


def open_of(world: World, series: str) -> list[r.Task]:
    return [task for task in map(world.task, world.open()) if task.series == series]


def test_commands_that_were_on_their_way_are_decided_by_the_new_version() -> None:
    world = upgraded()
    goes_on(world, *map(read, LOG["late"]))
    assert [task.occurrence for task in open_of(world, "pending")] == ["2026-11-25T09:00:00"]
    assert [task.id for task in open_of(world, "undone2")] == ["undone2"]


@pytest.mark.parametrize("by", [complete, skip], ids=lambda each: each.__name__)
@pytest.mark.parametrize("series", ["daily", "moved", "undone", "next", "gap"])
def test_a_series_of_an_earlier_version_goes_on(series: str, by: Callable[..., Any]) -> None:
    world = upgraded()
    for days in range(1, 4):
        [task] = open_of(world, series)
        goes_on(world, by(task.id, NOON + days * DAY))
    [task] = open_of(world, series)
    assert task.occurrence > "2026-11-25"


def test_of_two_that_were_open_the_latest_goes_on() -> None:
    world = upgraded()
    [earlier, latest] = sorted(open_of(world, "zoned"), key=lambda task: task.occurrence)
    goes_on(world, complete(earlier.id, NOON + DAY), complete(latest.id, NOON + 2 * DAY))
    assert [task.occurrence for task in open_of(world, "zoned")] == ["2026-11-26T09:00:00"]


def test_a_completion_by_the_earlier_version_is_taken_back_by_the_new_one() -> None:
    world = upgraded()
    goes_on(world, reopen("next"))
    assert [task.id for task in open_of(world, "next")] == ["next"]


def test_a_series_that_a_deletion_had_ended_is_live_again_once_that_is_restored() -> None:
    world = upgraded()
    goes_on(world, restore("deleted"), complete("deleted", NOON))
    assert [task.occurrence for task in open_of(world, "deleted")] == ["2026-11-25T09:00:00"]
    goes_on(world, delete(open_of(world, "deleted")[0].id, scope=r.Scope.THIS))
    assert [task.occurrence for task in open_of(world, "deleted")] == ["2026-11-26T09:00:00"]
