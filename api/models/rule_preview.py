"""The response with the occurrences of a rule."""

from datetime import datetime
from typing import Any

import msgspec
from pydantic import BaseModel

from api.http.problems import FieldError, invalid
from api.models.formats import Local
from domain.invalid import Invalid
from domain.recurrence import checks
from domain.recurrence.described import described
from domain.recurrence.preview import Cause
from domain.recurrence.rule_words import Language

_PARAMETERS = {"recurrence": "rule", "rdates": "rdate", "exdates": "exdate"}


class Occurrence(BaseModel):
    """An occurrence, and if it is moved, from where and why."""

    local: Local
    """What the clocks show."""
    at: datetime | None
    """Its instant; null without a zone."""
    planned: str | None
    """The day or time that the rule names, also one that does not exist; null if not moved or not writable."""
    moved_by: Cause | None
    reason: str | None


class OmittedOccurrence(BaseModel):
    """What is left out, and why."""

    planned: str | None
    """The day or time that the rule names, also one that does not exist; null if it can't be written."""
    omitted_by: Cause
    reason: str


class Occurrences(BaseModel):
    """The first occurrences of a rule, and what is left out before the last of these."""

    rule: str
    """In its canonical form."""
    words: str
    occurrences: list[Occurrence]
    omitted: list[OmittedOccurrence]
    ended: bool
    """Whether there are no more."""


def content(  # noqa: PLR0917 - run in a thread
    rule: str,
    start: str,
    zone: str | None,
    exdates: list[str] | None,
    rdates: list[str] | None,
    most: int,
    language: Language,
) -> bytes:
    """Return ``Occurrences`` as JSON. Raises ``Problem``. It may take some tens of milliseconds."""
    try:
        found = checks.recurrence_set(rule, checks.start_at(start, zone), rdates or (), exdates or ())
    except Invalid as error:
        raise invalid([FieldError(_PARAMETERS.get(error.field, error.field), error.detail)]) from None
    answer: dict[str, Any] = described(found, most, language)
    return msgspec.json.encode(answer)
