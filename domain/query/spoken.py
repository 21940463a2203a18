"""Recognizes dates of several words in a filter: `due < in 3 days`, `created > 2 days ago`.

They are not accepted; the error suggests the exactly equivalent date, if there is one.
"""

import re
from itertools import takewhile

from domain.query import phrases
from domain.query.errors import QueryError
from domain.query.fields import FIELDS, SHORTHANDS, FieldType
from domain.query.values import KINDS_OF_DATE, is_date

_FIELD = rf"\b(?P<field>{'|'.join(name for name, kind in FIELDS.items() if kind is FieldType.DATE)})"
_REST = r"[^()\"&|!=<>~,#\\]+"
_DATED = re.compile(
    rf"{_FIELD}(?:\s*(?P<sign>==?|!=|<>|<=|>=|<|>)(?P<said>{_REST})|(?P<among>\s{_REST}))", re.IGNORECASE
)
_BEGINNING = {*FIELDS, *SHORTHANDS, "not", "no", "has"}
"""Words that begin another condition, so that an `and` is missing before them."""
_MOST = 8
"""The most words of a date."""


def spoken(text: str, place: int) -> QueryError | None:
    """Return the error for a date of several words, if the unexpected token at a place of a filter is a part of one."""
    for found in _DATED.finditer(text):
        if found.start() <= place <= found.end() and text.count('"', 0, found.start()) % 2 == 0:
            return _compared(found, place) if found["sign"] else _among(found)
    return None


def _compared(found: re.Match[str], place: int) -> QueryError | None:
    """Read ``due < in 3 days``."""
    words = _words(found["said"])
    if not 1 < len(words) <= _MOST or (is_date(words[0][0]) and words[1][0].lower() in _BEGINNING):
        return None
    (_, start), (last, end) = words[0], words[-1]
    before, said = found.start("said"), " ".join(word for word, _ in words)
    if place > before + end + len(last):
        return None
    return _error(before + start, said, _suggestion(found["sign"], said.lower()))


def _among(found: re.Match[str]) -> QueryError | None:
    """Read ``due in 3 days``."""
    said = " ".join(word for word, _ in _words(found["among"])[:_MOST])
    same = phrases.date(said) if said.lower().startswith("in ") else None
    return _error(found.start(), f"{found['field']} {said}", f"{found['field']} = {same}") if same else None


def _words(said: str) -> list[tuple[str, int]]:
    """Return the words up to an `and` or `or`, with their places."""
    words = ((word[0], word.start()) for word in re.finditer(r"\S+", said))
    return list(takewhile(lambda word: word[0].lower() not in {"and", "or"}, words))


def _suggestion(sign: str, said: str) -> str | None:
    if said == "next week":
        return "monday" if sign in {"<", ">="} else None  # it begins with Monday
    together = said.replace(" ", "t", 1)
    return phrases.date(said) or (together.upper() if is_date(together) else None)


def _error(place: int, said: str, suggestion: str | None) -> QueryError:
    quoted = said if len(said) <= 40 else f"{said[:40]}…"
    return QueryError("filter", place + 1, f"`{quoted}` is no date.", KINDS_OF_DATE, suggestion)
