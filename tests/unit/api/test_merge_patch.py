"""A PATCH is a merge patch (RFC 7396) on every level: in an object, too, an absent member stays, and null clears one.

What is expected is computed by the algorithm of RFC 7396, section 2, on the JSON of the current task.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from api.app import openapi
from api.http.problems import Problem
from api.models import bulk_inputs
from api.models.entities import RESOURCES
from api.models.inputs import Changes, changed, checked, fingerprint
from api.models.resource import Resource
from domain import times
from domain.invalid import Invalid
from schemas import records as r
from tests.unit.domain.given import PARIS, World, chunk, command, create

DOCUMENT = openapi()
SCHEMAS = DOCUMENT["components"]["schemas"]
DATES, TIMES, ZONES = ("2026-12-08", "2027-02-28"), ("20:00:00", "07:30:00"), ("Europe/Paris", "Asia/Tokyo")


def objects(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    """The members of objects within a body, by its schema; an array is a value and no object (RFC 7396, section 1)."""
    schema = SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
    for part in schema.get("anyOf", ()):
        yield from objects(part, path)
    for name, below in schema.get("properties", {}).items():
        if path:
            yield f"{path}.{name}"
        yield from objects(below, f"{path}.{name}".strip("."))


def nested(name: str) -> list[str]:
    return sorted(set(objects(SCHEMAS[name])))


PATCHES = {
    methods["patch"]["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    for methods in DOCUMENT["paths"].values()
    if "patch" in methods
}
WITHIN = {name: nested(name) for name in sorted(PATCHES)}


def test_the_invariant_below_knows_every_object_within_a_patch() -> None:
    members = [f"{field}.{member}" for field in ("due", "start") for member in ("date", "time", "zone")]
    assert {name: within for name, within in WITHIN.items() if within} == {"Changes": members}


def merged(target: Any, patch: Any) -> Any:
    """RFC 7396, section 2."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def written(due: r.Due | None) -> dict[str, str] | None:
    """A due as JSON has it, without what it does not have."""
    return None if due is None else {k: v for k, v in msgspec.to_builtins(due).items() if v is not None}


def expected(before: r.Due | None, patch: Any, field: str) -> r.Due | None:
    """What a patch leads to; raises ``Invalid`` where that is no due. A zone goes with its time, and {} is none."""
    result = merged(written(before), patch)
    if not result:
        return None
    if patch.get("time", "") is None:
        if patch.get("zone"):
            raise Invalid(f"{field}.zone", "")
        result.pop("zone", None)
    if "date" not in result:
        raise Invalid(f"{field}.date", "")
    return times.check(r.Due(**result), field)


