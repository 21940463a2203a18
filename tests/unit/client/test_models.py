"""The client's shapes and calls are those of the API's OpenAPI document."""

from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints, is_typeddict

import pytest

from api.app import openapi
from rondo.client import calls, models
from rondo.client.call import Call, Listing

DOCUMENT = openapi()
SCHEMAS = DOCUMENT["components"]["schemas"]

NAMES = {
    "WrittenDue": "Due",
    "WrittenReminder": "Reminder",
    "Due": "TaskDue",
    "Reminder": "TaskReminder",
    "Place": "Move",
}
"""The names in the document of what has another in the client."""
SHAPES = {
    shape: document_name
    for name, shape in vars(models).items()
    if is_typeddict(shape) and (document_name := NAMES.get(name, name)) in SCHEMAS
}


@pytest.mark.parametrize(("shape", "name"), SHAPES.items(), ids=SHAPES.values())
def test_a_shape_has_the_members_that_the_api_documents(shape: type, name: str) -> None:
    members = set(get_type_hints(shape))
    assert members == set(properties(name)), f"rondo/client/models.py is behind the API's {name}."


@pytest.mark.parametrize(("shape", "name"), SHAPES.items(), ids=SHAPES.values())
def test_a_member_takes_the_values_that_the_api_documents(shape: type, name: str) -> None:
    for member, hint in get_type_hints(shape).items():
        assert choices(hint) == documented(properties(name)[member]), member


def properties(name: str) -> dict[str, Any]:
    """The members that an object may have; where it has one of several, null stands for the others."""
    alternatives = [each["properties"] for each in SCHEMAS[name].get("oneOf", [SCHEMAS[name]])]
    found = {member: described for each in alternatives for member, described in each.items()}
    alone = {member for member in found if not all(member in each for each in alternatives)}
    return found | {member: {"anyOf": [found[member], {"type": "null"}]} for member in alone}


def choices(hint: Any) -> set[Any]:
    """What a member may be besides text, numbers and objects: names, and None."""
    if hint is NoneType:
        return {None}
    if is_typeddict(hint) or get_origin(hint) is list:
        return set()
    parts = [choices(part) for part in get_args(hint)] if not isinstance(hint, str) else [{hint}]
    return set().union(*parts) if parts else set()


def documented(described: dict[str, Any]) -> set[Any]:
    """The same, of a schema."""
    found = {*described.get("enum", ()), *({None} if described.get("type") == "null" else ())}
    return found.union(*(documented(each) for each in described.get("anyOf", ())))


TASK = "6a1a3f5e-3b0f-5b7a-8a53-9f1f3f0f7c21"
COMMANDS: list[Call[Any]] = [
    calls.create("x"),
    *(each(TASK) for each in (calls.update, calls.complete, calls.reopen, calls.delete, calls.restore)),
    calls.move(TASK, to="top"),
    calls.create_list("x"),
    calls.update_list(TASK),
    calls.delete_list(TASK),
    calls.restore_list(TASK),
    calls.create_filter("x", "open"),
    calls.update_filter(TASK),
    calls.delete_filter(TASK),
    calls.restore_filter(TASK),
    calls.colour_tag("home", None),
    calls.rename_tag("home", "house"),
    calls.delete_tag("home"),
    calls.change_many(action="complete", filter="overdue", wait=1),
    calls.count_many(action="complete", filter="overdue"),
    calls.undo_command(TASK, wait=1),
    calls.undo_bulk(TASK),
]
LISTS: list[Listing[Any]] = [
    calls.tasks("open"),
    calls.lists(),
    calls.filters(),
    calls.tasks_of_filter(TASK),
    calls.history_of_filter(TASK),
    calls.tags(),
    calls.history(TASK),
    calls.history_of_list(TASK),
    calls.reminders(),
    calls.notifications(),
    calls.refusals(TASK),
]
CALLS: list[Call[Any]] = [
    *COMMANDS,
    calls.task(TASK),
    calls.tasks_by_id("6a1a"),
    calls.facets("open"),
    calls.occurrences("FREQ=DAILY", "2026-01-31", zone="UTC", rdates=["2026-02-01", "2026-03-01"]),
    calls.show_list(TASK),
    calls.show_filter(TASK),
    calls.show_tag("home"),
    calls.command(TASK),
    calls.bulk(TASK, wait=1),
    *(listing.first for listing in LISTS),
]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.method} {call.path}")
def test_a_call_is_an_operation_of_the_api_and_its_parameters_are(call: Call[Any]) -> None:
    operation = next(
        methods[call.method.lower()]
        for path, methods in DOCUMENT["paths"].items()
        if matches(path, call.path) and call.method.lower() in methods
    )
    known = {parameter["name"] for parameter in operation.get("parameters", ())}
    assert set(call.query) <= known
    assert {name.lower() for name in call.headers} <= {name.lower() for name in known}


def test_every_operation_of_the_api_has_a_call() -> None:
    operations = {
        (method.upper(), path)
        for path, methods in DOCUMENT["paths"].items()
        if path.startswith("/v1/")
        for method in methods
        if method != "head"
    }
    called = {
        (method, path)
        for method, path in operations
        for call in CALLS
        if matches(path, call.path) and call.method == method
    }
    assert operations - called == set()


def matches(template: str, path: str) -> bool:
    parts = list(zip(template.split("/"), path.split("/"), strict=False))
    return template.count("/") == path.count("/") and all(a == b or a.startswith("{") for a, b in parts)
