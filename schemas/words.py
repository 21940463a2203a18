"""What a word is: one definition, by which titles and notes are indexed, looked through and marked.

Words are those between Unicode's default word boundaries (UAX #29, as ``regex`` finds them) that hold a letter or a
digit, parted at what else is in them (``can't`` is two words, ``example.com`` too), and folded
(``schemas/folding.py``). Three things are added to UAX #29, which leaves them to whoever knows the language:

* Where words are written without a space between them (Han, kana, Hangul, Thai, Khmer …), each letter with its marks is
  a word, and so is each with the next one: ``買う`` in ``牛乳を買う`` is found as one.
* An emoji is a word, whatever its skin; so is a flag.
* What folding joins is found whole and in its parts: ``H₂O`` as ``H2O``, and ``½`` in ``1½``.

Format characters, such as a soft hyphen or a joiner, are left out of words. Of a task's texts the first words count, so
many that no notes have more, but where folding makes several characters of most of theirs. What is behind them is
neither indexed nor marked.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, chain, islice, pairwise
from typing import NamedTuple, TypeVar
from unicodedata import is_normalized

import regex

from schemas.folding import counting, fold

LONGEST = 100
"""So many characters of a word count: Postgres takes 2,046 bytes."""

MOST, MOST_DIFFERENT = 32_768, 16_000
"""So many words of a text count, and so many different ones: Postgres takes twice as long for twice as many."""

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


AnyWord = TypeVar("AnyWord", str, Word)


def words(text: str) -> Iterator[Word]:
    """Yield all words that a text is found by, with their places."""
    if text.isascii():
        for found in _ASCII.finditer(text.lower()):
            yield Word(found[0][:LONGEST], *found.span())
        return
    yield from _all_words(text)


def indexed(text: str) -> list[str]:
    """Return the words that ``words`` yields, without their places: that takes a third of the time."""
    if text.isascii():
        return [word[:LONGEST] for word in _ASCII.findall(text.lower())]
    return list(_all_indexed(text))


def counted(found: Iterable[AnyWord]) -> Iterator[AnyWord]:
    """Yield the words of a text that count, of all of them."""
    seen = set[str]()
    for word in islice(found, MOST):
        seen.add(word if isinstance(word, str) else word.text)
        if len(seen) > MOST_DIFFERENT:
            return
        yield word


def places(text: str) -> Mapping[str, Sequence[int]]:
    """Return the words of a text that count, each with its places in it, from 1, as many as Postgres takes."""
    found: dict[str, list[int]] = {}
    for place, word in enumerate(counted(indexed(text) if text.isascii() else _all_indexed(text)), start=1):
        if len(at := found.setdefault(word, [])) < _MOST_PLACES:
            at.append(place)
    return found


def asked(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of what is looked for: of letters that are written without spaces, those of two letters each."""
    found = False
    for piece, _, _ in _bare_pieces(fold(text)):
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
    return joined(user, places(title), places(counting(notes)))


def joined(user: str, title: Mapping[str, Sequence[int]], notes: Mapping[str, Sequence[int]]) -> str:
    """Return the ``tsvector`` of a user's task of the places of the words of its title and its notes."""
    before, behind = key(user), max((at[-1] for at in title.values()), default=0)
    written = {word: ",".join(f"{min(place, _LAST_PLACE)}A" for place in at) for word, at in title.items()}
    for word, at in notes.items():
        those = ",".join([str(min(place + behind, _LAST_PLACE)) for place in at])
        written[word] = f"{written[word]},{those}" if word in written else those
    return " ".join([f"'{before}{word}':{at}" for word, at in written.items()])


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
    """Return what stands between the boundaries of a chunk, as it is and folded; what comes again is folded once."""
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
    """Yield words, each by itself, and letters that are written without spaces together; and where they stand."""
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
