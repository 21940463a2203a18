"""Full-text search: what somebody looks for, as words; and where a text holds them.

Words are compared folded (``streams/domain/filters/folding.py``), each as a whole, the last one also as a beginning. In
Postgres a word stands behind three letters for its user (``rondo.words``), which keeps users' words apart in the index.
Where nothing is found, the words that none of the user's tasks holds are replaced by those that are nearly written so.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from string import ascii_lowercase

from rapidfuzz.distance import OSA

from streams.domain.filters.errors import QueryError
from streams.domain.filters.folding import fold

MAX_LENGTH = 200
"""The most characters of what is looked for."""
MAX_WORDS = 10
"""The most words."""
BEGINNING = 2
"""The fewest letters that the last word is taken for the beginning of others with."""
SPELLINGS = 5
"""The most words that a mistyped one is replaced by."""
FRAGMENT = 160
"""So many characters of notes are shown around what was found, at most."""

_WORD = re.compile(r"[^\W_]+")
_IN_TEXT = re.compile("[^\\W_][\\w\u0300-\u036f]*")
_KEYS = str.maketrans("0123456789", "ghijklmnop")
_EXACT = 3
"""So many letters at the beginning may hold an error if the rest holds none, or the other way round."""


@dataclass(frozen=True)
class Term:
    """A word that is looked for: any of these, one of which may be a beginning."""

    words: tuple[str, ...]
    beginning: bool = False

    def holds(self, word: str) -> bool:
        """Return whether a folded word of a text is meant."""
        return word.startswith(self.words) if self.beginning else word in self.words


@dataclass(frozen=True)
class Search:
    """What somebody looks for: tasks that hold all of these."""

    terms: tuple[Term, ...]

    @classmethod
    def of(cls, terms: tuple[Term, ...]) -> "Search":
        """Return the search of terms from elsewhere. Raises ValueError for what are no words, or too many."""
        words = [word for term in terms for word in term.words]
        if not all(_WORD.fullmatch(word) for word in words) or not all(term.words for term in terms):
            raise ValueError("There is something else than words.")
        if not 0 < len(words) <= MAX_WORDS * SPELLINGS or len("".join(words)) > MAX_LENGTH * SPELLINGS:
            raise ValueError("There are too many words, or none.")
        return cls(terms)

    def query(self, user: str) -> str:
        """Return the ``tsquery`` for the tasks of a user."""
        return " & ".join(f"({_any(user, term.words, term.beginning)})" for term in self.terms)

    def beside(self, user: str) -> str:
        """Return the ``tsquery`` for the tasks that hold what may be meant by any of the words."""
        return " | ".join(_any(user, set(_near(term.words[0])), beginning=True) for term in self.terms)

    def corrected(self, user: str, words: Iterable[str]) -> "Search | None":
        """Return the search with its unknown words replaced by some of ``words``, as Postgres has them.

        None where all are known, or one is like no other.
        """
        known = sorted(word.removeprefix(_key(user)) for word in words)
        terms = tuple(_corrected(term, known) for term in self.terms)
        return None if None in terms or terms == self.terms else Search(tuple(term for term in terms if term))

    def __str__(self) -> str:
        return " ".join("|".join(term.words) for term in self.terms)


@dataclass(frozen=True)
class Part:
    """A piece of a text, and whether it is what was looked for."""

    text: str
    match: bool = False


def search(text: str) -> Search:
    """Return what is looked for by a text. Raises ``QueryError`` for the field ``q``."""
    if len(text) > MAX_LENGTH:
        raise QueryError("q", MAX_LENGTH + 1, f"What is looked for has at most {MAX_LENGTH} characters.")
    words = list(dict.fromkeys(_WORD.findall(fold(text))))
    if not words:
        raise QueryError("q", 1, "There is no word to look for; write one of letters or digits.")
    if len(words) > MAX_WORDS:
        raise QueryError("q", 1, f"At most {MAX_WORDS} words are looked for; leave some out.")
    *whole, last = words
    return Search((*(Term((word,)) for word in whole), Term((last,), len(last) >= BEGINNING)))


def parts(wanted: Search, text: str) -> tuple[Part, ...]:
    """Return the whole of a text in parts, those that were looked for among them."""
    found, at = list[Part](), 0
    for begin, end in _matches(wanted, text):
        found += [Part(text[at:begin]), Part(text[begin:end], match=True)]
        at = end
    return tuple(part for part in (*found, Part(text[at:])) if part.text)


def fragment(wanted: Search, text: str) -> tuple[Part, ...]:
    """Return what stands around the first match in a text, in parts; nothing where there is none."""
    first = next(_matches(wanted, text), None)
    if first is None:
        return ()
    begin = max(0, first[0] - FRAGMENT // 4)
    end = begin + FRAGMENT
    cut = ("…" if begin else "") + text[begin:end] + ("…" if end < len(text) else "")
    return parts(wanted, cut)


def _matches(wanted: Search, text: str) -> Iterator[tuple[int, int]]:
    # All are folded at once, since each by itself takes very long in long notes. What stands between them is no part of
    # a word and combines with nothing, so each is folded as it would be alone.
    folded = fold("\n".join(_IN_TEXT.findall(text)))
    if not any(word in folded for term in wanted.terms for word in term.words):
        return
    for found, words in zip(_IN_TEXT.finditer(text), folded.split("\n"), strict=True):
        if any(term.holds(word) for word in _WORD.findall(words) for term in wanted.terms):
            yield found.span()


def _key(user: str) -> str:
    return user[:3].lower().translate(_KEYS)


def _any(user: str, words: Iterable[str], beginning: bool) -> str:
    key, end = _key(user), ":*" if beginning else ""
    return " | ".join(f"'{key}{word}'{end}" for word in sorted(words))


def _errors(word: str) -> int:
    """Return how many letters of a word may be wrong, missing, too many or changed over."""
    return 0 if len(word) < 4 else 1 if len(word) < 8 else 2


def _near(word: str) -> Iterator[str]:
    """Yield the beginnings of all words that are nearly written so."""
    yield word
    if not _errors(word):
        return
    yield word[:_EXACT]
    rest = word[_EXACT:]
    for place in range(_EXACT):
        before, after = word[:place], word[place:_EXACT] + rest
        yield before + after[1:]
        yield before + after[1] + after[0] + after[2:]
        for letter in ascii_lowercase:
            yield before + letter + after[1:]
            yield before + letter + after


def _corrected(term: Term, known: Iterable[str]) -> Term | None:
    word = term.words[0]
    if any(term.holds(each) for each in known):
        return term
    distances = ((_distance(term, word, each), each) for each in known)
    near = sorted((distance, each) for distance, each in distances if distance <= _errors(word))
    best = tuple(each for distance, each in near if distance == near[0][0])[:SPELLINGS]
    return Term(best) if best else None


def _distance(term: Term, word: str, other: str) -> int:
    """Return how many errors lead from another word, or from the beginning of it that is nearest, to a word."""
    lengths = range(len(word) - 1, len(word) + 2) if term.beginning else ()
    return min(OSA.distance(word, each) for each in (other, *(other[:length] for length in lengths)))
