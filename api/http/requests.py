"""Reads a request: first its user, then its body, bounded and as strict JSON."""

import json
import re
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator, Mapping
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request, Response
from fastapi._compat import field_annotation_is_sequence
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ValidationError
from starlette.types import Receive, Scope, Send

from api.concurrency import LongWork
from api.configuration import Settings
from api.http import prefer, sizes, tokens
from api.http.attempts import Attempt, Attempts
from api.http.logs import path_of
from api.http.operations import Operation
from api.http.problems import (
    MALFORMED,
    MEDIA,
    REQUEST,
    TOO_LARGE,
    UNAUTHORIZED,
    FieldError,
    Problem,
    ProblemType,
    invalid,
    unfit,
)
from common import nesting

LIMIT = 256 * 1024
"""The largest body, in bytes, of most requests."""
BULK_LIMIT = 2 * 1024 * 1024
"""The largest body, in bytes, of a bulk: it may name 20,000 tasks, each in 40 to 90 bytes."""
SHORT = 16 * 1024
"""The most bytes of a body that is parsed on the event loop; a longer one is parsed in a thread."""
_DEEPEST = 512  # the parser recurses: it comes to the end of the stack at some 900
_COUNTED = (b",", b"[", b"{")
_CHARSET = re.compile(r"charset\s*=\s*\"?([^\s;\"]*)")
_ONCE = (b"authorization", b"content-type", b"content-encoding", b"idempotency-key")
"""Headers that a request may have once: of two, a proxy may have read the other."""

signed = Depends(HTTPBearer(auto_error=False, description="The token that `make run` prints."))
"""Documents that an operation needs a token; ``Route`` checks it."""


