"""A preview as plain data, as the API and `rondo occurrences --json` have it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.recurrence.preview import Omitted, Preview, Previewed, preview
from domain.recurrence.rule_words import WORDS, Language, describe_set
from domain.recurrence.sets import RecurrenceSet

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def described(found: RecurrenceSet, most: int, language: Language) -> dict[str, Any]:
    """Return the first ``most`` occurrences of a set, why one is moved or left out, and its rule in words."""
    listed: Preview = preview(found, most, WORDS[language])
    return {
        "rule": str(found.rule),
        "words": describe_set(found, language=language),
        "occurrences": [_occurrence(each) for each in listed.occurrences],
        "omitted": [_omitted(each) for each in listed.omitted],
        "ended": listed.ended,
    }


def _occurrence(each: Previewed) -> dict[str, Any]:
    instant = each.occurrence.instant
    at = None if instant is None else _EPOCH + timedelta(milliseconds=instant)
    return {
        "local": each.occurrence.key,
        "at": at and at.isoformat().replace("+00:00", "Z"),
        "planned": each.planned,
        "moved_by": each.moved_by,
        "reason": each.reason,
    }


def _omitted(each: Omitted) -> dict[str, Any]:
    return {"planned": each.planned, "omitted_by": each.omitted_by, "reason": each.reason}
