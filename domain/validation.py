"""Validates and normalizes users' input for tasks, lists, filters and tags, before a command is written.

Text is normalized to Unicode's composed form (NFC) and has no control characters; lengths count its code points.
Single-line text, such as a title, a name or a tag, can't disguise itself: it has a visible character, no line break of
any kind, and no character that changes the direction of text (Unicode Standard Annex 9, 2.1 to 2.5), which would make
it and following text read differently.
Text that would be too long in any form is refused before it is composed, and so is text with more consecutive combining
marks than any script has: composing takes the square of their number.
Invisible characters are refused here, too: ``cleaning`` removes them before, unless strictness is requested.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.structs import asdict, replace

from domain import cleaning, composition, merging, ranks, reminder_times, times
from domain.invalid import Invalid
from domain.recurrence import advance, succession
from domain.recurrence.checks import MAX_DATES
from schemas.records import Anchor, Due, Recurrence, Reminder, TaskFields

MAX_TITLE = 500
MAX_NOTES = 16_384
MAX_TAGS = 50
MAX_TAG = 64
MAX_NAME = 64
MAX_REMINDERS = 20
MAX_DAYS = 366
MAX_BEFORE = MAX_DAYS * 24 * 60 * 60
"""The longest time between a reminder and the due, in seconds, or between it and its repetition."""
MIN_REPEAT = 60
"""The shortest time between a reminder and its repetition, in seconds."""

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Embeddings, overrides and isolates; the marks U+200E, U+200F and U+061C affect only themselves."""
_BREAKING = frozenset("\u2028\u2029")
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Invisible letters and symbols: the Hangul fillers, and blank Braille."""
_WIDEST = 4
"""The most code points that compose to one."""
_MOST_MARKS = 100
"""The most consecutive combining marks; Unicode's Stream-Safe Text Format has 30 (Unicode Standard Annex 15, 13)."""

ALL = TaskFields.__struct_fields__

Fields = TypeVar("Fields", bound=Struct)
Checks: TypeAlias = Mapping[str, Callable[[Any], Any]]

_TAG = f"A tag has 1 to {MAX_TAG} characters."
_LOST = frozenset({".", ".."})
"""Names that clients remove from the end of an address, escaped or not (RFC 3986, section 5.2.4)."""
_COLOUR = re.compile("#[0-9a-f]{6}", re.ASCII)


@dataclass(frozen=True)
class Checked(Generic[Fields]):
    """The normalized fields, and all problems with them; with problems, the fields must not be used."""

    fields: Fields
    problems: tuple[Invalid, ...]


def check(fields: TaskFields, named: Collection[str] = ALL) -> Checked[TaskFields]:
    """Check the ``named`` fields: all for a new task, in an update those that it sets.

    Dependencies on fields that an update doesn't set, such as of a rule on the due, are checked when the command is
    decided; so are those on a due of which it sets only some members, see ``merging``.
    """
    each = _members(check_fields(fields, _CHECKS, named), named)
    return each if each.problems else Checked(each.fields, tuple(_sorted(_at_odds(each.fields, named))))


def check_fields(fields: Fields, checks: Checks, named: Collection[str] | None = None) -> Checked[Fields]:
    """Check the ``named`` fields independently: all (None) for a new entity, in an update those that it sets."""
    problems: list[Invalid] = []
    found: dict[str, Any] = {}
    for name in checks.keys() if named is None else checks.keys() & named:
        try:
            found[name] = checks[name](getattr(fields, name))
        except Invalid as problem:
            problems.append(problem)
    return Checked(replace(fields, **found), tuple(_sorted(problems)))


def _members(checked: Checked[TaskFields], named: Collection[str]) -> Checked[TaskFields]:
    """Check the members that an update sets of a field, see ``merging``."""
    fields, problems = checked.fields, list(checked.problems)
    for field in merging.OBJECTS:
        part: Due | None = getattr(fields, field)
        try:
            if part and (members := merging.named(field, named)):
                fields = replace(fields, **{field: merging.check(part, members, field)})
        except Invalid as problem:
            problems.append(problem)
    return Checked(fields, tuple(_sorted(problems)))


def _sorted(problems: Iterable[Invalid]) -> list[Invalid]:
    return sorted(problems, key=lambda problem: problem.field)


