"""What can go wrong between a program and the API. Every error's text is for the person who reads it."""

from collections.abc import Mapping
from typing import Any


class RondoError(Exception):
    """Any error of this client."""


class Unreachable(RondoError):
    """Nothing answered at the address, or not in time. A command may have been taken: its key makes repeating safe."""

    def __init__(self, url: str, reason: str) -> None:
        self.url, self.reason = url, reason
        super().__init__(f"Rondo can't be reached at {url} ({reason}).")


class WrongWay(Unreachable):
    """The environment names a proxy, or certificates, that can't be used. Nothing is sent, nor tried again."""


class NotRondo(RondoError):
    """Something answered that is not Rondo's API."""

    def __init__(self, url: str, answer: str) -> None:
        self.url = url
        super().__init__(f"What answers at {url} is not Rondo's API ({answer}): check the address.")


class Pending(RondoError):
    """The API has taken a command, but its outcome was not known in the time waited. It will come."""

    def __init__(self, command: str, task: str) -> None:
        self.command, self.task = command, task
        super().__init__(f"Rondo has taken the command {command}, and its outcome is not known yet.")


class Problem(RondoError):
    """The API refused a request (RFC 9457).

    ``kind`` is the last part of the problem's type; ``code`` the reason for which a command was rejected
    (``deleted``, ``conflict`` …), else the kind; ``fields`` what is wrong by field; ``retry_after`` the seconds that
    the API asks to wait; ``document`` the whole.
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
    """There is no such thing, not yet, or it belongs to someone else."""


class Conflict(Problem):
    """The task or list does not allow this as it stands; ``code`` says why."""


class Outdated(Problem):
    """The task or list has another version than the command was meant for, and nothing was done."""


class Invalid(Problem):
    """A field is not usable; ``fields`` says which, and what it needs."""


class KeyReused(Problem):
    """The Idempotency-Key stands for another request."""


class Unavailable(Problem):
    """A part of Rondo is away, and nothing was done, by no attempt."""


class OutcomeUnknown(Problem):
    """It is not known whether the command was taken; ``document`` names the command and its key, if the API said so."""


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
"""The problems that have an error of their own, by kind."""

GATEWAYS = (502, 503, 504)
"""Statuses with which a proxy says that there is nobody behind it for now, or did not answer."""
TOO_MANY = 429
"""The status with which a proxy refuses, for now, to pass a request on."""


def problem(document: Mapping[str, Any], retry_after: float | None = None) -> Problem:
    """Return a problem's document as the error that it is."""
    refused = Problem(document, retry_after)
    fallback = Unavailable if refused.status in {*GATEWAYS, TOO_MANY} else Problem
    return BY_KIND.get(refused.kind, fallback)(document, retry_after)
