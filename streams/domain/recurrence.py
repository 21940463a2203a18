"""Recurrence: when a series goes on."""

from schemas.records import CreateOccurrence, Due, Recurrence, TaskCompleted


def check(rrule: str, start: Due | None) -> str:
    """Return the rule in its canonical form; raise ``Invalid``."""
    raise NotImplementedError


def next_due(recurrence: Recurrence, after_local: str, not_before: int | None) -> Due | None:
    """Return the first occurrence after a local key."""
    raise NotImplementedError


def following(event: TaskCompleted) -> CreateOccurrence | None:
    """Return the command that creates the next occurrence."""
    raise NotImplementedError
