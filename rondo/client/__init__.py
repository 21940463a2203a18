"""The typed client of Rondo's API: ``Rondo`` for synchronous programs, ``AsyncRondo`` for asyncio."""

from typing import TYPE_CHECKING, Any

from rondo.client.blocking import Rondo
from rondo.client.calls import settled
from rondo.client.errors import (
    Conflict,
    Invalid,
    KeyReused,
    NotFound,
    NotRondo,
    OutcomeUnknown,
    Outdated,
    Pending,
    Problem,
    RondoError,
    Unauthorized,
    Unavailable,
    Unreachable,
    WrongWay,
)
from rondo.client.login import Login, Unknown
from rondo.client.models import Answer, Due, Entry, Json, List, Notification, Reminder, StandingReminder, Task

if TYPE_CHECKING:
    from rondo.client.asynchronous import AsyncRondo

__all__ = [
    "Answer",
    "AsyncRondo",
    "Conflict",
    "Due",
    "Entry",
    "Invalid",
    "Json",
    "KeyReused",
    "List",
    "Login",
    "NotFound",
    "NotRondo",
    "Notification",
    "OutcomeUnknown",
    "Outdated",
    "Pending",
    "Problem",
    "Reminder",
    "Rondo",
    "RondoError",
    "StandingReminder",
    "Task",
    "Unauthorized",
    "Unavailable",
    "Unknown",
    "Unreachable",
    "WrongWay",
    "settled",
]


def __getattr__(name: str) -> Any:
    """Import ``AsyncRondo`` on first use: httpx takes too long to import for the command line."""
    if name != "AsyncRondo":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rondo.client.asynchronous import AsyncRondo  # noqa: PLC0415

    return AsyncRondo
