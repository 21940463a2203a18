"""Options that take one of a few words, and suggest the closest for another word."""

from collections.abc import Iterable, Mapping
from typing import Any

import click


class OneOf(click.Choice[str]):
    """One of these words. ``elsewhere`` maps words of other programs to these."""

    def __init__(self, words: Iterable[str], elsewhere: Mapping[str, str] | None = None) -> None:
        super().__init__([*words])
        self._elsewhere = elsewhere or {}

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the word. Raises ``click.BadParameter`` for another."""
        if value not in self.choices:
            suggestion = self._suggestion(str(value).lower())
            self.fail(f"{value!r} is not one of {', '.join(self.choices)}.{suggestion}", param, ctx)
        return str(value)

    def _suggestion(self, typed: str) -> str:
        from difflib import get_close_matches  # noqa: PLC0415 - seldom needed

        known = {**self._elsewhere, **{word: word for word in self.choices}}
        near = typed if typed in known else next(iter(get_close_matches(typed, known, 1)), None)
        return f" Did you mean `{known[near]}`?" if near else ""