def _at_odds(fields: TaskFields, named: Collection[str]) -> Iterator[Invalid]:
    """Yield the inconsistencies between named fields that are each valid."""
    if "due" not in named:
        return
    try:
        if "start" in named:
            composition.check_start(fields.start, fields.due)
    except Invalid as problem:
        yield problem
    try:
        if "rrule" in named and fields.rrule is not None:
            rrule = composition.check_rule(fields.rrule, fields.due)
            assert fields.due is not None
            dates = {name: getattr(fields, name) for name in ("rdates", "exdates", "repeats")}
            advance.checked(Recurrence(rrule, fields.due, **dates))
        elif "rrule" in named:
            composition.check_without_rule(asdict(fields))
    except Invalid as problem:
        yield problem
    try:
        if "reminders" in named:
            counted = (each for each in fields.reminders if each.anchor.lower() in named)
            composition.check_reminders(fields.due, fields.start, tuple(counted))
    except Invalid as problem:
        yield problem


def title(value: str) -> str:
    """Return the title of a task in its one form; raise ``Invalid``."""
    return line("title", value, MAX_TITLE, f"A title has 1 to {MAX_TITLE} characters.")


def name(value: str) -> str:
    """Return the name of a list or a saved filter in canonical form. Raises ``Invalid``."""
    return line("name", value, MAX_NAME, f"A name has 1 to {MAX_NAME} characters.")


def line(field: str, value: str, most: int, detail: str) -> str:
    """Return single-line text in canonical form, of 1 to ``most`` characters. Raises ``Invalid``."""
    return _check_line(field, _text(field, value.strip(" \t\r\n"), most, detail), detail).strip()


def _check_line(field: str, line: str, detail: str) -> str:
    """Return single-line text. Raises ``Invalid`` if it may disguise itself."""
    if _is_plain(line) and not line.isspace():
        return line
    for character in line:
        if character in _TURNING:
            raise Invalid(field, f"The character U+{ord(character):04X} turns the direction of text; leave it out.")
        if character in _BREAKING:
            raise Invalid(field, f"The character U+{ord(character):04X} begins another line; leave it out.")
    if unseen := cleaning.unseen(line):
        raise Invalid(field, f"The character U+{ord(unseen):04X} shows nothing; leave it out.")
    if not any(map(_is_visible, line)):
        raise Invalid(field, f"{detail} At least one of them is visible." if line.strip() else detail)
    return line


def _is_visible(character: str) -> bool:
    category = unicodedata.category(character)
    # A character without a category (Cn) may be an emoji that is newer than this Python.
    return (category[0] in "LNPS" or category in ("Cn", "Co")) and character not in _BLANK


def colour(value: str | None) -> str | None:
    """Return a colour in canonical form. Raises ``Invalid``."""
    colour = None if value is None else value.lower()
    if colour is not None and not _COLOUR.fullmatch(colour):
        raise Invalid("colour", "A colour is written as #rrggbb, such as #1e90ff.")
    return colour


def _notes(value: str) -> str:
    return lines("notes", value, MAX_NOTES, f"Notes have at most {MAX_NOTES:,} characters.")


def lines(field: str, value: str, most: int, detail: str) -> str:
    """Return text of several lines in canonical form, of at most ``most`` characters. Raises ``Invalid``."""
    return _text(field, value.replace("\r\n", "\n").replace("\r", "\n"), most, detail, allowed="\n\t")


def _tags(values: tuple[str, ...]) -> tuple[str, ...]:
    tags = {tag(f"tags.{place}", value) for place, value in enumerate(values)}
    if len(tags) > MAX_TAGS:
        raise Invalid("tags", f"A task has at most {MAX_TAGS} tags.")
    return tuple(sorted(tags))


def tag(field: str, value: str) -> str:
    """Return a tag's name in canonical form. Raises ``Invalid``."""
    name = _check_line(field, _text(field, value.strip(" "), MAX_TAG, _TAG), _TAG).strip()
    if name.startswith("#"):
        raise Invalid(field, "A tag's name has no #, though filters write one before it; leave that out.")
    return addressed(field, name)


def addressed(field: str, name: str) -> str:
    """Return the name of a tag. Raises ``Invalid`` if it can't be part of an address."""
    if name in _LOST:
        raise Invalid(field, f"No tag can be named {name}: an address loses it. A bulk takes it from tasks.")
    return name


def existing_tag(field: str, value: str) -> str:
    """Return the name of a tag that a task may have, in canonical form. Raises ``Invalid`` if none ever could.

    Earlier versions accepted tags that ``tag`` refuses: they can still be found, renamed and removed.
    """
    name = _text(field, value.strip(" "), MAX_TAG, _TAG).strip()
    if not name:
        raise Invalid(field, _TAG)
    return name


def _due(value: Due | None) -> Due | None:
    return None if value is None else times.check(value)


