"""The largest schema that the registry accepts."""

import json
import time
from typing import Any

import pytest

from schemas import contract
from schemas.registry import bounds
from schemas.registry.compatibility import InvalidSchema, Level, normal, objections

LONG = 2.0
"""Seconds of this process's time, some ten times what the worst takes on a machine of today."""


def record(*types: Any) -> str:
    fields = [{"name": f"f{number}", "type": kind} for number, kind in enumerate(types)]
    return json.dumps({"type": "record", "name": "R", "fields": fields})


def nested(depth: int) -> str:
    return '{"type":"array","items":' * depth + '"string"' + "}" * depth


@pytest.mark.parametrize("name", sorted(kind.__name__ for kind in contract.RECORDS.values()))
def test_every_schema_of_the_contract_is_within_the_bounds(name: str):
    kind = next(kind for kind in contract.RECORDS.values() if kind.__name__ == name)
    bounds.check(json.dumps(contract.schema(kind)))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 60_000, "nested at most 64 deep"),
        (nested(2000), "nested at most 64 deep"),
        (nested(64), "nested at most 64 deep"),
        ('{"doc":' * 900 + "1" + "}" * 900, "nested at most 64 deep"),
        (record(*["string"] * 1500), "at most 4,000 JSON values"),
        ("[" + "1," * 30_000 + "1]", "at most 64 types"),
        (record([f"t{number}" for number in range(65)]), "at most 64 types"),
        (json.dumps({"type": "array", "items": ["x"] * 65}), "at most 64 types"),
        (json.dumps({"type": "map", "values": ["x"] * 65}), "at most 64 types"),
        (json.dumps(["x"] * 65), "at most 64 types"),
        (json.dumps({"doc": "x" * 65_536}), "at most 65,536 characters"),
        ('{"type": "record", "name": "R", "fields": [], "x": NaN}', "NaN is not JSON"),
        ("9" * 5000, "not a valid Avro schema"),
    ],
)
def test_a_schema_that_is_too_large_is_refused_with_the_limit(text: str, says: str):
    with pytest.raises(InvalidSchema, match=says):
        bounds.check(text)


@pytest.mark.parametrize(
    "text",
    [
        nested(60),
        record(*["string"] * 1300),
        record([{"type": "record", "name": f"N{number}", "fields": []} for number in range(64)]),
        json.dumps({"type": "enum", "name": "E", "symbols": [f"S{number}" for number in range(3900)]}),
    ],
    ids=["deep", "wide", "a union", "an enum"],
)
def test_the_largest_schemas_are_compared_in_little_time(text: str):
    bounds.check(text)
    began = time.thread_time()
    normal(text)
    objections(Level.FULL, f"{text} ", [(1, text.replace("N", "M"))])
    assert time.thread_time() - began < LONG
