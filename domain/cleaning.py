"""Cleans text that people paste of what they do not see, before it is checked (see ``validation``).

What stands in a line loses its line breaks and tabs to a space, and the characters that show nothing or turn the
direction of text; notes keep their lines. A tag loses the # that people write before it. What is cleaned once is
cleaned already, and what nobody pastes unseen, such as an escape sequence, is left for ``validation`` to refuse.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

Fields = TypeVar("Fields")

_BREAKS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
_MARK, _OBJECT = "\ufeff", "\ufffc"
_NOTHING = (
    f"{_MARK}\u00ad{_OBJECT}"  # a byte order mark, a soft hyphen, what stands for an object that was not pasted
    "\u202a-\u202e\u2066-\u2069\u206a-\u206f"  # embeddings, overrides, isolates, and marks that Unicode has given up
    "\u2060-\u2064\ufff9-\ufffb"  # joiners of words and formulas, annotations
)
_UNSEEN = re.compile(
    f"[{_NOTHING}]"
    "|\u200b(?![\u0e00-\u109f\u1780-\u17ff])"  # between words, but for scripts that write no other space there
)
_AROUND = re.compile(rf"[\s\u200b{_NOTHING}]*")
_SPACE = re.compile(r"\s+")
_BROKEN = re.compile(f"[\t{_BREAKS}]")
_LINES = re.compile(f"\r\n|[{_BREAKS}]")
_BEFORE_A_TAG = re.compile("\\A[\\s#\uff03]+")
"""What people write before a tag, also in full width, and the space between."""


def line(text: str) -> str:
    """Return a text as one line: line breaks and tabs, with the space around them, are a space, the unseen is gone."""
    if _is_plain(text):
        return text
    return _SPACE.sub(lambda found: " " if _BROKEN.search(found[0]) else found[0], _UNSEEN.sub("", text)).strip()


def unseen(line: str) -> str | None:
    """Return the first character of a line that ``line`` takes away, None where there is none."""
    found = None if _is_plain(line) else _UNSEEN.search(line)
    return found[0] if found else None


def lines(text: str) -> str:
    """Return a text of several lines: each ends with a line feed, and no byte order mark is left."""
    return _LINES.sub("\n", text.replace(_MARK, ""))


def tag(name: str) -> str:
    """Return a tag's name: a line, without the # before it, however many and however far apart."""
    return _BEFORE_A_TAG.sub("", line(name)).strip()


def word(text: str) -> str:
    """Return a text of some notation, such as a rule or a colour, without what stands around it."""
    return _UNSEEN.sub("", text).strip()


def query(text: str) -> str:
    """Return a filter or a sort without what stands around it unseen; before it are spaces, so that columns stay."""
    before, behind = (len(found[0]) for each in (text, text[::-1]) if (found := _AROUND.match(each)))
    return " " * before + text[before : max(before, len(text) - behind)]


def cleaned(fields: Fields) -> Fields:
    """Return what people set of a task, a list, a filter or a tag with its texts cleaned, each by its kind."""
    from msgspec.structs import replace  # noqa: PLC0415 - the terminal cleans names, and is not to wait for it

    struct: Any = fields
    texts = {name: getattr(struct, name) for name in struct.__struct_fields__ if name in _KINDS}
    clean: Fields = replace(struct, **{name: _KINDS[name](value) for name, value in texts.items() if value})
    return clean


def tags(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return the names of tags, cleaned, each at its place."""
    return tuple(map(tag, names))


def _is_plain(text: str) -> bool:
    """Tell quickly of most texts that there is nothing to clean."""
    return text.isprintable() and _OBJECT not in text


_KINDS: Mapping[str, Callable[[Any], Any]] = {
    "title": line,
    "name": line,
    "notes": lines,
    "tags": tags,
    "rrule": word,
    "colour": word,
    "text": query,
    "sort": query,
}
"""By the name of a field in the records, how its text is cleaned."""
