"""The OpenAPI document shows every operation by an example, with the problems that it may answer."""

from typing import Any

import pytest

from api.app import openapi
from api.problems import CATALOGUE

DOCUMENT = openapi()
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]
OF_USERS = [(name, operation) for name, operation in OPERATIONS if "/v1/" in name]


def examples(content: dict[str, Any]) -> list[Any]:
    """The examples of one media type, its schema's included."""
    named = [entry["value"] for entry in content.get("examples", {}).values()]
    reference = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    schema = DOCUMENT["components"]["schemas"].get(reference, {})
    return named + schema.get("examples", []) + ([content["example"]] if "example" in content else [])


def problems(operation: dict[str, Any]) -> set[str]:
    return {
        example["type"].removeprefix("/problems/")
        for answer in operation["responses"].values()
        for example in examples(answer.get("content", {}).get("application/problem+json", {}))
    }


@pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_operation_says_what_it_does_and_shows_what_it_answers(name: str, operation: dict[str, Any]) -> None:
    assert operation.get("description"), name
    good = [answer for status, answer in operation["responses"].items() if status.startswith("2")]
    assert good
    for answer in good:
        assert examples(answer["content"]["application/json"]), name


@pytest.mark.parametrize(("name", "operation"), OF_USERS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_operation_of_users_needs_a_token_and_documents_its_problems(
    name: str, operation: dict[str, Any]
) -> None:
    assert operation["security"], name
    assert {"unauthorized", "validation", "unavailable"} <= problems(operation)


@pytest.mark.parametrize(("name", "operation"), OF_USERS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_body_has_an_example_and_its_problems(name: str, operation: dict[str, Any]) -> None:
    if body := operation.get("requestBody"):
        assert examples(body["content"]["application/json"]), name
        assert {"malformed", "too-large", "media-type"} <= problems(operation)


def test_every_problem_that_operations_may_answer_is_documented_by_one() -> None:
    documented = set().union(*(problems(operation) for _, operation in OPERATIONS))
    of_none = {"method", "internal", "request", "headers-too-large"}
    assert CATALOGUE.keys() - documented == of_none  # the answers of no operation


def test_no_answer_is_documented_that_is_not_given() -> None:
    assert "HTTPValidationError" not in DOCUMENT["components"]["schemas"]


def test_no_parameter_may_be_null() -> None:
    schemas = [each["schema"] for _, operation in OPERATIONS for each in operation.get("parameters", ())]
    assert schemas
    assert not [schema for schema in schemas if "null" in str(schema)]
