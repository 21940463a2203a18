"""The OpenAPI document shows every operation by an example, with the problems that it may answer."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from api.app import openapi
from api.http.document import answer
from api.http.problems import CATALOGUE

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
        for response in operation["responses"].values()
        for example in examples(answer(DOCUMENT, response).get("content", {}).get("application/problem+json", {}))
    }


@pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=lambda value: value if isinstance(value, str) else "")
def test_every_operation_says_what_it_does_and_shows_what_it_answers(name: str, operation: dict[str, Any]) -> None:
    assert operation.get("description"), name
    good = [response for status, response in operation["responses"].items() if status.startswith("2")]
    assert good
    for response in good:
        assert examples(response["content"]["application/json"]), name


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
    of_none = {"method", "internal"}
    assert CATALOGUE.keys() - documented == of_none  # the answers of no operation


def test_no_answer_is_documented_that_is_not_given() -> None:
    assert "HTTPValidationError" not in DOCUMENT["components"]["schemas"]


def test_no_parameter_may_be_null() -> None:
    schemas = [each["schema"] for _, operation in OPERATIONS for each in operation.get("parameters", ())]
    assert schemas
    assert not [schema for schema in schemas if "null" in str(schema)]


def shown(value: Any = DOCUMENT) -> Iterator[tuple[Any, Any]]:
    """Every example in the document, with its schema."""
    if isinstance(value, dict):
        if isinstance(value.get("schema"), dict):
            named = value.get("examples", {})
            yield from ((each["value"], value["schema"]) for each in named.values())
            yield from [(value["example"], value["schema"])] if "example" in value else []
        elif isinstance(value.get("examples"), list):
            yield from ((each, value) for each in value["examples"])
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for each in below:
        yield from shown(each)


def test_every_example_holds_its_schema() -> None:
    examples = list(shown())
    for example, schema in examples:
        whole = {**schema, "components": DOCUMENT["components"]}
        errors = jsonschema_rs.validator_for(whole, validate_formats=True).iter_errors(example)
        assert [str(error) for error in errors] == [], example
    assert len(examples) > 150


def test_an_example_has_null_where_the_answer_has_it() -> None:
    assert {"parent": None, "completed_at": None}.items() <= SCHEMAS["Task"]["examples"][0].items()
    assert "\N{SYMBOL FOR NULL}" not in str(DOCUMENT)


SCHEMAS = DOCUMENT["components"]["schemas"]


def objects(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The objects that a schema is: itself, or each that it may be one of."""
    yield from schema.get("oneOf", [schema])


def test_no_two_schemas_have_one_name() -> None:
    titles = [each["title"] for schema in SCHEMAS.values() for each in (schema, *schema.get("oneOf", ()))]
    assert [title for title, times in Counter(titles).items() if times > 1] == []
    assert [name for name in SCHEMAS if "-" in name] == []


FORMATS = {
    "href": "uri-reference",
    "date": "date",
    **dict.fromkeys(("id", "task", "series", "parent", "cause", "before", "after"), "uuid"),
    **dict.fromkeys(("at", "created_at", "changed_at", "completed_at", "due_at", "start_at", "retry_at"), "date-time"),
}
"""What texts of these names have for their format, wherever they are a text and nothing else says otherwise."""
OTHERWISE = {("TaskReminder", "before"): "duration", ("ReminderBefore", "before"): "duration"}


def test_what_has_a_form_says_its_format() -> None:
    found = {
        (schema["title"], name): each.get("format")
        for whole in SCHEMAS.values()
        for schema in objects(whole)
        for name, property_ in schema.get("properties", {}).items()
        for each in property_.get("anyOf", [property_])
        if each.get("type") == "string" and name in FORMATS
    }
    assert found == {place: OTHERWISE.get(place, FORMATS[place[1]]) for place in found}
    assert len(found) > 50


@pytest.mark.parametrize("name", ["Reminder", "Move", "NewBulk"])
def test_what_takes_one_of_several_fields_says_so(name: str) -> None:
    alternatives = SCHEMAS[name]["oneOf"]
    assert len({each["title"] for each in alternatives}) > 1
    assert all(each["additionalProperties"] is False for each in alternatives)


def test_nothing_of_a_body_has_a_default_that_a_generator_would_send_or_demand() -> None:
    written = [schema for name, schema in SCHEMAS.items() if name.startswith("New") or name.endswith("Changes")]
    fields = [
        (name, field) for whole in written for each in objects(whole) for name, field in each["properties"].items()
    ]
    assert len(fields) > 30
    assert [name for name, field in fields if "default" in field] == []
    assert "By default `none`." in SCHEMAS["NewTask"]["properties"]["priority"]["description"]


def test_a_problem_stands_in_the_document_once() -> None:
    for name, operation in OPERATIONS:
        for status, response in operation["responses"].items():
            assert status < "300" or "$ref" in response or "application/json" in response["content"], name
    shared = [str(response) for response in DOCUMENT["components"]["responses"].values()]
    assert len(shared) == len(set(shared)) < 30


def test_every_answer_says_its_headers() -> None:
    for name, operation in OPERATIONS:
        takes = {each["name"].lower() for each in operation.get("parameters", ())}
        for status, response in operation["responses"].items():
            headers = {*answer(DOCUMENT, response).get("headers", ())}
            if status == "200" and name.startswith("GET"):
                assert "ETag" in headers, name
                assert {"if-match", "if-none-match"} <= takes
            if status.startswith("2") and "idempotency-key" in takes:
                assert {"Idempotency-Key"} <= headers, name
                assert "Location" in headers or status == "200"
            if status == "401":
                assert headers == {"WWW-Authenticate"}


def test_the_document_says_where_it_is_served_under_what_license_and_what_its_tags_are() -> None:
    assert DOCUMENT["servers"][0]["url"] == "/"
    assert DOCUMENT["info"]["license"]["identifier"] == "Apache-2.0"
    described = {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]}
    assert described == {tag for _, operation in OPERATIONS for tag in operation["tags"]}
