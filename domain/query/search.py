"""Full-text search: the words of a search, and their matches in a text.

``domain/words.py`` defines words. They are compared folded, each as a whole, the last one also as a prefix. In
Postgres a word is prefixed by three letters for its user, which keeps users' words apart in the index. If nothing is
found, words that none of the user's tasks has are replaced by similar ones.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from rapidfuzz.distance import OSA

from domain.folding import counting
from domain.query.errors import QueryError
from domain.words import asked, counted, is_apart, is_word, key, plain, words

MAX_LENGTH = 200
"""The most characters of a search."""
MAX_WORDS = 10
"""The most words; a run of letters in a script without spaces counts as one."""
MAX_TERMS = 200
"""The most words, counting each pair of such letters."""
BEGINNING = 2
"""The fewest letters of a last word that is also matched as a prefix."""
SPELLINGS = 5
"""The most words that replace a mistyped one."""
FRAGMENT = 160
"""The most characters of notes that are shown around a match."""

_EXACT = 3
"""Length of the prefix in which an error is tolerated if the rest has none, and the reverse."""


@dataclass(frozen=True)
class Term:
    """A word of a search: any of these, one of which may be a prefix."""

    words: tuple[str, ...]
    beginning: bool = False

    def holds(self, word: str) -> bool:
        """Return whether a folded word of a text matches."""
        return word.startswith(self.words) if self.beginning else word in self.words

    def query(self, user: str) -> str:
        """Return the ``tsquery`` for a user's tasks that have it."""
        return _any(user, self.words, self.beginning)


@dataclass(frozen=True)
class Candidates:
    """Conditions that select, among a user's words, candidates to replace unknown ones."""

    tasks: str  # a tsquery for tasks that have candidates
    words: str  # a regular expression for candidates, as Postgres stores words


@dataclass(frozen=True)
class Search:
    """A search for tasks that have all of these terms."""

    terms: tuple[Term, ...]

    @classmethod
    def of(cls, terms: tuple[Term, ...]) -> "Search":
        """Return the search for terms from outside. Raises ValueError if they are no words, or too many."""
        if not all(is_word(word) for term in terms for word in term.words) or not all(term.words for term in terms):
            raise ValueError("There is something else than words.")
        if not 0 < len(terms) <= MAX_TERMS or max(len(term.words) for term in terms) > SPELLINGS:
            raise ValueError("There are too many words, or none.")
        return cls(terms)

    def query(self, user: str) -> str:
        """Return the ``tsquery`` for a user's tasks."""
        return " & ".join(f"({term.query(user)})" for term in self.terms)

    def queries(self, user: str) -> list[str]:
        """Return for each term the ``tsquery`` for a user's tasks that have it."""
        return [term.query(user) for term in self.terms]

    def beside(self, user: str, unknown: Collection[int]) -> Candidates | None:
        """Return the conditions for candidates to replace the terms of these indexes; None if there can be none."""
        mistyped = [self.terms[number].words[0] for number in unknown]
        if not mistyped or not all(map(_errors, mistyped)):
            return None
        query = " | ".join(_any(user, set(_near(word)), beginning=True) for word in mistyped)
        ways = (f"{word[:_EXACT]}|.{{{_EXACT - 1},{_EXACT + 1}}}{word[_EXACT:]}" for word in mistyped)
        return Candidates(query, f"^{key(user)}({'|'.join(ways)})")

    def corrected(self, user: str, unknown: Collection[int], words: Iterable[str]) -> "Search | None":
        """Return the search with its unknown terms replaced by some of ``words``, as Postgres stores them.

        None if a term is similar to none. Takes some µs per word and term: don't call it on an event loop.
        """
        known = sorted(word.removeprefix(key(user)) for word in words)
        terms = tuple(_corrected(term, known) if number in unknown else term for number, term in enumerate(self.terms))
        return None if None in terms or terms == self.terms else Search(tuple(term for term in terms if term))

    def __str__(self) -> str:
        return " ".join("|".join(term.words) for term in self.terms)


