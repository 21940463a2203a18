"""RFC 9457 problem details: the catalogue, the exception, and the handlers that respond with it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from api.http.logs import path_of

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS = 20
"""The most errors that a problem lists; one more entry counts the others."""
MOST_BYTES = 64 * 1024
"""The most bytes of a problem: the sum of the parts below, and room for its other members."""
_DETAIL_BYTES, _FIELD_BYTES, _ERROR_BYTES, _SUGGESTION_BYTES = 6000, 700, 1500, 300
_log = structlog.get_logger("api")


@dataclass(frozen=True)
class ProblemType:
    """A type of problem. ``name`` is the last segment of its URI reference, which leads to ``meaning``.

    ``again`` is the number of seconds after which to send the same request again (``Retry-After``); None for never.
    """

    name: str
    status: int
    title: str
    meaning: str
    again: int | None = None

    @property
    def type(self) -> str:
        """The URI reference that identifies this type (RFC 9457, section 3.1.1)."""
        return f"/problems/{self.name}"


MALFORMED = ProblemType(
    "malformed", 400, "The body can't be read", "The body is not UTF-8, not JSON (RFC 8259), or names a field twice."
)
REQUEST = ProblemType(
    "request", 400, "This is not a valid HTTP request", "Send one as RFC 9110 and 9112 define it, with a UTF-8 address."
)
CURSOR = ProblemType("cursor", 400, "The cursor is not valid", "Send back the cursor of a page unchanged, or none.")
UNAUTHORIZED = ProblemType(
    "unauthorized",
    401,
    "A valid token is needed",
    'Send "Authorization: Bearer TOKEN" with a token signed by this service.',
)
NOT_FOUND = ProblemType(
    "not-found", 404, "Not found", "It does not exist, does not exist yet, or belongs to someone else."
)
METHOD = ProblemType("method", 405, "This method is not allowed here", "The Allow header names the methods that are.")
TIMEOUT = ProblemType(
    "timeout",
    408,
    "The request did not arrive in time",
    "Nothing was done. Head and body together must arrive within 20 seconds (RONDO_RECEIVE_TIMEOUT). Send all of the "
    "request again.",
    again=5,
)
CONFLICT = ProblemType(
    "conflict", 409, "The request conflicts with the current state", "Read the current state, and decide again."
)
VERSION = ProblemType(
    "version",
    412,
    "It has changed since",
    "Read the current state, decide again, and send its new ETag as If-Match.",
)
TOO_LARGE = ProblemType(
    "too-large", 413, "The body is too large", "A body may have at most 256 KiB, that of a bulk 2 MiB."
)
MEDIA = ProblemType(
    "media-type", 415, "The body's media type is not supported", 'Send "Content-Type: application/json".'
)
HEADERS_TOO_LARGE = ProblemType(
    "headers-too-large", 431, "The headers are too large", "Request line and headers may have at most 16 KiB together."
)
VALIDATION = ProblemType(
    "validation", 422, "A field is not usable", "The member errors lists each field and what is wrong."
)
TOO_MUCH = ProblemType(
    "too-much",
    422,
    "There is too much to search",
    "Searching all of your tasks for this takes longer than a read may, and would again. Ask for less, such as the "
    "tasks of one list, tag or day, or search for whole words with q.",
)
KEY_REUSED = ProblemType(
    "idempotency-key-reused",
    422,
    "The Idempotency-Key was used for another request",
    "A key identifies one request. Send the first request again unchanged, or this one with a new key.",
)
BUSY = ProblemType(
    "busy",
    429,
    "Too many of your requests run at once",
    "Nothing was done. Three reads of one user run at a time (RONDO_READS), and this one timed out while it waited. "
    "Send it again a little later, and fewer at once.",
    again=5,
)
INTERNAL = ProblemType(
    "internal",
    500,
    "Something went wrong here",
    "The log of the API has the reason. As far as is known, nothing was done.",
)
UNAVAILABLE = ProblemType(
    "unavailable", 503, "A part of Rondo is unavailable", "Nothing was done. Try again a little later.", again=5
)
FULL = ProblemType(
    "full",
    503,
    "All connections are in use",
    "Nothing was done. The API has as many connections as it may. Try again a little later.",
    again=5,
)
DISK_FULL = ProblemType(
    "disk-full",
    503,
    "The disk is nearly full",
    "This request did nothing. Reads continue, and commands are accepted again once there is room.",
    again=30,
)
OUTCOME_UNKNOWN = ProblemType(
    "outcome-unknown",
    503,
    "It is not known whether the command was accepted",
    "Something failed while the command was appended to the log, such as a broker that did not acknowledge in time. "
    "Read the command's address, or send the request again with the Idempotency-Key of the answer: that is the same "
    "command, and is carried out at most once.",
    again=5,
)

CATALOGUE: Mapping[str, ProblemType] = {
    kind.name: kind
    for kind in (
        MALFORMED,
        REQUEST,
        CURSOR,
        UNAUTHORIZED,
        NOT_FOUND,
        METHOD,
        TIMEOUT,
        CONFLICT,
        VERSION,
        TOO_LARGE,
        MEDIA,
        HEADERS_TOO_LARGE,
        VALIDATION,
        TOO_MUCH,
        KEY_REUSED,
        BUSY,
        INTERNAL,
        UNAVAILABLE,
        FULL,
        DISK_FULL,
        OUTCOME_UNKNOWN,
    )
}

_NOWHERE = {kind.status: kind for kind in (REQUEST, NOT_FOUND, METHOD, TIMEOUT, HEADERS_TOO_LARGE, FULL)}

ALWAYS = (REQUEST, TIMEOUT, HEADERS_TOO_LARGE)
"""Problems of any request."""
ANYWHERE = (UNAUTHORIZED, VALIDATION, BUSY, UNAVAILABLE, FULL)
"""Further problems of any operation that needs a token."""


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field: its path in the body (``due.date``), or a parameter's or header's name.

    In a filter or a sort, ``column`` is where the error begins (code points, from 1), and ``suggestion`` a correction.
    """

    field: str
    detail: str
    column: int | None = None
    suggestion: str | None = None


