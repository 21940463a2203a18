"""Bodies that are the worst of their size: refused in little time and few words, whatever they are full of."""

import json
import time
from collections.abc import Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

import pytest
from pydantic import BaseModel

from api import routes
from api.http import problems, sizes
from api.http.document import with_nulls
from api.http.problems import MOST_BYTES, MOST_ERRORS, FieldError, Problem, invalid, respond
from api.http.requests import LIMIT, Route, read
from bench.limits import worst

LONG = 1.0
"""Seconds of this process's time, some ten times what the worst body takes on a machine of today."""


def taking() -> Iterator[Route]:
    """Every route that takes a body."""
    for module in iter_modules(routes.__path__):
        router = import_module(f"api.routes.{module.name}").router
        yield from (route for route in router.routes if isinstance(route, Route) and route.body_field)


SHAPES: dict[type[BaseModel], Route] = {route.body_field.field_info.annotation: route for route in taking()}  # type: ignore[misc, union-attr]


def example(route: Route) -> dict[str, Any]:
    examples = route.body_field.field_info.openapi_examples  # type: ignore[union-attr]
    return with_nulls(next(iter(examples.values()))["value"])


def refusal(shape: type[BaseModel], content: bytes) -> dict[str, Any] | None:
    """The problem that a body is refused with, as it is answered; None where it is taken."""
    try:
        read(content, shape)
    except Problem as problem:
        answered = respond(problem).body
        assert len(answered) <= MOST_BYTES
        return json.loads(bytes(answered))
    return None


def test_every_route_with_a_body_is_walked():
    assert {shape.__name__ for shape in SHAPES} >= {"NewTask", "Changes", "NewBulk", "NewList", "NewFilter", "Move"}


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_every_list_of_a_body_says_how_long_it_may_be(shape: type[BaseModel]):
    lists = list(_lists(sizes.bounds(shape)))
    assert all(each.most for each in lists)


def _lists(bounds: sizes.Bounds) -> Iterator[sizes.Bounds]:
    for below in (bounds.fields or {}).values():
        yield from _lists(below)
    if bounds.items:
        yield bounds
        yield from _lists(bounds.items)


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_the_worst_body_of_its_size_is_read_in_little_time_and_refused_in_few_words(shape: type[BaseModel]):
    route = SHAPES[shape]
    bodies = worst.bodies(shape, example(route), route.request.limit)
    _check(shape, (body for body in bodies if body.kind != "texts" or route.request.limit == LIMIT))


def test_the_worst_body_of_no_shape_is_read_in_little_time_and_refused_in_few_words():
    for shape, route in SHAPES.items():
        if shape.__name__ in ("NewTask", "NewBulk"):  # what is no object is refused alike whatever the shape
            _check(shape, worst.shapeless(route.request.limit))


def _check(shape: type[BaseModel], bodies: Iterator[worst.Body]) -> None:
    for name, _, content in bodies:
        assert len(content) <= SHAPES[shape].request.limit, name
        began = time.thread_time()
        told = refusal(shape, content)
        assert time.thread_time() - began < LONG, name
        assert told is None or len(told.get("errors", ())) <= MOST_ERRORS + 1, name


def fields(told: dict[str, Any] | None) -> list[str]:
    assert told
    return [error["field"] for error in told["errors"]]


@pytest.mark.parametrize(
    ("body", "field", "detail"),
    [
        ({"title": "x", "tags": [0] * 120_000}, "tags", "It has 120,000 items, and may have at most 50."),
        ({"title": "x", "reminders": [{}] * 80_000}, "reminders", "It has 80,000 items, and may have at most 20."),
    ],
)
def test_a_list_that_is_too_long_is_refused_before_its_items_are(body: Any, field: str, detail: str):
    shape = next(shape for shape in SHAPES if shape.__name__ == "NewTask")
    told = refusal(shape, json.dumps(body).encode())
    assert told
    assert told["errors"] == [{"field": field, "detail": detail}]


def test_unknown_fields_are_counted_and_the_first_are_named():
    shape = next(shape for shape in SHAPES if shape.__name__ == "NewBulk")
    body = {"action": "complete", **{f"x{number}": 0 for number in range(200_000)}}
    told = refusal(shape, json.dumps(body).encode())
    assert fields(told) == [*(f"x{number}" for number in range(MOST_ERRORS)), "errors"]
    assert told
    assert told["errors"][-1]["detail"] == "and 199,980 more"


def test_wrong_items_are_counted_and_the_first_are_named():
    shape = next(shape for shape in SHAPES if shape.__name__ == "NewBulk")
    for item, each in (({"id": 1}, 1), ({"version": 0}, 2), (dict.fromkeys("abcdefghij"), 10)):
        told = refusal(shape, json.dumps({"action": "complete", "tasks": [item] * 20_000}).encode())
        assert told
        assert len(told["errors"]) == MOST_ERRORS + 1
        assert told["errors"][-1]["detail"] == f"and {20_000 * each - MOST_ERRORS:,} more"


def test_a_few_unknown_fields_are_named_beside_all_else_that_is_wrong():
    shape = next(shape for shape in SHAPES if shape.__name__ == "NewTask")
    assert sorted(fields(refusal(shape, b'{"title": 1, "colour": "red"}'))) == ["colour", "title"]


def test_a_body_of_too_many_values_is_refused_before_it_is_read():
    shape = next(shape for shape in SHAPES if shape.__name__ == "NewBulk")
    told = refusal(shape, b"[" + b"0," * (sizes.MOST_VALUES + 1))  # no JSON, which nobody has found out
    assert told
    assert told["errors"] == [{"field": "body", "detail": "It has more than 500,000 fields and items."}]


@pytest.mark.parametrize("character", ["x", "\U0001f600", "\ud800", '"', "\0"])
def test_no_problem_is_longer_than_64_kib(character: str):
    text = character * 100_000
    errors = [FieldError(text, text, 10**9, text)] * 1000
    problem = Problem(problems.VALIDATION, text, errors, more=10**9, code=problems.VALIDATION.name)
    assert len(respond(problem).body) <= MOST_BYTES
    assert len(respond(invalid(errors)).body) <= MOST_BYTES


def test_a_text_that_fits_is_reported_as_it_is():
    told = problems.document(invalid([FieldError("x" * 64, "y" * 1000, 7, "z" * 64)]))
    assert told["errors"] == [{"field": "x" * 64, "detail": "y" * 1000, "column": 7, "suggestion": "z" * 64}]
