"""Which schema may follow which, and the reason where it may not."""

import json
from typing import Any

import pytest

from schemas.registry.compatibility import InvalidSchema, Level, normal, objections


def record(*fields: dict[str, Any], name: str = "A") -> str:
    return json.dumps({"type": "record", "name": name, "fields": fields})


X = {"name": "x", "type": "long"}
Y = {"name": "y", "type": "string"}
Y_DEFAULT = Y | {"default": ""}
X_STRING = {"name": "x", "type": "string"}
X_OPTIONAL = {"name": "x", "type": ["null", "long"]}
RED = {"name": "x", "type": {"type": "enum", "name": "Colour", "symbols": ["RED"]}}
RED_BLUE = {"name": "x", "type": {"type": "enum", "name": "Colour", "symbols": ["RED", "BLUE"]}}
RED_DEFAULT = {"name": "x", "type": {"type": "enum", "name": "Colour", "symbols": ["RED"], "default": "RED"}}
MISSING = "a field that the writer lacks has no default"


@pytest.mark.parametrize(
    ("level", "old", "new", "reason"),
    [
        ("BACKWARD", record(X), record(X, Y_DEFAULT), None),
        ("BACKWARD", record(X), record(X, Y), MISSING),
        ("BACKWARD", record(X, Y), record(X), None),
        ("BACKWARD", record(X), record(X_STRING), "the type differs"),
        ("BACKWARD", record(X), record(X_OPTIONAL), None),
        ("BACKWARD", record(X_OPTIONAL), record(X), "the type differs"),
        ("BACKWARD", record(RED), record(RED_BLUE), None),
        ("BACKWARD", record(RED_BLUE), record(RED), "symbols are missing"),
        ("BACKWARD", record(RED_BLUE), record(RED_DEFAULT), None),
        ("BACKWARD", record(X), record(X, name="B"), "the name differs"),
        ("BACKWARD", '"int"', '"long"', None),
        ("BACKWARD", '"long"', '"int"', "the type differs"),
        ("BACKWARD", '["null", "long", "string"]', '["null", "long"]', "a union lacks a type"),
        (
            "BACKWARD",
            '{"type": "fixed", "name": "F", "size": 2}',
            '{"type": "fixed", "name": "F", "size": 3}',
            "the size",
        ),
        ("FORWARD", record(X), record(X, Y), None),
        ("FORWARD", record(X, Y), record(X), MISSING),
        ("FULL", record(X), record(X, Y), MISSING),
        ("FULL", record(X), record(X, Y_DEFAULT), None),
        ("FULL", record(X, Y), record(X), MISSING),
        ("NONE", record(X), '"string"', None),
    ],
)
def test_a_level_lets_a_schema_follow_or_says_why_not(level: str, old: str, new: str, reason: str | None):
    found = objections(Level(level), new, [(1, old)])
    if reason is None:
        assert found == []
    else:
        assert reason in " ".join(found)


@pytest.mark.parametrize("direction", ["BACKWARD", "FORWARD", "FULL"])
def test_only_a_transitive_level_asks_about_versions_before_the_last(direction: str):
    earlier = [(1, '"string"'), (2, '"long"')]
    assert objections(Level(direction), '"long"', earlier) == []
    assert objections(Level(f"{direction}_TRANSITIVE"), '"long"', earlier) != []


def test_the_reason_names_the_version_and_the_place():
    [found] = objections(Level.BACKWARD, record(X_STRING), [(7, record(X))])
    assert found == (
        "The new schema can't read what version 7 wrote: the type differs "
        "(reader type: string not compatible with writer type: long, at /fields/0/type)."
    )


def test_a_recursive_schema_may_follow_itself():
    tree = record({"name": "children", "type": {"type": "array", "items": "A"}})
    assert objections(Level.FULL_TRANSITIVE, tree, [(1, tree)]) == []


def test_a_logical_type_that_avro_does_not_know_is_passed_over():
    odd = json.dumps({"type": "long", "logicalType": "moon-phase"})
    assert objections(Level.FULL, odd, [(1, '"long"')]) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('"string"', ' {"type" : "string"} '),
        (record(X), json.dumps({"fields": [X], "name": "A", "type": "record"}, indent=2)),
        ('{"type":"record","name":"n.A","fields":[]}', '{"type":"record","namespace":"n","name":"A","fields":[]}'),
    ],
)
def test_texts_that_differ_in_layout_only_are_one_schema(one: str, other: str):
    assert normal(one) == normal(other)


@pytest.mark.parametrize(
    "other",
    [record(X | {"default": 1}), record(X | {"doc": "why"}), record(X, name="B"), record(X, X_STRING | {"name": "y"})],
)
def test_texts_that_say_something_else_are_not_one_schema(other: str):
    assert normal(record(X)) != normal(other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "3",
        "null",
        '"B"',
        '{"type": "rekord"}',
        record(X | {"default": "one"}),
        record(X, X),
        '{"type": "enum", "name": "E", "symbols": ["A", "A"]}',
    ],
)
def test_what_is_no_schema_is_refused(text: str):
    with pytest.raises(InvalidSchema, match="This is not a valid Avro schema: "):
        normal(text)