@dataclass(frozen=True)
class Piece:
    """A piece of a text, and whether it is a match."""

    text: str
    match: bool = False


def search(text: str) -> Search:
    """Parse the text of a search. Raises ``QueryError`` for the field ``q``."""
    if len(text) > MAX_LENGTH:
        raise QueryError("q", MAX_LENGTH + 1, f"What is looked for has at most {MAX_LENGTH} characters.")
    found = list(dict.fromkeys(asked(text)))
    if not found:
        raise QueryError("q", 1, "There is no word to look for; write one of letters or digits.")
    terms = tuple(dict.fromkeys(_terms(found)))
    if len(found) > MAX_WORDS or len(terms) > MAX_TERMS:
        raise QueryError("q", 1, f"At most {MAX_WORDS} words are looked for; leave some out.")
    return Search(terms)


def _terms(found: Sequence[tuple[str, ...]]) -> Iterator[Term]:
    *whole, last = found
    yield from (Term((word,)) for group in whole for word in group)
    for word in last:
        yield Term((word,), len(word) >= BEGINNING and not is_apart(word))


def parts(wanted: Search, text: str) -> tuple[Piece, ...]:
    """Return a whole text in pieces, matches and others."""
    found, at = list[Piece](), 0
    for begin, end in _matches(wanted, text):
        found += [Piece(text[at:begin]), Piece(text[begin:end], match=True)]
        at = end
    return tuple(part for part in (*found, Piece(text[at:])) if part.text)


def fragment(wanted: Search, text: str) -> tuple[Piece, ...]:
    """Return the surroundings of the first match in a text, in pieces; none if there is no match."""
    first = next(_matches(wanted, text), None)
    if first is None:
        return ()
    begin = max(0, first[0] - FRAGMENT // 4)
    end = begin + FRAGMENT
    cut = ("…" if begin else "") + text[begin:end] + ("…" if end < len(text) else "")
    return parts(wanted, cut)


def _matches(wanted: Search, text: str) -> Iterator[tuple[int, int]]:
    """Yield the places of the matches, each once, in order."""
    text = counting(text)
    compared = plain(text)
    if not any(word in compared for term in wanted.terms for word in term.words):
        return  # searching long notes word by word takes 20 times as long
    exact = {word for term in wanted.terms if not term.beginning for word in term.words}
    beginnings = [term for term in wanted.terms if term.beginning]
    at: tuple[int, int] | None = None
    for word in counted(words(text)):
        if word.text not in exact and not any(term.holds(word.text) for term in beginnings):
            continue
        if at is None or word.begin > at[1]:
            if at is not None:
                yield at
            at = word.begin, word.end
        else:
            at = min(at[0], word.begin), max(at[1], word.end)
    if at is not None:
        yield at


def _any(user: str, words: Iterable[str], beginning: bool) -> str:
    before, end = key(user), ":*" if beginning else ""
    return " | ".join(f"'{before}{word}'{end}" for word in sorted(words))


def _errors(word: str) -> int:
    """Return how many letters of a word may be wrong, missing, extra or transposed."""
    return 0 if len(word) < 4 or is_apart(word) else 1 if len(word) < 8 else 2


def _near(word: str) -> Iterator[str]:
    """Yield the prefixes of all similar words."""
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
    word, most = term.words[0], _errors(term.words[0])
    distances = ((_distance(term, word, each, most), each) for each in known)
    near = sorted((distance, each) for distance, each in distances if distance <= most)
    best = tuple(each for distance, each in near if distance == near[0][0])[:SPELLINGS]
    return Term(best) if best else None


def _distance(term: Term, word: str, other: str, most: int) -> int:
    """Return the number of errors between another word, or its nearest prefix, and a word.

    Counting stops above ``most``.
    """
    lengths = range(len(word) - 1, len(word) + 2) if term.beginning else ()
    return min(OSA.distance(word, each, score_cutoff=most) for each in (other, *(other[:length] for length in lengths)))
