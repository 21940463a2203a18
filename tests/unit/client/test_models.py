"""The client's shapes and calls are those of the API's OpenAPI document."""

from collections.abc import Callable
from inspect import Parameter, signature
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
    "Until": "Snooze",
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


ARGUMENTS: dict[str, Any] = {
    "wait": 1,
    "version": 1,
    "limit": 7,
    "rdates": ["2026-02-01", "2026-03-01"],
    "exdates": ["2026-02-02"],
    "tasks": "move",
}
"""What is passed to the parameters of these names; to any other a text."""


def described(method: Callable[..., Any]) -> Call[Any]:
    """A method's request, with a value for each of its parameters; of a list, that of the first page."""
    named = (each for each in signature(method).parameters.values() if each.kind is not Parameter.VAR_KEYWORD)
    call = method(**{each.name: ARGUMENTS.get(each.name, "6a1a3f5e") for each in named})
    return call.first if isinstance(call, Listing) else call


CALLS = [described(getattr(calls.Methods, name)) for name in vars(calls.Methods) if not name.startswith("_")]


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
