"""What a word is: one definition, by which titles and notes are indexed, looked through and marked.

Words are those between Unicode's default word boundaries (UAX #29, as ``regex`` finds them) that hold a letter or a
digit, parted at what else is in them (``can't`` is two words, ``example.com`` too), and folded
(``schemas/folding.py``). Three things are added to UAX #29, which leaves them to whoever knows the language:

* Where words are written without a space between them (Han, kana, Hangul, Thai, Khmer …), each letter with its marks is
  a word, and so is each with the next one: ``買う`` in ``牛乳を買う`` is found as one.
* An emoji is a word, whatever its skin; so is a flag.
* What folding joins is found whole and in its parts: ``H₂O`` as ``H2O``, and ``½`` in ``1½``.

Format characters, such as a soft hyphen or a joiner, are left out of words.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import accumulate, chain, pairwise
from typing import NamedTuple
from unicodedata import is_normalized

import regex

from schemas.folding import fold

LONGEST = 100
"""So many characters of a word count: Postgres takes 2,046 bytes."""

_APART = r"[[\p{L}&&\p{WB=Other}]\p{WB=Katakana}\p{Script=Hangul}]"
"""Letters between which no word ends that UAX #29 knows of, or each of which it takes for a word."""
_MARKS = r"[\p{M}[\p{DI}--\p{L}]]"
_LETTERS = r"[[\p{L}\p{N}\p{Alphabetic}]--\p{M}]"
_PIECE = regex.compile(
    rf"""(?wV1x)
    (?P<ascii> [A-Za-z0-9]++ (?! {_LETTERS} | {_MARKS} ) )
    | (?P<run> (?: {_APART} {_MARKS}* )+ )
    | (?!{_APART}) {_LETTERS} (?: (?!\b) (?!{_APART}) [{_LETTERS}{_MARKS}] )*
    | \p{{Extended_Pictographic}} (?: (?!\b) \S )*
    | \p{{RI}} \p{{RI}}?"""
)
_UNIT = regex.compile(rf"(?V1){_APART}{_MARKS}*")
_IGNORED = regex.compile(r"(?V1)[[\p{DI}--\p{L}]\p{Me}\p{Emoji_Modifier}]+")
_CHUNK = regex.compile(r"\p{RI}+|[^\s\p{P}\p{RI}]+")
"""What no word goes beyond. Flags stand apart, as to count them from the beginning takes long for each one."""
_LETTER = regex.compile(rf"(?V1){_LETTERS}")
_BOUNDARY = regex.compile(r"(?wV1)\b")
_ASCII = re.compile("[0-9a-z]+")
_WORD = regex.compile(r"(?V1)[\p{L}\p{N}\p{Alphabetic}\p{M}\p{Extended_Pictographic}\p{RI}]+")
_KEYS = str.maketrans("0123456789", "ghijklmnop")
_LAST_PLACE, _MOST_PLACES = 16_383, 255
"""Postgres's limits: of a word's place in a text, and of the places of one word."""


class Word(NamedTuple):
    """A word as it is compared, and where in the text it stands."""

    text: str
    begin: int
    end: int


def words(text: str) -> Iterator[Word]:
    """Yield all words that a text is found by, with their places."""
    if text.isascii():
        for found in _ASCII.finditer(text.lower()):
            yield Word(found[0][:LONGEST], *found.span())
    elif is_normalized("NFKC", text):
        yield from _placed(text)
    else:
        for chunk in _CHUNK.finditer(text):
            at = chunk.start()
            for word in _of_chunk(chunk[0]):
                yield Word(word.text, word.begin + at, word.end + at)


def indexed(text: str) -> list[str]:
    """Return the words that ``words`` yields, without their places: that takes a third of the time."""
    if text.isascii():
        return [word[:LONGEST] for word in _ASCII.findall(text.lower())]
    if is_normalized("NFKC", text):
        return [word for piece in _bare_pieces(fold(text)) for word in _with_pairs(piece)]
    return [
        word
        for chunk in _CHUNK.findall(text)
        for word in (indexed(chunk) if is_normalized("NFKC", chunk) else [word.text for word in _joined(chunk)])
    ]


