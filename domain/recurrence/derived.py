"""The command that the recurrence stage derives from an event, by decision version."""

from domain.decision import BEFORE_6, UNENDING
from domain.recurrence import advance, succession
from schemas.records import CreateOccurrence, TaskCompleted, TaskMissed, TaskSkipped

CLOSING = (TaskCompleted, TaskSkipped, TaskMissed)
"""The types of events that a command may be derived from."""


def derived(event: advance.Closed, version: str) -> CreateOccurrence | None:
    """Return the command that creates the occurrence after a closed one, or ends its series; None if there is none."""
    if version not in BEFORE_6:
        return advance.following(event, version)
    if not isinstance(event, TaskCompleted):
        return None
    return succession.following(event) or (None if version in UNENDING else succession.ending(event))
