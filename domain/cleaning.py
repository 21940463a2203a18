"""Removes invisible characters from pasted text, before it is checked (see ``validation``).

In single-line text, line breaks and tabs become a space, and characters that are invisible or change the direction of
text are removed; notes keep their lines. A tag loses its leading #. Cleaning is idempotent. Characters that nobody
pastes by accident, such as an escape sequence, are left for ``validation`` to refuse.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Fields = TypeVar("Fields")

_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_MARK, _OBJECT = "\ufeff", "\ufffc"
_NOTHING = (
    f"{_MARK}\u00ad{_OBJECT}"  # a byte order mark, a soft hyphen, the placeholder of an object that was not pasted
    "\u202a-\u202e\u2066-\u2069\u206a-\u206f"  # embeddings, overrides, isolates, and deprecated marks
    "\u2060-\u2064\ufff9-\ufffb"  # joiners of words and formulas, annotations
)
_UNSEEN = re.compile(
    f"[{_NOTHING}]"
    "|\u200b(?![\u0e00-\u109f\u1780-\u17ff])"  # a zero-width space, except in scripts that have no other space
)
_AROUND = re.compile(rf"[\s\u200b{_NOTHING}]*")
_SPACE = re.compile(r"\s+")
_BROKEN = re.compile(f"[\t{_BREAKS}]")
_LINES = re.compile(f"\r\n|[{_BREAKS}]")
_BEFORE_A_TAG = re.compile("\\A[\\s#\uff03]+")
"""# before a tag, also in full width, with white space."""


def line(text: str) -> str:
    """Return text as one line: line breaks and tabs, with adjacent space, become a space; invisible characters go."""
    if _is_plain(text):
        return text
    return _SPACE.sub(lambda found: " " if _BROKEN.search(found[0]) else found[0], _UNSEEN.sub("", text)).strip()


def unseen(line: str) -> str | None:
    """Return the first character of a line that ``line`` would remove, or None."""
    found = None if _is_plain(line) else _UNSEEN.search(line)
    return found[0] if found else None


def lines(text: str) -> str:
    """Return text of several lines, with line feeds as line breaks and without byte order marks."""
    return _LINES.sub("\n", text.replace(_MARK, ""))


def tag(name: str) -> str:
    """Return a tag's name as one line, without any leading #."""
    return _BEFORE_A_TAG.sub("", line(name)).strip()


def word(text: str) -> str:
    """Return text in some notation, such as a rule or a colour, without surrounding space or invisible characters."""
    return _UNSEEN.sub("", text).strip()


def query(text: str) -> str:
    """Return a filter or a sort order without invisible characters around it; leading ones become spaces."""
    before, behind = (len(found[0]) for each in (text, text[::-1]) if (found := _AROUND.match(each)))
    return " " * before + text[before : max(before, len(text) - behind)]


def cleaned(fields: Fields) -> Fields:
    """Return the fields of a task, list, filter or tag with their texts cleaned, each as its kind requires."""
    from msgspec.structs import replace  # noqa: PLC0415 - the terminal cleans names, and must start fast

    struct: Any = fields
    texts = {name: getattr(struct, name) for name in struct.__struct_fields__ if name in _KINDS}
    clean: Fields = replace(struct, **{name: _KINDS[name](value) for name, value in texts.items() if value})
    return clean


def tags(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of tags, cleaned, in the same order."""
    return tuple(map(tag, names))


def words(dates: tuple[str, ...]) -> tuple[str, ...]:
    """Return dates, cleaned, in the same order."""
    return tuple(map(word, dates))


def _is_plain(text: str) -> bool:
    """Return quickly, for most texts, that there is nothing to clean."""
    return text.isprintable() and _OBJECT not in text


_KINDS: Mapping[str, Callable[[Any], Any]] = {
    "title": line,
    "name": line,
    "notes": lines,
    "tags": tags,
    "rrule": word,
    "rdates": words,
    "exdates": words,
    "colour": word,
    "text": query,
    "sort": query,
}
"""The function that cleans a field's text, by the field's name in the records."""
