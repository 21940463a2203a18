"""Errors of the client. Their texts are for people."""

from collections.abc import Mapping
from typing import Any


class RondoError(Exception):
    """Any error of this client."""


class Unreachable(RondoError):
    """No answer came, or not in time. A command may have been accepted: its key makes repeating safe."""

    def __init__(self, url: str, reason: str) -> None:
        self.url, self.reason = url, reason
        super().__init__(f"Rondo can't be reached at {url} ({reason}).")


class WrongWay(Unreachable):
    """The environment names a proxy, or certificates, that can't be used. Nothing is sent, and there is no retry."""


class NotRondo(RondoError):
    """The answer is not from Rondo's API."""

    def __init__(self, url: str, answer: str) -> None:
        self.url = url
        super().__init__(f"The server at {url} is not Rondo's API ({answer}): check the address.")


class Pending(RondoError):
    """The API has accepted a command, but its outcome was not known within the wait. It will follow."""

    def __init__(self, command: str, task: str) -> None:
        self.command, self.task = command, task
        super().__init__(f"Rondo has accepted the command {command}, but its outcome is not known yet.")


class Problem(RondoError):
    """The API refused a request (RFC 9457).

    ``kind`` is the last part of the problem's type; ``code`` the reason of a rejection (``deleted``, ``conflict`` …),
    else the kind; ``fields`` the errors by field; ``retry_after`` the seconds that the API asks to wait; ``document``
    the JSON object.
    """

    def __init__(self, document: Mapping[str, Any], retry_after: float | None = None) -> None:
        self.document = dict(document)
        self.kind = str(document.get("type", "")).rpartition("/")[2]
        self.code = str(document.get("code") or self.kind)
        self.status = int(document.get("status", 0))
        self.detail = str(document.get("detail") or document.get("title") or "The API refused.")
        self.fields = {error["field"]: error["detail"] for error in document.get("errors", ())}
        self.retry_after = retry_after
        super().__init__(f"{self.detail} ({self.kind or 'no kind'}, {self.status})")


class Unauthorized(Problem):
    """The token is missing, expired, or not signed there."""


class NotFound(Problem):
    """There is no such entity, not yet, or it belongs to another user."""


class Conflict(Problem):
    """The command conflicts with the current state of the task or list; ``code`` is the reason."""


class Outdated(Problem):
    """The task or list has another version than the command requires; nothing was done."""


class Invalid(Problem):
    """A field is not usable; ``fields`` has the errors."""


class KeyReused(Problem):
    """The Idempotency-Key belongs to another request."""


class Unavailable(Problem):
    """A part of Rondo is unavailable, and no attempt did anything."""


class OutcomeUnknown(Problem):
    """It is unknown whether the command was accepted; ``document`` has its id and its key, if the API sent them."""


BY_KIND: Mapping[str, type[Problem]] = {
    "unauthorized": Unauthorized,
    "not-found": NotFound,
    "conflict": Conflict,
    "version": Outdated,
    "validation": Invalid,
    "idempotency-key-reused": KeyReused,
    "unavailable": Unavailable,
    "outcome-unknown": OutcomeUnknown,
}
"""The error classes of problems, by kind."""

GATEWAYS = (502, 503, 504)
"""Statuses of a proxy whose upstream is unavailable or did not answer."""
TOO_MANY = 429
"""The status of a proxy that refuses to pass a request on for now."""


def problem(document: Mapping[str, Any], retry_after: float | None = None) -> Problem:
    """Return the error of a problem's document."""
    refused = Problem(document, retry_after)
    fallback = Unavailable if refused.status in {*GATEWAYS, TOO_MANY} else Problem
    return BY_KIND.get(refused.kind, fallback)(document, retry_after)
