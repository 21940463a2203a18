"""The typed client of Rondo's API: ``Rondo`` for plain programs, ``AsyncRondo`` for asyncio, of one description."""

from rondo.client.asynchronous import AsyncRondo
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
)
from rondo.client.login import Login, Unknown
from rondo.client.shapes import Answer, Due, Entry, Json, List, Notification, Reminder, StandingReminder, Task

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
    "settled",
]