class Problem(HTTPException):
    """A refusal. ``members`` extend the problem's object (RFC 9457, section 3.2).

    Only the first ``MOST_ERRORS`` of ``errors`` are listed; ``more`` is the number of further ones.
    """

    def __init__(
        self,
        kind: ProblemType,
        detail: str | None = None,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
        more: int = 0,
        **members: Any,
    ) -> None:
        super().__init__(kind.status, detail or kind.meaning, dict(headers or {}))
        self.kind, self.errors, self.members = kind, tuple(errors[:MOST_ERRORS]), members
        self.more = more + len(errors) - len(self.errors)


def document(problem: Problem) -> dict[str, Any]:
    """Return the problem's JSON object, its texts cut so that it never has more than ``MOST_BYTES``."""
    kind, detail = problem.kind, _cut(problem.detail, _DETAIL_BYTES)
    body: dict[str, Any] = {"type": kind.type, "title": kind.title, "status": kind.status, "detail": detail}
    if problem.errors:
        more = [FieldError("errors", f"and {problem.more:,} more")] if problem.more else []
        body["errors"] = [_render(error) for error in (*problem.errors, *more)]
    return body | problem.members


def _render(error: FieldError) -> dict[str, Any]:
    cut = replace(
        error,
        field=_cut(error.field, _FIELD_BYTES),
        detail=_cut(error.detail, _ERROR_BYTES),
        suggestion=error.suggestion and _cut(error.suggestion, _SUGGESTION_BYTES),
    )
    return {name: value for name, value in asdict(cut).items() if value is not None}


def _cut(text: str, most: int) -> str:
    """Return a text, or its beginning where it has more than ``most`` bytes as JSON in ASCII."""
    room = most
    for place, character in enumerate(text):
        room -= len(json.dumps(character)) - 2
        if room < 0:
            return f"{text[:place]}…"
    return text


def respond(problem: Problem) -> Response:
    """Return the problem as a response."""
    # ASCII escapes can represent anything a client sent, even half a surrogate pair in a field's name.
    content = json.dumps(document(problem), separators=(",", ":")).encode("ascii")
    again = {} if problem.kind.again is None else {"Retry-After": str(problem.kind.again)}
    return Response(content, problem.kind.status, again | dict(problem.headers or {}), MEDIA_TYPE)


