"""Why commands are rejected: every code that an outcome or a bulk's refusal may bear, and what it means."""

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
    Code.NOT_FOUND: "What the command is about does not exist, or belongs to someone else.",
    Code.DELETED: "It was deleted. What is deleted can be restored for 30 days.",
    Code.CONFLICT: "A field is right in itself, but does not fit to what stands.",
    Code.VERSION: "It has another version by now than the command expects (`If-Match`, or the version beside an id).",
    Code.NOT_EMPTY: "A list is deleted only once no open or completed task is on it.",
    Code.CONTRADICTED: "It can't be undone: what it changed was changed again since. `detail` names the fields.",
    Code.REFUSED: "Of all the tasks of this part of a bulk none could be changed; the bulk says why of each.",
    Code.RESOLUTION: "A bulk was begun on other tasks, or in other versions, under this Idempotency-Key.",
    Code.ENDED: "A series ends: its next occurrence would begin or be due after the year 9999.",
}
