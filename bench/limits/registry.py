"""Every operation of Rondo's registry, and the worst requests that it accepts."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi.routing import APIRoute

from bench.limits import worst
from bench.limits.operations import Operation, Request
from schemas.registry import bounds, server

SUBJECT = "bench-limits"
"""The subject that schemas are registered under, and compared with."""


def _record(fields: list[Any]) -> str:
    named = [{"name": f"f{number}", "type": kind} for number, kind in enumerate(fields)]
    return json.dumps({"type": "record", "name": "R", "fields": named})


_DEEP = bounds.MAX_DEPTH - 4
_SCHEMAS: Mapping[str, str] = {
    "deep": '{"type":"array","items":' * _DEEP + '"string"' + "}" * _DEEP,
    "wide": _record(["string"] * 1300),
    "a union": _record([[{"type": "record", "name": f"N{each}", "fields": []} for each in range(bounds.MAX_UNION)]]),
    "an enum": json.dumps({"type": "enum", "name": "E", "symbols": [f"S{each}" for each in range(3900)]}),
    "too long": json.dumps({"doc": "x" * bounds.MAX_TEXT}),
    "too deep": "[" * (bounds.MAX_TEXT - 1),
}
"""Schemas of the maximum size, and some that are larger."""


def requests() -> Iterator[Request]:
    """Yield the worst requests of every operation; last those that delete the schemas to compare with."""
    routes = [route for route in server.router.routes if isinstance(route, APIRoute)]
    for route in sorted(routes, key=lambda route: "DELETE" in (route.methods or ())):
        for method in sorted((route.methods or set()) - {"HEAD"}):
            yield from _of(Operation(method, route.path, (), None), takes=route.body_field is not None)


def _of(operation: Operation, *, takes: bool) -> Iterator[Request]:
    subjects = {"long": "x" * bounds.MAX_SUBJECT, "too long": "x" * (worst.HEADERS - 1000)}
    for name, subject in (subjects if "{subject}" in operation.path else {}).items():
        body = json.dumps({"schema": '"string"'}).encode() if takes else None
        yield Request(operation, "parameters", f"a {name} subject", _target(operation, subject), (), body)
    target = _target(operation, SUBJECT)
    if not takes:
        yield Request(operation, "page", "everything", target)
        return
    for name, text in _SCHEMAS.items():
        yield Request(operation, "schemas", name, target, (), json.dumps({"schema": text}).encode())
    for name, kind, content in worst.shapeless(bounds.MAX_BODY):
        yield Request(operation, kind, name, target, (), content)


def _target(operation: Operation, subject: str) -> str:
    return operation.path.format(subject=subject, version="latest", number=1)
