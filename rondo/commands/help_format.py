"""The layout of `--help`: click's, and on a narrow terminal each text below its option."""

from collections.abc import Sequence
from shutil import get_terminal_size

import click

NARROW = 52
"""Columns below which options and texts are not side by side; click lays out nothing narrower."""


class Formatter(click.HelpFormatter):
    """A help formatter for terminals of any width."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        room = get_terminal_size().columns
        self._narrow = room < NARROW
        super().__init__(indent_increment, max(room - 2, 20) if self._narrow else width, max_width)

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names and their explanations."""
        if not self._narrow:
            super().write_dl(rows, col_max, col_spacing)
            return
        for name, text in rows:
            self.write_text(name)
            with self.indentation():
                self.write_text(text)


class Context(click.Context):
    """A context whose help fits the terminal."""

    formatter_class = Formatter