def refuse(status: int, detail: str | None = None) -> Response:
    """Return the response with ``status`` to a request that reaches no operation."""
    return respond(Problem(_NOWHERE.get(status, INTERNAL), detail))


def invalid(errors: Sequence[FieldError], more: int = 0) -> Problem:
    """Return the problem of unusable fields: ``errors``, and the number of ``more`` that are not listed."""
    return Problem(VALIDATION, " ".join(f"{error.field}: {error.detail}" for error in errors[:3]), errors, more=more)


def documented(*kinds: ProblemType) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of these problems, by status, with an example of each."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        entry = found.setdefault(
            kind.status,
            {"description": kind.title, "content": {MEDIA_TYPE: {"schema": _REFERENCE, "examples": {}}}},
        )
        errors = _EXAMPLE_ERRORS.get(kind, ())
        entry["content"][MEDIA_TYPE]["examples"][kind.name] = {"value": document(Problem(kind, errors=errors))}
    return found


_EXAMPLE_ERRORS = {
    VALIDATION: [FieldError("due.date", "Write a date of the years 1970 to 9999 as YYYY-MM-DD, such as 2026-11-23.")],
    CURSOR: [FieldError("cursor", "It is not a cursor of this list. Send it unchanged, or leave it out.")],
    MALFORMED: [FieldError("body", "It is not JSON: Expecting value (line 1, column 11).")],
    TOO_LARGE: [FieldError("body", "It has more than 256 KiB.")],
    MEDIA: [FieldError("Content-Type", "It is missing.")],
    KEY_REUSED: [FieldError("Idempotency-Key", "It was used for another request.")],
}
_TEXT = {"type": "string"}
_REFERENCE = {"$ref": "#/components/schemas/Problem"}
SCHEMA = {
    "type": "object",
    "title": "Problem",
    "description": "A problem (RFC 9457).",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference"},
        "title": _TEXT,
        "status": {"type": "integer"},
        "detail": _TEXT,
        "errors": {
            "type": "array",
            "maxItems": MOST_ERRORS + 1,
            "items": {
                "type": "object",
                "required": ["field", "detail"],
                "properties": {"field": _TEXT, "detail": _TEXT, "column": {"type": "integer"}, "suggestion": _TEXT},
            },
        },
    },
}
"""The schema of every problem, in OpenAPI."""


def install(app: FastAPI) -> None:
    """Answer every refusal of ``app`` with a problem."""
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(Exception, _internal)


_BY_STATUS = {400: MALFORMED, 404: NOT_FOUND, 405: METHOD, 413: TOO_LARGE, 415: MEDIA}


async def _http(request: Request, error: Exception) -> Response:
    if isinstance(error, Problem):
        return respond(error)
    assert isinstance(error, HTTPException)
    kind = _BY_STATUS.get(error.status_code, INTERNAL)
    detail = f"There is nothing at {request.url.path}." if kind is NOT_FOUND else None
    return respond(Problem(kind, detail, headers=error.headers))


async def _validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return respond(unfit(error.errors()))


async def _internal(request: Request, error: Exception) -> Response:
    _log.error("request failed", path=path_of(request.scope), exc_info=error)
    return respond(Problem(INTERNAL))


_SENTENCES = {
    "extra_forbidden": "There is no such field. Leave it out.",
    "missing": "This field is required.",
}


def unfit(entries: Sequence[Any]) -> Problem:
    """Return the problem of pydantic's errors, each with a location like ``("body", "due", "date")``."""
    return invalid([_field(entry) for entry in entries[:MOST_ERRORS]], max(len(entries) - MOST_ERRORS, 0))


def _field(entry: Mapping[str, Any]) -> FieldError:
    place, *path = entry["loc"] or ("body",)
    name = ".".join(map(str, path)) or str(place)
    detail = _SENTENCES.get(entry["type"], entry["msg"].removeprefix("Value error, ").rstrip(".") + ".")
    return FieldError(name, detail)
