"""Rejection codes: every code that an outcome or a bulk's refusal may have, and its meaning."""

from collections.abc import Mapping
from enum import StrEnum


class Code(StrEnum):
    """A stable word for programs; the outcome's ``detail`` is the sentence for people."""

    INVALID = "invalid"
    NOT_FOUND = "not-found"
    DELETED = "deleted"
    CONFLICT = "conflict"
    VERSION = "version"
    NOT_EMPTY = "not-empty"
    CONTRADICTED = "contradicted"
    REFUSED = "refused"
    RESOLUTION = "resolution"
    ENDED = "ended"


MEANINGS: Mapping[Code, str] = {
    Code.INVALID: "A field is not usable. `field` names it, and `detail` says what it needs.",
    Code.NOT_FOUND: "The entity does not exist, or belongs to someone else.",
    Code.DELETED: "The entity was deleted. It can be restored for 30 days.",
    Code.CONFLICT: "A field is valid, but conflicts with the current state.",
    Code.VERSION: "The entity does not have the version that the command expects (`If-Match`, or beside an id).",
    Code.NOT_EMPTY: "A list is deleted only once no open or completed task is on it.",
    Code.CONTRADICTED: "It can't be undone: fields that it changed were changed again since. `detail` names them.",
    Code.REFUSED: "None of the tasks of this part of a bulk could be changed; the bulk says why for each.",
    Code.RESOLUTION: "A bulk was begun on other tasks, or in other versions, under this Idempotency-Key.",
    Code.ENDED: "A series ends: its next occurrence would be after the year 9999, or follow one that was purged.",
}