def user_of(request: Request) -> str:
    """Return the id of the user in the request's token. Raises ``Problem``."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Problem(UNAUTHORIZED, headers={"WWW-Authenticate": 'Bearer realm="rondo"'})
    try:
        kept: tokens.Tokens = request.app.state.tokens
        return kept.user_of(token.strip())
    except tokens.InvalidToken as error:
        challenge = f'Bearer realm="rondo", error="invalid_token", error_description="{error}"'
        raise Problem(UNAUTHORIZED, str(error), headers={"WWW-Authenticate": challenge}) from None


def parse(body: bytes) -> Any:
    """Return the JSON value of ``body``. Raises ``Problem`` if it is not JSON (RFC 8259) or names a field twice.

    A body that may have too many values is refused before it is parsed; commas in strings count, too. An unescaped
    control character in a string is accepted here, so that validation refuses it with the name of its field.
    """
    if sum(map(body.count, _COUNTED)) > sizes.MOST_VALUES:
        detail = f"It has more than {sizes.MOST_VALUES:,} fields and items."
        raise invalid([FieldError("body", detail)])
    try:
        text = body.decode()
        if body.count(b"[") + body.count(b"{") > _DEEPEST and nesting.depth(text) > _DEEPEST:
            raise _body(MALFORMED, "It is nested too deeply.")
        return json.loads(text, object_pairs_hook=_object, parse_constant=_constant, strict=False)
    except UnicodeDecodeError as error:
        raise _body(MALFORMED, f"It is not UTF-8: see byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise _body(MALFORMED, _not_json(error)) from None
    except ValueError:  # an integer of thousands of digits
        raise _body(MALFORMED, "It has a number that is too long.") from None


def _body(kind: ProblemType, detail: str) -> Problem:
    """Return the problem of a body as a whole."""
    return Problem(kind, f"The body is not accepted. {detail}", [FieldError("body", detail)])


def _not_json(error: json.JSONDecodeError) -> str:
    if error.doc.startswith("\ufeff"):
        return "It begins with a byte order mark, which JSON does not allow (RFC 8259, section 8.1). Leave it out."
    return f"It is not JSON: {error.msg} (line {error.lineno}, column {error.colno})."


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            error = FieldError(name, "It is given twice. Give it once.")
            raise Problem(MALFORMED, "The body names a field twice.", [error])
        found[name] = value
    return found


def read(body: bytes, shape: type[BaseModel] | None) -> Any:
    """Return the value of ``body``, validated if there is a shape, sizes before items. Raises ``Problem``."""
    value = parse(body)
    if shape is None:
        return value
    sizes.check(shape, value)
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        entries = error.errors(include_url=False, include_context=False, include_input=False)
        raise unfit([{**entry, "loc": ("body", *entry["loc"])} for entry in entries]) from None


def _constant(name: str) -> Any:
    raise _body(MALFORMED, f"It has the value {name}, which is not JSON.")


def _too_large(limit: int) -> Problem:
    return _body(TOO_LARGE, f"It has more than {limit // 1024:,} KiB.")


class StrictRequest(Request):
    """A request whose body is read up to ``limit`` bytes, and by ``read`` as the ``shape`` of its route."""

    limit = LIMIT

    def __init__(self, request: Request, shape: type[BaseModel] | None) -> None:
        super().__init__(request.scope, request.receive)
        self._shape = shape

    async def body(self) -> bytes:
        """Return the body. Raises ``Problem`` as soon as it is too large; the rest is never kept."""
        if not hasattr(self, "_body"):
            self._check_length()
            self._check_media()
            self._body = await self._bounded()
        return self._body

    async def json(self) -> Any:
        """Return the value of the body. Raises ``Problem``."""
        body = await self.body()
        if len(body) <= SHORT:
            return read(body, self._shape)
        long_work: LongWork = self.app.state.long_work
        return await long_work.run(self.state.user, read, body, self._shape)

    async def nothing(self) -> None:
        """Read an empty body, or an empty object. Raises ``Problem`` for any other."""
        self._check_length()
        body = await self._bounded()
        if body.strip() and (len(body) > SHORT or parse(body) != {}):
            raise invalid([FieldError("body", "This request takes no body. Send none, or {}.")])

    async def _bounded(self) -> bytes:
        chunks, size = [], 0
        attempt: Attempt = self.state.attempt
        attempt.within(None)  # however long the client takes
        async for chunk in self.stream():
            size += len(chunk)
            if size > self.limit:
                raise _too_large(self.limit)
            chunks.append(chunk)
        attempt.read()
        return b"".join(chunks)

    def _check_length(self) -> None:
        length = self.headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > self.limit:
            raise _too_large(self.limit)

    def _check_media(self) -> None:
        media, _, parameters = self.headers.get("content-type", "").lower().partition(";")
        if media.strip() not in ("application/json", "application/merge-patch+json"):
            raise Problem(MEDIA, errors=[FieldError("Content-Type", f"It is {media.strip() or 'missing'}.")])
        if (charset := _CHARSET.search(parameters)) and charset[1] not in {"utf-8", "utf8"}:
            raise Problem(MEDIA, errors=[FieldError("Content-Type", f"It says {charset[1]}, but JSON is UTF-8.")])
        if self.headers.get("content-encoding", "identity").strip().lower() not in ("", "identity"):
            raise Problem(MEDIA, errors=[FieldError("Content-Encoding", "Send the body without a content coding.")])


class LargeRequest(StrictRequest):
    """A request with the body of a bulk."""

    limit = BULK_LIMIT


class Route(APIRoute):
    """A route that authenticates the user before it reads anything else, and answers in time."""

    request: type[StrictRequest] = StrictRequest

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._handle = self.get_route_handler()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that ``Addresses`` matched."""
        response = await self._handle(Request(scope, receive, send))
        await response(scope, receive, send)

    def operation(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what is done with a request whose user is known."""
        return Operation(self)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler that authenticates and then reads strictly."""
        handle = self.operation()
        known = dict(_parameters(self.dependant))
        shape: Any = self.body_field.field_info.annotation if self.body_field else None

        async def strict(request: Request) -> Response:
            _check_headers(request)
            user = user_of(request)
            request.state.user = user
            structlog.contextvars.bind_contextvars(user=user, path=path_of(request.scope))
            _check_query(request, known)
            attempts: Attempts = request.app.state.attempts
            request.state.attempt = attempt = Attempt(_patience(request))
            return await attempts.answer(attempt, lambda: handle(self.request(request, shape)))

        return strict


def _patience(request: Request) -> float:
    """Return the seconds for a request's reads, a read's wait for an outcome included, but not a command's."""
    settings: Settings = request.app.state.settings
    waits = prefer.wait(request.headers.getlist("prefer"), settings.wait_limit) if request.method == "GET" else None
    return settings.query_timeout + (waits or 0)


class LargeRoute(Route):
    """A route whose requests may be large."""

    request = LargeRequest


def _parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """Yield the names of an operation's query parameters, each with whether it is repeatable."""
    for parameter in dependant.query_params:
        yield parameter.alias, field_annotation_is_sequence(parameter.field_info.annotation)
    for below in dependant.dependencies:
        yield from _parameters(below)


def _check_headers(request: Request) -> None:
    """Raise ``Problem`` for a header that is given twice: a proxy may have read the other one."""
    names = [name for name, _ in request.scope["headers"]]
    if twice := [name for name in _ONCE if names.count(name) > 1]:
        named = ", ".join(name.decode().title() for name in twice)
        raise Problem(REQUEST, f"It has {named} twice. Give each once.")


def _check_query(request: Request, known: Mapping[str, bool]) -> None:
    """Raise ``Problem`` for parameters that would be ignored: a misspelt or empty filter must not match all tasks."""
    if not request.scope["query_string"]:
        return
    given = Counter(name for name, _ in request.query_params.multi_items())
    empty = (name for name, text in request.query_params.multi_items() if not text)
    wrong = dict.fromkeys(empty, "It is empty. Give it a value, or leave it out.")
    wrong |= {name: "There is no such parameter. Leave it out." for name in given if name not in known}
    wrong |= {
        name: "It is given twice. Give it once." for name, times in given.items() if times > 1 and not known.get(name)
    }
    if wrong:
        raise invalid([FieldError(name, detail) for name, detail in wrong.items()])


async def _user(request: Request) -> str:
    user: str = request.state.user
    return user


User = Annotated[str, Depends(_user)]
"""The id of the user who sent the request."""


async def _nothing(request: Request) -> None:
    assert isinstance(request, StrictRequest)
    await request.nothing()


empty = Depends(_nothing)
"""Accepts requests without a body, or with an empty object."""
