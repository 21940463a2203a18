"""Turns calls into requests, and responses into answers or errors; decides on retries.

All calls can be retried safely: reads always, commands because each has an Idempotency-Key. A client retries if there
is no answer, or if a part of Rondo is unavailable, up to ``ATTEMPTS`` times within ``PATIENCE``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlencode

from common.addresses import without_secrets
from rondo.client.call import Call
from rondo.client.errors import (
    GATEWAYS,
    NotRondo,
    OutcomeUnknown,
    RondoError,
    Unavailable,
    Unreachable,
    WrongWay,
    problem,
)

ATTEMPTS = 4
PATIENCE = 30.0
"""Seconds after which there are no retries."""
CONNECT = 5.0
"""Seconds to connect."""
LONGEST_PAUSE = 10.0
"""Maximum seconds between two attempts, whatever the API asks for."""


class Unanswered(Exception):
    """No answer came, for the reason in the text."""


class Misled(Unanswered):
    """Nothing was sent: a variable of the environment, named in the text, is invalid."""


class Headers(Protocol):
    """The headers of a response, by names in any case."""

    def get(self, name: str, default: str, /) -> str:
        """Return a header's value."""


@dataclass(frozen=True)
class Request:
    """An HTTP request."""

    method: str
    target: str
    """The path relative to the API's address, and the query."""
    headers: Mapping[str, str]
    content: bytes | None


@dataclass(frozen=True)
class Reply:
    """An HTTP response."""

    method: str
    """The method of the request."""
    status: int
    reason: str
    headers: Headers
    content: bytes


def request(call: Call[Any], token: str) -> Request:
    """Return the request of a call."""
    query = f"?{urlencode(call.query, quote_via=quote)}" if call.query else ""
    headers = {"Accept": "application/json", "Authorization": f"Bearer {token}", **call.headers}
    if call.body is None:
        return Request(call.method, call.path + query, headers, None)
    content = json.dumps(call.body, ensure_ascii=False, separators=(",", ":")).encode()
    return Request(call.method, call.path + query, {**headers, "Content-Type": "application/json"}, content)


def again(error: Exception) -> bool | float:
    """Return whether to retry after an error; if the API asks for a delay, its seconds."""
    if isinstance(error, Unavailable | OutcomeUnknown):
        return min(error.retry_after, LONGEST_PAUSE) if error.retry_after else True
    return isinstance(error, Unreachable) and not isinstance(error, WrongWay)


def in_doubt(call: Call[Any], error: RondoError) -> bool:
    """Return whether a command may have been accepted despite an error."""
    return call.method != "GET" and isinstance(error, OutcomeUnknown | Unreachable) and not isinstance(error, WrongWay)


def answered(url: str, reply: Reply) -> Any:
    """Return the JSON of an answer. Raises ``Problem``, or ``NotRondo`` for what the API never answers."""
    media = reply.headers.get("content-type", "").partition(";")[0]
    if 200 <= reply.status < 300 and media == "application/json":
        return _object(url, reply)
    retry_after = _seconds(reply.headers.get("retry-after", ""))
    if media == "application/problem+json":
        raise problem(_object(url, reply), retry_after)
    if reply.status >= 400:  # a proxy's answer, not the API's
        document = {"status": reply.status, "title": reply.reason}
        if reply.status in GATEWAYS and reply.method != "GET":  # the request may have reached the API
            raise OutcomeUnknown(document, retry_after)
        raise problem(document, retry_after)
    raise NotRondo(without_secrets(url), f"status {reply.status}, {media or 'no media type'}")


def _object(url: str, reply: Reply) -> Any:
    try:
        if isinstance(found := json.loads(reply.content), dict):
            return found
    except (ValueError, RecursionError):
        pass
    raise NotRondo(without_secrets(url), "its body is not a JSON object")


def _seconds(text: str) -> float | None:
    """Return the seconds of a Retry-After; None for a date (RFC 9110, section 10.2.3)."""
    return float(text) if text.isascii() and text.isdecimal() else None


def unreachable(url: str, error: Exception) -> Unreachable:
    """Return the error for an answer that did not come."""
    kind = WrongWay if isinstance(error, Misled) else Unreachable
    return kind(without_secrets(url), str(error))
