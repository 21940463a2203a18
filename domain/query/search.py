"""Full-text search: what somebody looks for, as words; and where a text holds them.

What a word is, ``schemas/words.py`` says. Words are compared folded, each as a whole, the last one also as a beginning.
In Postgres a word stands behind three letters for its user, which keeps users' words apart in the index. Where nothing
is found, the words that none of the user's tasks holds are replaced by those that are nearly written so.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from rapidfuzz.distance import OSA

from domain.query.errors import QueryError
from schemas.folding import counting
from schemas.words import asked, counted, is_apart, is_word, key, plain, words

MAX_LENGTH = 200
"""The most characters of what is looked for."""
MAX_WORDS = 10
"""The most words; letters that are written without spaces count as one."""
MAX_TERMS = 200
"""The most words, each pair of such letters counted."""
BEGINNING = 2
"""The fewest letters that the last word is taken for the beginning of others with."""
SPELLINGS = 5
"""The most words that a mistyped one is replaced by."""
FRAGMENT = 160
"""So many characters of notes are shown around what was found, at most."""

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

    def query(self, user: str) -> str:
        """Return the ``tsquery`` for the tasks of a user that hold it."""
        return _any(user, self.words, self.beginning)


@dataclass(frozen=True)
class Beside:
    """Where to look for what unknown words may have meant, in the words of a user."""

    tasks: str  # a tsquery: they hold what may be meant
    words: str  # a regular expression of such words, as Postgres has them


@dataclass(frozen=True)
class Search:
    """What somebody looks for: tasks that hold all of these."""

    terms: tuple[Term, ...]

    @classmethod
    def of(cls, terms: tuple[Term, ...]) -> "Search":
        """Return the search of terms from elsewhere. Raises ValueError for what are no words, or too many."""
        if not all(is_word(word) for term in terms for word in term.words) or not all(term.words for term in terms):
            raise ValueError("There is something else than words.")
        if not 0 < len(terms) <= MAX_TERMS or max(len(term.words) for term in terms) > SPELLINGS:
            raise ValueError("There are too many words, or none.")
        return cls(terms)

    def query(self, user: str) -> str:
        """Return the ``tsquery`` for the tasks of a user."""
        return " & ".join(f"({term.query(user)})" for term in self.terms)

    def queries(self, user: str) -> list[str]:
        """Return the ``tsquery`` for the tasks of a user that hold a term, for each."""
        return [term.query(user) for term in self.terms]

    def beside(self, user: str, unknown: Collection[int]) -> Beside | None:
        """Return where to look for what is meant by terms, by their numbers; None where nothing can be."""
        mistyped = [self.terms[number].words[0] for number in unknown]
        if not mistyped or not all(map(_errors, mistyped)):
            return None
        query = " | ".join(_any(user, set(_near(word)), beginning=True) for word in mistyped)
        ways = (f"{word[:_EXACT]}|.{{{_EXACT - 1},{_EXACT + 1}}}{word[_EXACT:]}" for word in mistyped)
        return Beside(query, f"^{key(user)}({'|'.join(ways)})")

    def corrected(self, user: str, unknown: Collection[int], words: Iterable[str]) -> "Search | None":
        """Return the search with its unknown terms replaced by some of ``words``, as Postgres has them.

        None where one is like no other. It takes some µs for each word and term: not on an event loop.
        """
        known = sorted(word.removeprefix(key(user)) for word in words)
        terms = tuple(_corrected(term, known) if number in unknown else term for number, term in enumerate(self.terms))
        return None if None in terms or terms == self.terms else Search(tuple(term for term in terms if term))

    def __str__(self) -> str:
        return " ".join("|".join(term.words) for term in self.terms)


@dataclass(frozen=True)
class Piece:
    """A piece of a text, and whether it is what was looked for."""

    text: str
    match: bool = False


def search(text: str) -> Search:
    """Return what is looked for by a text. Raises ``QueryError`` for the field ``q``."""
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
    """Return the whole of a text in parts, those that were looked for among them."""
    found, at = list[Piece](), 0
    for begin, end in _matches(wanted, text):
        found += [Piece(text[at:begin]), Piece(text[begin:end], match=True)]
        at = end
    return tuple(part for part in (*found, Piece(text[at:])) if part.text)


def fragment(wanted: Search, text: str) -> tuple[Piece, ...]:
    """Return what stands around the first match in a text, in parts; nothing where there is none."""
    first = next(_matches(wanted, text), None)
    if first is None:
        return ()
    begin = max(0, first[0] - FRAGMENT // 4)
    end = begin + FRAGMENT
    cut = ("…" if begin else "") + text[begin:end] + ("…" if end < len(text) else "")
    return parts(wanted, cut)


def _matches(wanted: Search, text: str) -> Iterator[tuple[int, int]]:
    """Yield where the words stand, each place once, in their order."""
    text = counting(text)
    compared = plain(text)
    if not any(word in compared for term in wanted.terms for word in term.words):
        return  # to look through long notes word by word takes 20 times as long
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
    """Return how many letters of a word may be wrong, missing, too many or changed over."""
    return 0 if len(word) < 4 or is_apart(word) else 1 if len(word) < 8 else 2


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
    word, most = term.words[0], _errors(term.words[0])
    distances = ((_distance(term, word, each, most), each) for each in known)
    near = sorted((distance, each) for distance, each in distances if distance <= most)
    best = tuple(each for distance, each in near if distance == near[0][0])[:SPELLINGS]
    return Term(best) if best else None


def _distance(term: Term, word: str, other: str, most: int) -> int:
    """Return how many errors lead from another word, or from the beginning of it that is nearest, to a word.

    What is more than ``most`` is not counted on.
    """
    lengths = range(len(word) - 1, len(word) + 2) if term.beginning else ()
    return min(OSA.distance(word, each, score_cutoff=most) for each in (other, *(other[:length] for length in lengths)))
