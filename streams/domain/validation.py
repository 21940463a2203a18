"""What people may write into a task: checked, and brought into one form, before a command is written.

Text is brought into Unicode's composed form (NFC) and holds no control characters; lengths count its code points.
"""

import unicodedata
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from msgspec.structs import replace

from schemas.records import Due, Reminder, TaskFields
from streams.domain import composition, recurrence, times
from streams.domain.invalid import Invalid

MAX_TITLE = 500
MAX_NOTES = 16_384
MAX_TAGS = 50
MAX_TAG = 64
MAX_REMINDERS = 20
MAX_BEFORE = 366 * 24 * 60 * 60
"""The longest time between a reminder and the due, in seconds."""

ALL = TaskFields.__struct_fields__


@dataclass(frozen=True)
class Checked:
    """The fields in their one form, and everything that is wrong with them; with problems, the fields are of no use."""

    fields: TaskFields
    problems: tuple[Invalid, ...]


def check(fields: TaskFields, named: Collection[str] = ALL) -> Checked:
    """Check the ``named`` fields: all for a new task, in a change those that it sets.

    What depends on fields that a change leaves alone, such as a rule on the due, is decided with the task at hand.
    """
    problems: list[Invalid] = []
    for name in _CHECKS.keys() & named:
        try:
            fields = replace(fields, **{name: _CHECKS[name](getattr(fields, name))})
        except Invalid as problem:
            problems.append(problem)
    if not problems:
        problems.extend(_at_odds(fields, named))
    return Checked(fields, tuple(sorted(problems, key=lambda problem: problem.field)))


def _at_odds(fields: TaskFields, named: Collection[str]) -> Iterator[Invalid]:
    """Yield what is wrong between named fields that are right each."""
    if "due" not in named:
        return
    try:
        if "rrule" in named and fields.rrule is not None:
            composition.check_rule(fields.rrule, fields.due)
    except Invalid as problem:
        yield problem
    try:
        if "reminders" in named:
            composition.check_reminders(fields.due, fields.reminders)
    except Invalid as problem:
        yield problem


def _title(value: str) -> str:
    title = _text("title", value.strip(" \t\r\n")).strip()
    if not 1 <= len(title) <= MAX_TITLE:
        raise Invalid("title", f"A title has 1 to {MAX_TITLE} characters.")
    return title


def _notes(value: str) -> str:
    notes = _text("notes", value.replace("\r\n", "\n").replace("\r", "\n"), allowed="\n\t")
    if len(notes) > MAX_NOTES:
        raise Invalid("notes", f"Notes have at most {MAX_NOTES:,} characters.")
    return notes


def _tags(values: tuple[str, ...]) -> tuple[str, ...]:
    tags = {_text("tags", value).strip() for value in values}
    if len(tags) > MAX_TAGS:
        raise Invalid("tags", f"A task has at most {MAX_TAGS} tags.")
    if not all(1 <= len(tag) <= MAX_TAG for tag in tags):
        raise Invalid("tags", f"A tag has 1 to {MAX_TAG} characters.")
    return tuple(sorted(tags))


def _due(value: Due | None) -> Due | None:
    return None if value is None else times.check(value)


def _rrule(value: str | None) -> str | None:
    return None if value is None else recurrence.check(value, None)


def _reminders(values: tuple[Reminder, ...]) -> tuple[Reminder, ...]:
    if len(values) > MAX_REMINDERS:
        raise Invalid("reminders", f"A task has at most {MAX_REMINDERS} reminders.")
    if len({reminder.id for reminder in values}) < len(values):
        raise Invalid("reminders", "Each reminder of a task has an id of its own.")
    for reminder in values:
        _check_reminder(reminder)
    return values


def _check_reminder(reminder: Reminder) -> None:
    if (reminder.before is None) == (reminder.at is None):
        raise Invalid("reminders", "A reminder has either `before`, a time before the due, or `at`, an instant.")
    if reminder.before is not None and not 0 <= reminder.before <= MAX_BEFORE:
        raise Invalid("reminders", "`before` is from 0 seconds to 366 days.")
    if reminder.at is not None and not 0 <= reminder.at < times.END:
        raise Invalid("reminders", "`at` is an instant of the years 1970 to 9999.")


def _text(field: str, value: str, allowed: str = "") -> str:
    """Return the text in NFC; raise ``Invalid`` for a control character or half of a surrogate pair."""
    for character in value:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in allowed:
            raise Invalid(field, f"The character U+{ord(character):04X} is not text; leave it out.")
    return unicodedata.normalize("NFC", value)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "title": _title,
    "notes": _notes,
    "tags": _tags,
    "due": _due,
    "rrule": _rrule,
    "reminders": _reminders,
}
