"""How a call becomes a request, its response an answer or an error, and when it is worth trying again.

What can be repeated safely is: reading always, a command because each has an Idempotency-Key. So a client tries again
where nothing answers, or a part of Rondo is away, up to ``ATTEMPTS`` times within ``PATIENCE``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlencode

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
from schemas.addresses import without_secrets

ATTEMPTS = 4
PATIENCE = 30.0
"""Seconds after which nothing is tried again."""
CONNECT = 5.0
"""Seconds that a connection may take."""
LONGEST_PAUSE = 10.0
"""Seconds to wait between two attempts at most, whatever the API asks for."""


class Unanswered(Exception):
    """No answer came; the text says why."""


class Misled(Unanswered):
    """Nothing was asked: the environment names no usable way there; the text says which variable."""


class Headers(Protocol):
    """The headers of a response: names in any case."""

    def get(self, name: str, default: str, /) -> str:
        """Return a header's value."""


@dataclass(frozen=True)
class Request:
    """What is sent."""

    method: str
    target: str
    """The path below the API's address, and the query."""
    headers: Mapping[str, str]
    content: bytes | None


@dataclass(frozen=True)
class Reply:
    """What is answered."""

    method: str
    """The request's."""
    status: int
    reason: str
    headers: Headers
    content: bytes


def request(call: Call[Any], token: str) -> Request:
    """Return a call as it is sent."""
    query = f"?{urlencode(call.query, quote_via=quote)}" if call.query else ""
    headers = {"Accept": "application/json", "Authorization": f"Bearer {token}", **call.headers}
    if call.body is None:
        return Request(call.method, call.path + query, headers, None)
    content = json.dumps(call.body, ensure_ascii=False, separators=(",", ":")).encode()
    return Request(call.method, call.path + query, {**headers, "Content-Type": "application/json"}, content)


def again(error: Exception) -> bool | float:
    """Say whether to try again after an error, and where the API asks for it, after how many seconds."""
    if isinstance(error, Unavailable | OutcomeUnknown):
        return min(error.retry_after, LONGEST_PAUSE) if error.retry_after else True
    return isinstance(error, Unreachable) and not isinstance(error, WrongWay)


def in_doubt(call: Call[Any], error: RondoError) -> bool:
    """Tell whether a command may have been taken in spite of an error."""
    return call.method != "GET" and isinstance(error, OutcomeUnknown | Unreachable) and not isinstance(error, WrongWay)


def answered(url: str, reply: Reply) -> Any:
    """Return the JSON of an answer. Raises ``Problem``, or ``NotRondo`` for what the API would never say."""
    media = reply.headers.get("content-type", "").partition(";")[0]
    if 200 <= reply.status < 300 and media == "application/json":
        return _object(url, reply)
    retry_after = _seconds(reply.headers.get("retry-after", ""))
    if media == "application/problem+json":
        raise problem(_object(url, reply), retry_after)
    if reply.status >= 400:  # a proxy's answer, not the API's
        document = {"status": reply.status, "title": reply.reason}
        if reply.status in GATEWAYS and reply.method != "GET":  # who knows how far the request came
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
    """Return the seconds of a Retry-After, if it says seconds (RFC 9110, section 10.2.3, also allows a date)."""
    return float(text) if text.isascii() and text.isdecimal() else None


def unreachable(url: str, error: Exception) -> Unreachable:
    """Return what kept an answer from coming."""
    kind = WrongWay if isinstance(error, Misled) else Unreachable
    return kind(without_secrets(url), str(error))