def members(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({}, optional=values)


NULL = st.none()
DUES = st.one_of(
    st.none(),
    st.builds(r.Due, st.sampled_from(DATES)),
    st.builds(r.Due, st.sampled_from(DATES), st.sampled_from(TIMES)),
    st.builds(r.Due, st.sampled_from(DATES), st.sampled_from(TIMES), st.sampled_from(ZONES)),
)
PATCH = st.none() | members(
    date=st.sampled_from(DATES), time=NULL | st.sampled_from(TIMES), zone=NULL | st.sampled_from(ZONES)
)


def sent(body: dict[str, Any], **more: Any) -> r.UpdateTask:
    """The command that a PATCH of this body becomes. Raises ``Problem``."""
    shape = Changes.model_validate(body)
    return command(r.UpdateTask, changed=changed(shape), fields=checked(shape), **more)


def outcome(world: World, field: str, body: dict[str, Any]) -> tuple[r.Due | None, str | None]:
    """A task's field after a patch, and what was refused."""
    try:
        refused = world.does(sent(body)).outcome.field
    except Problem as problem:
        refused = problem.errors[0].field
    return getattr(world.tasks["t"], field), refused


@pytest.mark.parametrize("field", ["due", "start"])
@given(before=DUES, patch=PATCH)
def test_within_a_patch_an_absent_member_stays_and_null_clears_one(
    field: str, before: r.Due | None, patch: Any
) -> None:
    world = World(create(**{field: before}))
    try:
        after: tuple[r.Due | None, str | None] = expected(before, patch, field), None
    except Invalid as refused:
        after = before, refused.field
    assert outcome(world, field, {field: patch}) == after


@given(befores=st.lists(DUES, min_size=1, max_size=4), patch=PATCH)
def test_each_task_of_a_bulk_is_merged_with_its_own(befores: list[r.Due | None], patch: Any) -> None:
    alone, together = World(), World()
    tasks = [f"t{number}" for number in range(len(befores))]
    for task, due in zip(tasks, befores, strict=True):
        alone.does(create(task, due=due))
        together.does(create(task, due=due))
    body = bulk_inputs.NewBulk.model_validate({"filter": "open", "action": "update", "changes": {"due": patch}})
    try:
        change = bulk_inputs.change(body)
    except Problem as problem:
        assert problem.errors[0].field.startswith("changes.")  # noqa: PT017 - which tasks it is about does not matter
        return
    for task in tasks:
        shape = Changes.model_validate({"due": patch})
        alone.does(command(r.UpdateTask, task, changed=changed(shape), fields=checked(shape)))
    together.does(replace(chunk(r.Action.UPDATE, *tasks), change=change))
    assert [together.tasks[task].due for task in tasks] == [alone.tasks[task].due for task in tasks]


NINETEEN = r.Due("2026-12-01", "19:00:00", "Europe/Paris")


@pytest.mark.parametrize(
    ("patch", "after"),
    [
        ({"date": "2026-12-08"}, r.Due("2026-12-08", "19:00:00", "Europe/Paris")),
        ({"time": "20:00"}, r.Due("2026-12-01", "20:00:00", "Europe/Paris")),
        ({"date": "2026-12-08", "time": "20:00"}, r.Due("2026-12-08", "20:00:00", "Europe/Paris")),
        ({"zone": "Asia/Tokyo"}, r.Due("2026-12-01", "19:00:00", "Asia/Tokyo")),
        ({"zone": None}, r.Due("2026-12-01", "19:00:00")),
        ({"time": None}, r.Due("2026-12-01")),
        ({"time": None, "zone": None}, r.Due("2026-12-01")),
        ({"date": "2026-12-08", "time": None, "zone": None}, r.Due("2026-12-08")),
        ({}, NINETEEN),
        (None, None),
    ],
    ids=str,
)
def test_a_due_is_moved_without_losing_what_the_patch_does_not_name(patch: Any, after: r.Due | None) -> None:
    assert outcome(World(create(due=NINETEEN)), "due", {"due": patch}) == (after, None)


@pytest.mark.parametrize(
    ("before", "body", "field"),
    [
        (None, {"due": {"time": "20:00"}}, "due.date"),
        (None, {"start": {"time": "20:00"}}, "start.date"),
        (None, {"due": {"zone": "Europe/Paris"}}, "due.date"),
        (r.Due("2026-12-01"), {"due": {"zone": "Europe/Paris"}}, "due.zone"),
        (NINETEEN, {"due": {"time": None, "zone": "Europe/Paris"}}, "due.zone"),
        (NINETEEN, {"due": {"date": "2026-02-30"}}, "due.date"),
        (NINETEEN, {"due": {"time": "25:00"}}, "due.time"),
        (NINETEEN, {"due": {"zone": "Nowhere"}}, "due.zone"),
        (r.Due("9999-12-30", "23:00:00", "America/New_York"), {"due": {"date": "9999-12-31"}}, "due.date"),
    ],
    ids=str,
)
def test_what_is_no_due_after_merging_is_refused_with_the_member_at_fault(
    before: r.Due | None, body: dict[str, Any], field: str
) -> None:
    world = World(create(due=before))
    assert outcome(world, "due", body) == (before, field)


@pytest.mark.parametrize("patch", [{"date": None}, {"hour": 9}, "2026-12-01", []], ids=str)
def test_a_member_that_no_due_has_and_a_date_that_is_cleared_are_refused_at_once(patch: Any) -> None:
    with pytest.raises(ValueError, match="due"):
        Changes.model_validate({"due": patch})


def test_a_reminder_before_the_due_keeps_the_due_that_it_needs() -> None:
    reminded = create(due=PARIS, reminders=(r.Reminder("r1", before=900),))
    assert outcome(World(reminded), "due", {"due": {"date": "2026-12-08"}}) == (replace(PARIS, date="2026-12-08"), None)
    assert outcome(World(reminded), "due", {"due": {"time": None}}) == (r.Due(PARIS.date), None)
    assert outcome(World(reminded), "due", {"due": None}) == (PARIS, "reminders")
    assert outcome(World(reminded), "due", {"due": None, "reminders": []}) == (None, None)


def test_a_rule_goes_on_from_the_due_as_it_was_merged() -> None:
    world = World(create(due=PARIS, rrule="FREQ=DAILY"), sent({"due": {"time": "20:00"}}))
    assert world.goes_on().due == r.Due("2026-11-25", "20:00:00", "Europe/Paris")


def test_a_rule_that_names_hours_keeps_the_time_that_it_needs() -> None:
    world = World(create(due=PARIS, rrule="FREQ=DAILY;BYHOUR=9"))
    assert outcome(world, "due", {"due": {"time": None}}) == (PARIS, "recurrence")


def test_a_start_that_is_merged_is_held_against_the_due() -> None:
    world = World(create(due=PARIS, start=r.Due("2026-11-24", "08:00:00", "Europe/Paris")))
    assert outcome(world, "start", {"start": {"time": "09:30"}})[1] == "start"
    assert outcome(world, "start", {"start": {"time": "09:30"}, "due": {"time": "10:00"}})[1] is None


def test_a_merged_change_is_undone_whole() -> None:
    change = sent({"due": {"time": "20:00"}})
    world = World(create(due=NINETEEN), change)
    world.does(world.undoing(change))
    assert world.tasks["t"].due == NINETEEN


def test_a_merged_change_is_reported_as_a_change_of_the_whole() -> None:
    world = World(create(due=NINETEEN), sent({"due": {"date": "2026-12-08", "time": "19:00"}}))
    assert world.events[-1].changed == ("due",)
    assert world.does(sent({"due": {"time": "19:00"}})).outcome.kind is r.OutcomeKind.NOTHING_TO_DO


@pytest.mark.parametrize("field", ["due", "start"])
def test_an_object_that_says_everything_replaces_the_whole(field: str) -> None:
    body = Changes.model_validate({field: {"date": "2026-12-08", "time": None, "zone": None}})
    assert changed(body) == (field,)  # as a worker of an earlier version reads it, too


def test_a_fingerprint_tells_an_absent_member_from_null() -> None:
    bodies = [{}, {"date": "2026-12-08"}, {"date": "2026-12-08", "time": None}, {"date": "2026-12-08", "zone": None}]
    shown = [fingerprint("PATCH", "/v1/tasks/1", Changes.model_validate({"due": body})) for body in bodies]
    assert len(set(shown)) == len(bodies)


def test_a_command_of_an_earlier_version_still_sets_a_due_whole() -> None:
    old = command(r.UpdateTask, changed=("due",), fields=r.TaskFields(due=r.Due("2026-12-08")))
    assert World(create(due=NINETEEN), old).tasks["t"].due == r.Due("2026-12-08")


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.word)
def test_an_empty_patch_names_nothing(resource: Resource[Any, Any]) -> None:
    assert changed(resource.changes.model_validate({})) == ()
