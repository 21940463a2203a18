"""Completes FastAPI's OpenAPI document and removes its repetitions, so that generators can use it."""

from collections.abc import Iterator, Mapping
from typing import Any

from api.http.problems import ALWAYS, CATALOGUE, MEDIA_TYPE, SCHEMA, VERSION, documented

TAGS = [
    {"name": "bulks", "description": "The same change to many tasks."},
    {"name": "history", "description": "The audit trail of a task."},
    {"name": "commands", "description": "The outcome of each change."},
    {"name": "occurrences", "description": "When a recurrence rule recurs."},
    {"name": "reminders", "description": "Scheduled and past reminders."},
    {"name": "notifications", "description": "Deliveries of reminders and of the daily digest."},
    {"name": "health", "description": "Whether the API is alive, and whether its dependencies answer."},
    {"name": "problems", "description": "The meaning of each problem type."},
]
"""The tags of operations, after those of entities."""
SERVERS = [{"url": "/", "description": "The server of this document."}]
LICENSE = {"name": "Apache License 2.0", "identifier": "Apache-2.0"}

_TEXT = {"type": "string"}
_HEADERS: dict[str, dict[str, Any]] = {
    "ETag": {"description": "The entity tag of the response (RFC 9110, section 8.8.3).", "schema": _TEXT},
    "Idempotency-Key": {"description": "The key of the command, for repeating the request.", "schema": _TEXT},
    "Location": {"description": "The address of the command's outcome.", "schema": _TEXT},
    "Preference-Applied": {"description": "The preferences that were applied (RFC 7240, section 3).", "schema": _TEXT},
    "Retry-After": {"description": "Seconds after which to try again.", "schema": {"type": "integer"}},
    "Vary": {"description": "The request header that the response depends on.", "schema": _TEXT},
    "WWW-Authenticate": {"description": "Why the token was refused (RFC 6750, section 3).", "schema": _TEXT},
}
OF_COMMANDS = ("Idempotency-Key", "Preference-Applied", "Vary")
"""Headers of the answer to any command that was decided or accepted."""
_HEADERS_OF = {
    "unauthorized": ("WWW-Authenticate",),
    "outcome-unknown": ("Idempotency-Key", "Location"),
}
"""The headers of a problem, by its name, besides ``Retry-After``."""
_NOT_MODIFIED = {
    "description": "Not modified: the current entity tag is in `If-None-Match`.",
    "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
}
_CONDITIONS = {
    "If-Match": "Entity tags, or `*` for any: 412 unless one of them is current.",
    "If-None-Match": "Entity tags, or `*` for any: 304 if one of them is current.",
}

Object = dict[str, Any]

NULL = "\N{SYMBOL FOR NULL}"
"""A placeholder for null, which FastAPI would omit from the document; ``with_nulls`` replaces it."""


def with_nulls(value: Any) -> Any:
    """Return an example, or a document with examples, with null in the place of ``NULL``."""
    match value:
        case dict():
            return {name: with_nulls(each) for name, each in value.items()}
        case list():
            return [with_nulls(each) for each in value]
    return None if value == NULL else value


def finished(document: Object) -> Object:
    """Return the complete document, without repetitions."""
    document = with_nulls(document)
    components: Object = document["components"]
    components |= {"headers": _HEADERS, "responses": {"NotModified": _NOT_MODIFIED}}
    components["schemas"]["Problem"] = SCHEMA
    for method, operation in operations(document):
        operation.setdefault("security", [])  # it needs no token
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = without_null(parameter["schema"])
        if method == "get":
            _complete_read(operation)
        _complete_problems(operation)
        _share_problems(operation, components["responses"])
    _describe_defaults(document)
    return document


def without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema without its alternative null."""
    match schema:
        case {"anyOf": [alternative, {"type": "null"}], **rest}:
            return {**alternative, **rest}
    return schema


def operations(document: Mapping[str, Any]) -> Iterator[tuple[str, Object]]:
    """Yield each operation with its method."""
    for methods in document["paths"].values():
        yield from methods.items()


def answer(document: Mapping[str, Any], response: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a response of an operation, resolving a reference to the components."""
    name = response.get("$ref", "").rpartition("/")[2]
    found: Mapping[str, Any] = document["components"]["responses"][name] if name else response
    return found


def _parameter(name: str, text: str) -> Object:
    return {"name": name, "in": "header", "required": False, "description": text, "schema": _TEXT}


def _complete_read(operation: Object) -> None:
    """Add the responses of ``api.http.entity_tags``."""
    operation.setdefault("parameters", []).extend(_parameter(name, text) for name, text in _CONDITIONS.items())
    operation["responses"]["304"] = {"$ref": "#/components/responses/NotModified"}
    operation["responses"].setdefault("412", documented(VERSION)[412])
    operation["responses"]["200"].setdefault("headers", {}).update(headers("ETag"))


def _complete_problems(operation: Object) -> None:
    """Add the problems that any request may be refused with."""
    for status, response in documented(*ALWAYS).items():
        known = operation["responses"].setdefault(str(status), response)
        known["content"][MEDIA_TYPE]["examples"] |= response["content"][MEDIA_TYPE]["examples"]


def headers(*names: str) -> Object:
    """Return headers of a response, by their names."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def location(description: str) -> Object:
    """Return the header ``Location`` of a response, with a description of its target."""
    return {"Location": {"description": description, "schema": _TEXT}}


def _share_problems(operation: Object, shared: Object) -> None:
    """Move an operation's problems to the components, where operations share them."""
    for status, response in operation["responses"].items():
        if examples := response.get("content", {}).get(MEDIA_TYPE, {}).get("examples"):
            own = response.get("headers", {})
            names = [each.title().replace("-", "") for each in sorted(examples)] + (["Rejected"] if own else [])
            name, titles = "Or".join(names), "; or: ".join(CATALOGUE[each].title for each in examples)
            all_ = own | headers(*(header for each in examples for header in _headers_of(each)))
            shared.setdefault(name, response | {"description": f"{titles}.", "headers": all_})
            operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}


def _headers_of(problem: str) -> Iterator[str]:
    yield from _HEADERS_OF.get(problem, ())
    if CATALOGUE[problem].again is not None:
        yield "Retry-After"


def _describe_defaults(document: Object) -> None:
    """Move defaults of request fields to their descriptions: generated clients would send a schema's ``default``."""
    schemas = document["components"]["schemas"]
    bodies = [operation["requestBody"] for _, operation in operations(document) if "requestBody" in operation]
    for name in {name for body in bodies for name in _named(body, schemas)}:
        for whole in (schemas[name], *schemas[name].get("oneOf", ())):
            for schema in whole.get("properties", {}).values():
                if default := schema.pop("default", None):
                    schema["description"] = f"{schema.get('description', '')} By default `{default}`.".strip()


def _named(value: Any, schemas: Object) -> Iterator[str]:
    """Yield the names of the schemas that a part of the document refers to, directly or by another."""
    match value:
        case {"$ref": str(reference)}:
            name = reference.rpartition("/")[2]
            yield name
            yield from _named(schemas[name], schemas)
        case dict():
            yield from (name for each in value.values() for name in _named(each, schemas))
        case list():
            yield from (name for each in value for name in _named(each, schemas))