def asked(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of what is looked for: of letters that are written without spaces, those of two letters each."""
    found = False
    for piece in _bare_pieces(fold(text)):
        found = True
        yield tuple(_pairs(piece) or piece)
    if not found and _LETTER.search(text):
        yield (plain(text).strip()[:LONGEST],)


def is_word(text: str) -> bool:
    """Return whether a text may be a word: it holds nothing that means something in a ``tsquery``."""
    return len(text) <= LONGEST and _WORD.fullmatch(text) is not None


def is_apart(word: str) -> bool:
    """Return whether a word is of letters that are written without spaces."""
    return _UNIT.match(word) is not None


def plain(text: str) -> str:
    """Return the text as its words are compared."""
    return fold(text) if text.isascii() else _IGNORED.sub("", fold(text))


def key(user: str) -> str:
    """Return the three letters that stand before each word of a user, so that these are together in the index."""
    return user[:3].lower().translate(_KEYS)


def vector(user: str, title: str, notes: str) -> str:
    """Return the ``tsvector`` of the words of a user's task, those of the title with the weight A."""
    places: dict[str, list[int]] = {}
    in_title = indexed(title)
    for place, word in enumerate((*in_title, *indexed(notes)), start=1):
        places.setdefault(word, []).append(place)
    before, last = key(user), len(in_title)
    return " ".join(f"'{before}{word}':{_written(at[:_MOST_PLACES], last)}" for word, at in places.items())


def _written(places: list[int], last_of_title: int) -> str:
    return ",".join(f"{min(place, _LAST_PLACE)}{'A' if place <= last_of_title else ''}" for place in places)


def _of_chunk(chunk: str) -> Iterable[Word]:
    """Return the words of a text without spaces."""
    return _placed(chunk) if is_normalized("NFKC", chunk) else _joined(chunk)


def _placed(text: str) -> Iterator[Word]:
    """Yield the words of a text in which no two characters become one by folding, nor one several words."""
    for found in _PIECE.finditer(text):
        if found["run"]:
            yield from _placed_apart(text, *found.span())
        elif word := _bare(fold(found[0])):
            yield Word(word, *found.span())


def _placed_apart(text: str, begin: int, end: int) -> Iterator[Word]:
    """Yield each letter of a run, and before the next one both as one."""
    run = text[begin:end]
    compared = str if plain(run) == run else plain
    before: Word | None = None
    for unit in _UNIT.finditer(text, begin, end):
        word = Word(compared(unit[0])[:LONGEST], *unit.span())
        if before:
            yield Word((before.text + word.text)[:LONGEST], before.begin, word.end)
        yield word
        before = word


def _joined(chunk: str) -> Iterator[Word]:
    """Yield the words of a text of which folding makes other characters: also of what it puts together."""
    segments = [segment for segment in _BOUNDARY.split(chunk) if segment]
    folded = [fold(segment) for segment in segments]
    there, here = (list(accumulate(map(len, parts), initial=0)) for parts in (segments, folded))
    found = False
    for word in _placed("".join(folded)):
        found = True
        first, last = bisect_right(here, word.begin) - 1, bisect_right(here, word.end - 1)
        yield Word(word.text, there[first], there[last])
        if last - first > 1 and not is_apart(word.text):
            for part in range(first, last):
                yield from (Word(word.text, there[part], there[part + 1]) for word in _placed(folded[part]))
    if not found and _LETTER.search(chunk):
        yield Word(plain(chunk)[:LONGEST], 0, len(chunk))


def _bare_pieces(folded: str) -> Iterator[list[str]]:
    """Yield words, each by itself; and of letters that are written without spaces, those that stand together."""
    whole = not _IGNORED.search(folded)
    for found in _PIECE.finditer(folded):
        piece = _UNIT.findall(found[0]) if found["run"] else [found[0]]
        if not whole or len(found[0]) > LONGEST:
            piece = [_bare(unit) for unit in piece]
        if all(piece):
            yield piece


def _with_pairs(piece: list[str]) -> Iterable[str]:
    return piece if len(piece) == 1 else (*chain.from_iterable(zip(piece, _pairs(piece), strict=False)), piece[-1])


def _pairs(piece: list[str]) -> list[str]:
    return [(one + two)[:LONGEST] for one, two in pairwise(piece)]


def _bare(folded: str) -> str:
    return (folded if folded.isascii() else _IGNORED.sub("", folded))[:LONGEST]
