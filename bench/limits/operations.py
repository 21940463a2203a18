"""Every operation of the API, and the worst requests that it accepts."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib import import_module
from itertools import chain
from pkgutil import iter_modules
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode
from uuid import UUID

from pydantic import BaseModel

from api import routes
from api.app import openapi
from api.http.document import with_nulls
from api.http.requests import LIMIT, Route
from bench.limits import worst

KINDS = ("parameters", "many", "page", "searches", "texts", "lists", "fields", "tasks", "schemas", "no shape")
"""Kinds of requests: with the worst parameters, with many parameters or headers, for the longest page, for the slowest
searches; and bodies by their content."""
SOMEBODY = str(UUID(int=1))
_EMPTY = 2 * LIMIT
"""Bytes of a body where none is expected."""


class Taking(NamedTuple):
    """The body that a route takes."""

    shape: type[BaseModel]
    example: Mapping[str, Any]
    limit: int


class Operation(NamedTuple):
    """An operation: its method and path, its parameters with their locations, and its body."""

    method: str
    path: str
    parameters: tuple[tuple[str, str], ...]  # location, name
    taking: Taking | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


class Request(NamedTuple):
    """A request, complete except for its token."""

    operation: Operation
    kind: str
    """One of ``KINDS``."""
    name: str
    target: str
    headers: tuple[tuple[str, bytes], ...] = ()
    body: bytes | None = None

    def head(self, token: str) -> bytes:
        """Return the request's first bytes, up to its body."""
        headers = [("Host", b"here"), ("Connection", b"close"), ("Authorization", f"Bearer {token}".encode())]
        if self.body is not None:
            headers += [("Content-Type", b"application/json"), ("Content-Length", str(len(self.body)).encode())]
        lines = [f"{name}: ".encode() + value for name, value in (*headers, *self.headers)]
        return b"\r\n".join((f"{self.operation.method} {self.target} HTTP/1.1".encode(), *lines, b"", b""))


def operations() -> Iterator[Operation]:
    """Yield every operation of the OpenAPI document, and so every new one."""
    taking = dict(_taking())
    for path, methods in openapi()["paths"].items():
        for method, described in methods.items():
            parameters = tuple((each["in"], each["name"]) for each in described.get("parameters", ()))
            yield Operation(method.upper(), path, parameters, taking.get((method.upper(), path)))


def _taking() -> Iterator[tuple[tuple[str, str], Taking]]:
    for module in iter_modules(routes.__path__):
        for route in import_module(f"{routes.__name__}.{module.name}").router.routes:
            if isinstance(route, Route) and route.body_field:
                info: Any = route.body_field.field_info
                example = with_nulls(next(iter(info.openapi_examples.values()))["value"])
                path = route.path_format.replace(":path", "")
                yield (next(iter(route.methods or ())), path), Taking(info.annotation, example, route.request.limit)


Names = Mapping[str, str]
"""Values of path parameters, by name."""
NOBODYS: Names = {}


def requests(operation: Operation, names: Names = NOBODYS) -> Iterator[Request]:
    """Yield the worst requests of an operation, for an entity of the user's that ``names`` has."""
    example = _body(operation)
    for parameter in operation.parameters:
        for text in worst.texts(worst.HEADERS // 3):
            yield _filled(operation, (parameter,), text, example)
    yield from together(operation, names)
    yield from with_bodies(operation, names)
    yield from pages(operation, names)


def together(operation: Operation, names: Names = NOBODYS) -> Iterator[Request]:
    """Yield an operation's requests with all parameters bad, and those with many parameters or headers."""
    example = _body(operation)
    if operation.parameters:
        for text in worst.texts(worst.HEADERS // 3 // len(operation.parameters)):
            yield _filled(operation, operation.parameters, text, example)
    target, many = _target(operation.path, names), worst.HEADERS // 12
    query = "&".join(f"p{number}=1" for number in range(many))
    yield Request(operation, "many", "many parameters", f"{target}?{query}", (), example)
    headers = tuple((f"h{number}", b"1") for number in range(many))
    yield Request(operation, "many", "many headers", target, headers, example)
    if example is None:
        yield Request(operation, "no shape", "an unexpected body", target, (), b" " * _EMPTY)


def pages(operation: Operation, names: Names = NOBODYS) -> Iterator[Request]:
    """Yield an operation's longest pages and slowest searches, if it has any."""
    target, known = _target(operation.path, names), {name for where, name in operation.parameters if where == "query"}
    longest = {"limit": "200"} if "limit" in known else {}
    if longest or operation.method == "GET":
        beginning = {"beginning": "0"} if "beginning" in known else {}
        yield Request(operation, "page", "the longest page", _with_query(target, {**longest, **beginning}))
    for name, searched in worst.SEARCHES.items():
        if known >= set(searched):
            yield Request(operation, "searches", name, _with_query(target, {**longest, **searched}))


def with_bodies(operation: Operation, names: Names = NOBODYS) -> Iterator[Request]:
    """Yield an operation's requests with the worst bodies, if it takes any."""
    if operation.taking:
        target, taking = _target(operation.path, names), operation.taking
        for name, kind, body in chain(worst.bodies(*taking), worst.shapeless(taking.limit)):
            yield Request(operation, kind, name, target, (), body)


def _body(operation: Operation) -> bytes | None:
    return json.dumps(operation.taking.example).encode() if operation.taking else None


def _filled(
    operation: Operation, parameters: tuple[tuple[str, str], ...], text: worst.Text, body: bytes | None
) -> Request:
    """Return a request with a text for these parameters, percent-encoded where needed."""
    encoded = quote(text.content, safe="'()*,;:@+=~")
    query = "&".join(f"{name}={encoded}" for where, name in parameters if where == "query")
    paths = {name: encoded for where, name in parameters if where == "path"}
    headers = tuple((name, text.content) for where, name in parameters if where == "header" and _fits(text.content))
    target = _target(operation.path, paths) + (f"?{query}" if query else "")
    names = ", ".join(name for _, name in parameters)
    return Request(operation, "parameters", f"{names} {text.name}", target, headers, body)


def _fits(value: bytes) -> bool:
    return value.isascii() and value.strip() == value


def _target(path: str, known: Mapping[str, str]) -> str:
    return path.format_map(defaultdict(lambda: SOMEBODY, known))


def _with_query(target: str, parameters: Mapping[str, str]) -> str:
    return f"{target}?{urlencode(parameters)}" if parameters else target
