"""How `--help` is laid out: as click does it, and on a narrow terminal each text below its option."""

from collections.abc import Sequence
from shutil import get_terminal_size

import click

NARROW = 52
"""Columns of a terminal that has no room for options and texts side by side; click lays nothing out for fewer."""


class Formatter(click.HelpFormatter):
    """Lays help out for the terminal, however narrow that is."""

    def __init__(self, indent_increment: int = 2, width: int | None = None, max_width: int | None = None) -> None:
        room = get_terminal_size().columns
        self._narrow = room < NARROW
        super().__init__(indent_increment, max(room - 2, 20) if self._narrow else width, max_width)

    def write_dl(self, rows: Sequence[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names with what they mean."""
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
