"""Limits on the length and depth of a filter, which keep parsing and evaluating it fast."""

import unicodedata

from lark import Token

from domain.query.errors import QueryError
from domain.query.values import error

MAX_LENGTH = 2000
"""The most characters of a filter."""
MAX_WORDS = 250
"""The most names and values in it."""
MAX_BRACKETS = 30
"""The most brackets open at once; only they nest conditions, so the tree is at most three times as deep."""


def check_characters(text: str) -> None:
    """Raise ``QueryError`` for a filter that is too long, or for its first character that is not allowed in text."""
    if len(text) > MAX_LENGTH:
        raise QueryError("filter", MAX_LENGTH + 1, f"A filter has at most {MAX_LENGTH:,} characters.")
    for place, character in enumerate(text, start=1):
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\t\n\r":
            raise QueryError("filter", place, f"The character U+{ord(character):04X} is not text; leave it out.")


class Bounds:
    """Counts a filter's values and open brackets, token by token."""

    def __init__(self) -> None:
        self._words = 0
        self._open = 0

    def check(self, token: Token) -> None:
        """Raise ``QueryError`` for the token that exceeds a limit."""
        self._words += token.type in ("WORD", "STRING", "TAG")
        self._open += (token.type == "LPAR") - (token.type == "RPAR")
        if self._words > MAX_WORDS:
            raise error(token, f"A filter has at most {MAX_WORDS} names and values; look for less, or in two steps.")
        if self._open > MAX_BRACKETS:
            raise error(token, f"At most {MAX_BRACKETS} brackets are open at once; leave some out.")
