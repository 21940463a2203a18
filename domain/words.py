"""Splits text into words: the one definition by which titles and notes are indexed, searched and highlighted.

Words are the segments between Unicode's default word boundaries (UAX #29, as implemented by ``regex``) that contain a
letter or a digit, split at other characters within them (``can't`` and ``example.com`` are two words each), and folded
(``domain/folding.py``). Three rules are added to UAX #29, which leaves these cases to language-specific code:

* In scripts written without spaces between words (Han, kana, Hangul, Thai, Khmer …), each letter with its marks is a
  word, and so is each pair of adjacent letters: ``買う`` in ``牛乳を買う`` is found as one word.
* An emoji is a word, whatever its skin tone; so is a flag.
* Text that folding joins is found whole and in parts: ``H₂O`` as ``H2O``, and ``½`` in ``1½``.

Format characters, such as a soft hyphen or a joiner, are removed from words. Only the first words of a text count, up
to a limit that notes exceed only if folding multiplies most of their characters. The rest is neither indexed nor
highlighted.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, chain, islice, pairwise
from typing import NamedTuple, TypeVar
from unicodedata import is_normalized

import regex

from domain.folding import counting, fold

LONGEST = 100
"""The most characters of a word that count: Postgres takes 2,046 bytes."""

MOST, MOST_DIFFERENT = 32_768, 16_000
"""The most words, and the most different words, of a text that count: Postgres's time grows linearly with them."""

_APART = r"[[\p{L}&&\p{WB=Other}]\p{WB=Katakana}\p{Script=Hangul}]"
"""Letters between which UAX #29 has no word boundary, or a boundary after each."""
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
"""A chunk of text that no word extends beyond. Flags are apart: counting them from the beginning is slow for each."""
_LETTER = regex.compile(rf"(?V1){_LETTERS}")
_BOUNDARY = regex.compile(r"(?wV1)\b")
_ASCII = re.compile("[0-9a-z]+")
_WORD = regex.compile(r"(?V1)[\p{L}\p{N}\p{Alphabetic}\p{M}\p{Extended_Pictographic}\p{RI}]+")
_KEYS = str.maketrans("0123456789", "ghijklmnop")
_LAST_PLACE, _MOST_PLACES = 16_383, 255
"""Postgres's limits: the highest place of a word in a text, and the most places of one word."""


class Word(NamedTuple):
    """A folded word, and its place in the text."""

    text: str
    begin: int
    end: int


AnyWord = TypeVar("AnyWord", str, Word)


def words(text: str) -> Iterator[Word]:
    """Yield all words of a text, with their places."""
    if text.isascii():
        for found in _ASCII.finditer(text.lower()):
            yield Word(found[0][:LONGEST], *found.span())
        return
    yield from _all_words(text)


def indexed(text: str) -> list[str]:
    """Return the words that ``words`` yields, without their places, in a third of the time."""
    if text.isascii():
        return [word[:LONGEST] for word in _ASCII.findall(text.lower())]
    return list(_all_indexed(text))


def counted(found: Iterable[AnyWord]) -> Iterator[AnyWord]:
    """Yield those words of a text that count."""
    seen = set[str]()
    for word in islice(found, MOST):
        seen.add(word if isinstance(word, str) else word.text)
        if len(seen) > MOST_DIFFERENT:
            return
        yield word


def places(text: str) -> Mapping[str, Sequence[int]]:
    """Return the words of a text that count, each with its places, from 1, as many as Postgres takes."""
    found: dict[str, list[int]] = {}
    for place, word in enumerate(counted(indexed(text) if text.isascii() else _all_indexed(text)), start=1):
        if len(at := found.setdefault(word, [])) < _MOST_PLACES:
            at.append(place)
    return found