def _start(value: Due | None) -> Due | None:
    return None if value is None else times.check(value, "start")


def _rrule(value: str | None) -> str | None:
    return None if value is None else succession.check(value, None)


def _dates(field: str, values: tuple[str, ...]) -> tuple[str, ...]:
    if len(values) > MAX_DATES:
        raise Invalid(field, f"A rule has at most {MAX_DATES} further dates and exceptions together.")
    return values


def _reminders(values: tuple[Reminder, ...]) -> tuple[Reminder, ...]:
    checked = (_reminder(f"reminders.{place}", reminder) for place, reminder in enumerate(values))
    values = tuple(dict.fromkeys(checked))
    if len(values) > MAX_REMINDERS:
        raise Invalid("reminders", f"A task has at most {MAX_REMINDERS} reminders.")
    if len({reminder.id for reminder in values}) < len(values):
        raise Invalid("reminders", "Each reminder of a task has an id of its own.")
    return values


def _reminder(field: str, reminder: Reminder) -> Reminder:
    """Return a reminder with its time as ``HH:MM:SS``. Raises ``Invalid``."""
    _check_reminder(field, reminder)
    if reminder.time is None or (time := times.checked_time(f"{field}.time", reminder.time)) == reminder.time:
        return reminder
    return reminder_times.named(replace(reminder, time=time))


def _check_reminder(field: str, reminder: Reminder) -> None:
    if (reminder.before is None) == (reminder.at is None):
        raise Invalid(field, "A reminder has either `before`, a time before the due, or `at`, an instant.")
    if reminder.before is not None and not 0 <= reminder.before <= MAX_BEFORE:
        raise Invalid(f"{field}.before", "`before` is from 0 seconds to 366 days.")
    if reminder.at is not None and not 0 <= reminder.at < times.END:
        raise Invalid(f"{field}.at", "`at` is an instant of the years 1970 to 9999.")
    if reminder.at is not None and (reminder.days or reminder.time or reminder.anchor is not Anchor.DUE):
        raise Invalid(field, "A reminder at an instant has no time before a due or start; leave one of the two out.")
    if reminder.time is not None and reminder.before:
        raise Invalid(f"{field}.time", "With `time`, `before` is in whole days or weeks, such as P1D.")
    if not 0 <= reminder.days <= MAX_DAYS:
        raise Invalid(f"{field}.before", f"`before` is at most {MAX_DAYS} days.")
    if reminder.repeat_every is not None and not MIN_REPEAT <= reminder.repeat_every <= MAX_BEFORE:
        raise Invalid(f"{field}.repeat_every", "A reminder is repeated every minute at most, every 366 days at least.")
    if not 0 <= reminder.repeat_days <= MAX_DAYS:
        raise Invalid(f"{field}.repeat_every", f"A reminder is repeated every {MAX_DAYS} days at least.")
    if reminder.repeat_days and reminder.repeat_every is not None:
        raise Invalid(
            f"{field}.repeat_every", "It is in whole days or weeks, such as P1D, or in exact time, such as PT2H."
        )


def _snoozed(value: int | None) -> int | None:
    if value is not None and not 0 <= value < times.END:
        raise Invalid("snoozed", "It is an instant of the years 1970 to 9999.")
    return value


def _text(field: str, value: str, most: int, too_long: str, allowed: str = "") -> str:
    """Return the text in NFC. Raises ``Invalid`` for a control character, half a surrogate pair, or its length."""
    if len(value) > _WIDEST * most:
        raise Invalid(field, too_long)
    text = value if _is_plain(value) else _composed(field, value, allowed)
    if len(text.strip()) > most:
        raise Invalid(field, too_long)
    return text


def _is_plain(text: str) -> bool:
    """Return whether a text has printable ASCII characters only: it is composed, and none is invisible but a space."""
    return bool(text) and text.isascii() and text.isprintable()


def _composed(field: str, value: str, allowed: str) -> str:
    marks = 0
    for character in value:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in allowed:
            raise Invalid(field, f"The character U+{ord(character):04X} is not text; leave it out.")
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks > _MOST_MARKS:
            raise Invalid(field, f"It has more than {_MOST_MARKS} combining marks in a row; leave some out.")
    return unicodedata.normalize("NFC", value)


_CHECKS: Checks = {
    "title": title,
    "notes": _notes,
    "tags": _tags,
    "due": _due,
    "rrule": _rrule,
    "rdates": partial(_dates, "rdates"),
    "exdates": partial(_dates, "exdates"),
    "reminders": _reminders,
    "snoozed": _snoozed,
    "start": _start,
    "rank": ranks.check,
}
