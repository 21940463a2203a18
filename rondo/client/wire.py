"""How a call becomes a request of httpx, its response an answer or an error, and when it is worth trying again.

What can be repeated safely is: reading always, a command because each has an Idempotency-Key. So a client tries again
where nothing answers, or a part of Rondo is away, up to ``ATTEMPTS`` times within ``PATIENCE``.
"""

import ipaddress
from typing import Any

import httpx

from rondo.client.calls import Call
from rondo.client.errors import GATEWAYS, NotRondo, OutcomeUnknown, RondoError, Unavailable, Unreachable, problem

ATTEMPTS = 4
PATIENCE = 30.0
"""Seconds after which nothing is tried again."""
CONNECT = 5.0
"""Seconds that a connection may take."""
LONGEST_PAUSE = 10.0
"""Seconds to wait between two attempts at most, whatever the API asks for."""


def options(url: str, token: str, timeout: float) -> dict[str, Any]:
    """Return how a client of httpx talks to the API."""
    return {
        "base_url": url,
        "headers": {"Authorization": f"Bearer {token}"},
        "timeout": httpx.Timeout(timeout, connect=min(timeout, CONNECT)),
        "trust_env": not _is_loopback(url),  # a proxy does not lead to this machine
    }


def _is_loopback(url: str) -> bool:
    host = httpx.URL(url).host
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def request(call: Call[Any]) -> dict[str, Any]:
    """Return a call as httpx takes it."""
    return {
        "method": call.method,
        "url": call.path,
        "json": call.body,
        "params": dict(call.query),
        "headers": dict(call.headers),
    }


def again(error: Exception) -> bool | float:
    """Say whether to try again after an error, and where the API asks for it, after how many seconds."""
    if isinstance(error, Unavailable | OutcomeUnknown):
        return min(error.retry_after, LONGEST_PAUSE) if error.retry_after else True
    return isinstance(error, Unreachable)


def in_doubt(call: Call[Any], error: RondoError) -> bool:
    """Tell whether a command may have been taken in spite of an error."""
    return call.method != "GET" and isinstance(error, OutcomeUnknown | Unreachable)


def answered(url: str, answer: httpx.Response) -> Any:
    """Return the JSON of an answer. Raises ``Problem``, or ``NotRondo`` for what the API would never say."""
    media = answer.headers.get("content-type", "").partition(";")[0]
    if answer.is_success and media == "application/json":
        return _object(url, answer)
    retry_after = _seconds(answer.headers.get("retry-after", ""))
    if media == "application/problem+json":
        raise problem(_object(url, answer), retry_after)
    if answer.is_error:  # a proxy's answer, not the API's
        document = {"status": answer.status_code, "title": answer.reason_phrase}
        if answer.status_code in GATEWAYS and answer.request.method != "GET":  # who knows how far the request came
            raise OutcomeUnknown(document, retry_after)
        raise problem(document, retry_after)
    raise NotRondo(url, f"status {answer.status_code}, {media or 'no media type'}")


def _object(url: str, answer: httpx.Response) -> Any:
    try:
        if isinstance(found := answer.json(), dict):
            return found
    except ValueError:
        pass
    raise NotRondo(url, "its body is not a JSON object")


def _seconds(text: str) -> float | None:
    """Return the seconds of a Retry-After, if it says seconds (RFC 9110, section 10.2.3, also allows a date)."""
    return float(text) if text.isascii() and text.isdecimal() else None


def unreachable(url: str, error: httpx.RequestError) -> Unreachable:
    """Return what kept an answer from coming."""
    if isinstance(error, httpx.TimeoutException):
        return Unreachable(url, "it did not answer in time")
    return Unreachable(url, str(error) or type(error).__name__)