def asked(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of a search; in a script without spaces, its pairs of letters."""
    found = False
    for piece, _, _ in _bare_pieces(fold(text)):
        found = True
        yield tuple(_pairs(piece) or piece)
    if not found and _LETTER.search(text):
        yield (plain(text).strip()[:LONGEST],)


def is_word(text: str) -> bool:
    """Return whether a text may be a word: it has no character with a meaning in a ``tsquery``."""
    return len(text) <= LONGEST and _WORD.fullmatch(text) is not None


def is_apart(word: str) -> bool:
    """Return whether a word is in a script written without spaces."""
    return _UNIT.match(word) is not None


def plain(text: str) -> str:
    """Return the text folded, without format characters."""
    return fold(text) if text.isascii() else _IGNORED.sub("", fold(text))


def key(user: str) -> str:
    """Return the three letters that prefix each word of a user, so that these are together in the index."""
    return user[:3].lower().translate(_KEYS)


def vector(user: str, title: str, notes: str) -> str:
    """Return the ``tsvector`` of a user's task; words of the title have weight A."""
    return joined(user, places(title), places(counting(notes)))


def joined(user: str, title: Mapping[str, Sequence[int]], notes: Mapping[str, Sequence[int]]) -> str:
    """Return the ``tsvector`` of a user's task from the places of the words of its title and notes."""
    before, behind = key(user), max((at[-1] for at in title.values()), default=0)
    written = {word: ",".join(map(_in_title, at)) for word, at in title.items()}
    for word, at in notes.items():
        those = ",".join([str(min(place + behind, _LAST_PLACE)) for place in at])
        written[word] = f"{written[word]},{those}" if word in written else those
    return " ".join([f"'{before}{word}':{at}" for word, at in written.items()])


@lru_cache(maxsize=1024)
def _in_title(place: int) -> str:
    return f"{min(place, _LAST_PLACE)}A"


def _all_words(text: str) -> Iterator[Word]:
    if is_normalized("NFKC", text):
        yield from _placed(text)
        return
    for chunk in _CHUNK.finditer(text):
        at = chunk.start()
        for word in _of_chunk(chunk[0]):
            yield Word(word.text, word.begin + at, word.end + at)


def _all_indexed(text: str) -> Iterator[str]:
    if is_normalized("NFKC", text):
        yield from _bare_words(fold(text))
        return
    known: dict[str, Sequence[str]] = {}
    for chunk in _CHUNK.findall(text):
        if len(chunk) > LONGEST:
            yield from _bare_of_chunk(chunk)
            continue
        if chunk not in known:
            known[chunk] = [*_bare_of_chunk(chunk)]
        yield from known[chunk]


def _of_chunk(chunk: str) -> Iterable[Word]:
    """Return the words of a text without spaces."""
    return _placed(chunk) if is_normalized("NFKC", chunk) else _joined(chunk)


def _placed(text: str) -> Iterator[Word]:
    """Yield the words of a text in which folding neither joins characters nor splits words."""
    for found in _PIECE.finditer(text):
        if found["run"]:
            yield from _placed_apart(text, *found.span())
        elif word := _bare(fold(found[0])):
            yield Word(word, *found.span())


def _placed_apart(text: str, begin: int, end: int) -> Iterator[Word]:
    """Yield each letter of a run, preceded by its pair with the letter before."""
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
    """Yield the words of a text that folding changes, and also the parts of words that it joins."""
    segments, folded = _segments(chunk)
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


def _segments(chunk: str) -> tuple[list[str], list[str]]:
    """Return the segments between a chunk's boundaries, unfolded and folded. Repeated segments are folded once."""
    segments = [segment for segment in _BOUNDARY.split(chunk) if segment]
    known = {segment: fold(segment) for segment in set(segments)}
    return segments, [known[segment] for segment in segments]


def _bare_of_chunk(chunk: str) -> Iterator[str]:
    return _bare_words(fold(chunk)) if is_normalized("NFKC", chunk) else _bare_joined(chunk)


def _bare_joined(chunk: str) -> Iterator[str]:
    """Yield the words that ``_joined`` yields, without their places."""
    _, folded = _segments(chunk)
    here, joined, found = list(accumulate(map(len, folded), initial=0)), "".join(folded), False
    for piece, begin, end in _bare_pieces(joined):
        found = True
        yield from _with_pairs(piece)
        first, last = bisect_right(here, begin) - 1, bisect_right(here, end - 1)
        if last - first > 1 and not is_apart(piece[0]):
            yield from (word for part in range(first, last) for word in _bare_words(folded[part]))
    if not found and _LETTER.search(chunk):
        yield plain(chunk)[:LONGEST]


def _bare_words(folded: str) -> Iterator[str]:
    for piece, _, _ in _bare_pieces(folded):
        yield from _with_pairs(piece)


def _bare_pieces(folded: str) -> Iterator[tuple[list[str], int, int]]:
    """Yield single words, and runs of letters in scripts without spaces, with their places."""
    whole = not _IGNORED.search(folded)
    for found in _PIECE.finditer(folded):
        piece = _UNIT.findall(found[0]) if found["run"] else [found[0]]
        if not whole or len(found[0]) > LONGEST:
            piece = [_bare(unit) for unit in piece]
        if all(piece):
            yield piece, *found.span()


def _with_pairs(piece: list[str]) -> Iterable[str]:
    return piece if len(piece) == 1 else (*chain.from_iterable(zip(piece, _pairs(piece), strict=False)), piece[-1])


def _pairs(piece: list[str]) -> list[str]:
    return [(one + two)[:LONGEST] for one, two in pairwise(piece)]


def _bare(folded: str) -> str:
    return (folded if folded.isascii() else _IGNORED.sub("", folded))[:LONGEST]
