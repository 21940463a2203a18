"""Escapes users' text for the terminal."""

import re
import unicodedata

_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]+\U000e007f")
"""A flag such as Scotland's: its letters are format characters (Unicode Technical Standard 51, ED-14a)."""
_JOINERS = frozenset("\u200c\u200d")
_SIGNS = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
"""Visible format characters: signs around a number, in Arabic and others."""


def plain(text: str) -> str:
    """Return text with escapes for characters that move the cursor, fake a new field, or reorder or hide text.

    These are the control and format characters and the line separators. Joiners after a letter or symbol stay: many
    scripts and emoji need them.
    """
    flags = {place for found in _FLAG.finditer(text) for place in range(*found.span())}
    return "".join(
        each if place in flags or _is_plain(each, text[place - 1 : place]) else _escaped(each)
        for place, each in enumerate(text)
    )


def _is_plain(character: str, before: str) -> bool:
    if character in _JOINERS:
        return before != "" and unicodedata.category(before)[0] in "LMS"
    return character in _SIGNS or unicodedata.category(character) not in {"Cc", "Cf", "Zl", "Zp"}


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()
