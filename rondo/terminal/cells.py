"""Coloured text in terminal cells: its width, line wrapping and escape codes."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from rich.cells import cell_len

CODES: Mapping[str, str] = {
    "bold": "1",
    "dim": "2",
    "strike": "9",
    "red": "31",
    "green": "32",
    "yellow": "33",
    "blue": "34",
    "cyan": "36",
}
"""The words of a style, and their SGR codes (ECMA-48, section 8.3.117)."""
LEVELS = (0, 95, 135, 175, 215, 255)
"""The levels of red, green and blue in the palette of 216 colours."""
_COLOUR = re.compile(r"#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})", re.IGNORECASE)
_TOKEN = re.compile(r"\S+|\s+")


def width(text: str) -> int:
    """Return the width of a text in cells."""
    return cell_len(text)


@dataclass(frozen=True)
class Cell:
    """Pieces of text, each with its style: words of ``CODES``, or a colour as #rrggbb."""

    pieces: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, text: str, style: str = "") -> "Cell":
        """Return a text in one style."""
        return cls(((text, style),))

    @property
    def plain(self) -> str:
        """The text without styles."""
        return "".join(text for text, _ in self.pieces)

    def part(self, first: int, end: int) -> "Cell":
        """Return the characters from ``first`` up to, but not including, ``end``."""
        begins = accumulate((len(text) for text, _ in self.pieces), initial=0)
        cut = ((text[max(0, first - at) : max(0, end - at)], style) for (text, style), at in zip(self.pieces, begins))  # noqa: B905
        return Cell(tuple((text, style) for text, style in cut if text))

    def lines(self, room: int) -> Iterator["Cell"]:
        """Yield it in lines of at most ``room`` cells, broken between words; longer words are broken within."""
        begin = 0
        for line in self.plain.split("\n"):
            for first, end in _cuts(line, max(1, room)):
                yield self.part(begin + first, begin + end)
            begin += len(line) + 1

    def render(self, colours: bool) -> str:
        """Return the text, with escape codes if ``colours``."""
        return "".join(_styled(text, style) if colours else text for text, style in self.pieces)


def _cuts(line: str, room: int) -> Iterator[tuple[int, int]]:
    """Yield the first and end indexes of a line's parts."""
    first = end = 0
    for token in _TOKEN.finditer(line):
        if token[0].isspace() or width(line[first : token.end()]) <= room:
            end = end if token[0].isspace() else token.end()
            continue
        if end > first:
            yield first, end
        first = end = token.start()
        for place in range(token.start(), token.end()):
            if place > first and width(line[first : place + 1]) > room:
                yield first, place
                first = place
        end = token.end()
    yield first, end


def _styled(text: str, style: str) -> str:
    codes = [code for word in style.split() if (code := CODES.get(word) or _colour(word))]
    return f"\x1b[{';'.join(codes)}m{text}\x1b[0m" if codes else text


def _colour(word: str) -> str:
    """Return the code of a colour: exact where the terminal supports true colour, else the nearest of 216."""
    if not (found := _COLOUR.fullmatch(word)):
        return ""
    levels = [int(level, 16) for level in found.groups()]
    if os.environ.get("COLORTERM", "").lower() in {"truecolor", "24bit"}:
        return f"38;2;{levels[0]};{levels[1]};{levels[2]}"
    red, green, blue = (min(range(6), key=lambda step: abs(LEVELS[step] - level)) for level in levels)
    return f"38;5;{16 + 36 * red + 6 * green + blue}"


def has_colours() -> bool:
    """Return whether colours are wanted here (no-color.org)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
