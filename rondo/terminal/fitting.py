"""Tables that fit the terminal: a narrow one drops columns, the least important first. Words are not broken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Protocol

from rondo.terminal.cells import Cell, width

GAP = 2
"""Cells between two columns."""
LONG = 30
"""Words of more cells, such as addresses, may be broken: no column is dropped for them."""
WIDE = 10_000
"""Cells of a line in a pipe or a file: nothing is dropped there."""
NOTHING = Cell(())


class Layout(Protocol):
    """Output that is laid out for a width."""

    def lines(self, room: int) -> Iterator[Cell]:
        """Yield its lines of at most ``room`` cells."""


@dataclass(frozen=True)
class Column:
    """A column. The one with the greatest ``drop`` is dropped first; 0 is never dropped. ``wraps`` is at words.

    A column that wraps is not made narrower than its ``floor``, in cells, before others are dropped.
    """

    name: str
    drop: int = 0
    wraps: bool = False
    floor: int = 0
    right: bool = False


@dataclass(frozen=True)
class Fitted:
    """A table that is laid out for the width of the terminal."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    caption: str = ""

    def lines(self, room: int) -> Iterator[Cell]:
        """Yield its header, its rows, and its caption."""
        widths = self.widths(room)
        head = [Cell.of(column.name, "dim") for column in self.columns]
        for row in (head, *self.rows):
            wrapped = [row[place].lines(widths[place]) for place in widths]
            for parts in zip_longest(*wrapped, fillvalue=NOTHING):
                yield self._line(dict(zip(widths.items(), parts, strict=True)))
        yield from Cell.of(self.caption, "dim").lines(room) if self.caption else ()

    def _line(self, parts: dict[tuple[int, int], Cell]) -> Cell:
        pieces: list[tuple[str, str]] = []
        for (place, wide), part in parts.items():
            space = " " * (wide - width(part.plain))
            right = self.columns[place].right
            pieces += [("  " if pieces else "", ""), (space if right else "", ""), *part.pieces]
            pieces.append(("" if right else space, ""))
        line = Cell(tuple(pieces))
        return line.part(0, len(line.plain.rstrip(" ")))

    def widths(self, room: int) -> dict[int, int]:
        """Return the widths of the columns that are shown, by their indexes."""
        columns = list(range(len(self.columns)))
        least = {place: self._least(place) for place in columns}
        while sum(least[place] for place in columns) + GAP * (len(columns) - 1) > room:
            if not (others := [place for place in columns if self.columns[place].drop]):
                return self._shrunk(columns, room, dict.fromkeys(columns, 1))
            columns.remove(max(others, key=lambda place: self.columns[place].drop))
        return self._shrunk(columns, room, least)

    def _shrunk(self, columns: list[int], room: int, least: dict[int, int]) -> dict[int, int]:
        """Return widths that fit: the widest columns shrink first, none below its least width."""
        widths = {place: self._natural(place) for place in columns}
        too_much = sum(widths.values()) + GAP * (len(columns) - 1) - room
        while too_much > 0 and (able := [place for place in columns if widths[place] > least[place]]):
            widths[max(able, key=widths.__getitem__)] -= 1
            too_much -= 1
        return widths

    def _natural(self, place: int) -> int:
        return max(width(line) for text in self._texts(place) for line in text.split("\n"))

    def _least(self, place: int) -> int:
        column, natural = self.columns[place], self._natural(place)
        if not column.wraps:
            return natural
        words = (width(word) for text in self._texts(place) for word in text.split())
        return max(min(natural, column.floor), *(wide for wide in words if wide <= LONG))

    def _texts(self, place: int) -> list[str]:
        return [self.columns[place].name, *(row[place].plain for row in self.rows)]


@dataclass(frozen=True)
class Card:
    """Names and values, a row each; where a word does not fit beside the names, values are below them."""

    rows: Sequence[tuple[str, Cell]]

    def lines(self, room: int) -> Iterator[Cell]:
        """Yield the lines of each name and value."""
        names = max((len(name) for name, _ in self.rows), default=0)
        words = [width(word) for _, value in self.rows for word in value.plain.split()]
        if any(room - names - GAP < wide <= room - GAP for wide in words):
            yield from self._below(room - GAP)
            return
        for name, value in self.rows:
            for place, line in enumerate(value.lines(room - names - GAP)):
                yield Cell((((" " if place else name).ljust(names + GAP), "dim"), *line.pieces))

    def _below(self, room: int) -> Iterator[Cell]:
        for name, value in self.rows:
            yield Cell.of(name, "dim")
            yield from (Cell(((" " * GAP, ""), *line.pieces)) for line in value.lines(room))
