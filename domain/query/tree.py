"""The tree of a filter, of frozen nodes. ``str`` prints it as a filter that parses to the same tree.

Logic is two-valued: a comparison with a field that a task lacks is false, so its negation is true, and ``not due <
today`` matches tasks without a due.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from domain.query.dates import Date, Op
from schemas.records import Closing, Priority, Status

KEYWORDS = frozenset({"and", "or", "not", "in", "no", "has"})
INBOX = "inbox"
"""The name, folded, of the inbox: tasks without a list; there may be lists of this name, too."""
ESCAPES = {"\\": "\\", '"': '"', "n": "\n", "t": "\t", "r": "\r"}
"""Escape sequences in a string: the character after the backslash, and its meaning."""

_ID = re.compile("[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}", re.ASCII)
_PAIRS = ("“”„‟＂〝〞〟⹂", "‘’‚‛", "«»", "‹›", "「」｢｣﹁﹂", "『』﹃﹄")
QUOTES = "".join(_PAIRS)
"""Quotes that a string may have instead of ``"``. A value beginning with one is printed in quotes."""
STRING = re.compile("|".join(f"[{pair}].*[{pair}]" for pair in ('"', *_PAIRS)), re.DOTALL)
"""Matches the same as the terminal of this name in ``grammar.lark``; other values are words."""

_WORD = re.compile(rf'(?![{QUOTES}])[^\s()"&|!=<>~,#\\]+')
_ESCAPED = str.maketrans({character: f"\\{letter}" for letter, character in ESCAPES.items()})


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more conditions."""

    terms: tuple["Filter", ...]

    def __str__(self) -> str:
        return " and ".join(f"({term})" if isinstance(term, Or) else str(term) for term in self.terms)


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more conditions."""

    terms: tuple["Filter", ...]

    def __str__(self) -> str:
        return " or ".join(map(str, self.terms))


@dataclass(frozen=True, slots=True)
class Not:
    """The negation of a condition."""

    term: "Filter"

    def __str__(self) -> str:
        match self.term:
            case Has(field):
                return f"no {field}"
            case And() | Or():
                return f"not ({self.term})"
            case _:
                return f"not {self.term}"


@dataclass(frozen=True, slots=True)
class Is:
    """Tasks of a status."""

    status: Status

    def __str__(self) -> str:
        return self.status.lower()


@dataclass(frozen=True, slots=True)
class Closed:
    """Completed tasks that were closed so: skipped or missed."""

    closing: Closing

    def __str__(self) -> str:
        return self.closing.lower()


@dataclass(frozen=True, slots=True)
class Overdue:
    """Open tasks whose due is over: its day has ended, or its time, if it has one, has passed."""

    def __str__(self) -> str:
        return "overdue"


@dataclass(frozen=True, slots=True)
class Pinned:
    """Pinned tasks."""

    def __str__(self) -> str:
        return "pinned"


@dataclass(frozen=True, slots=True)
class Has:
    """Tasks that have notes, tags, list, a parent that is not deleted, series, start, due, completed or recurrence."""

    field: str

    def __str__(self) -> str:
        return "recurring" if self.field == "recurrence" else f"has {self.field}"


@dataclass(frozen=True, slots=True)
class Priorities:
    """Tasks for whose priority a comparison holds; the order is none, low, medium, high, urgent."""

    op: Op
    priority: Priority

    def __str__(self) -> str:
        return f"priority {self.op} {self.priority.lower()}"


@dataclass(frozen=True, slots=True)
class When:
    """Tasks for whose ``start``, ``due``, ``created``, ``completed`` or ``changed`` a comparison with a date holds."""

    field: str
    op: Op
    date: Date

    def __str__(self) -> str:
        return f"{self.field} {self.op} {self.date}"


@dataclass(frozen=True, slots=True)
class Text:
    """Tasks whose ``title``, ``notes``, or either (``text``) contains these words, or equals them (``whole``)."""

    field: str
    words: str
    whole: bool = False

    def __str__(self) -> str:
        if self.field == "text":
            return quoted(self.words)
        return f"{self.field} {'=' if self.whole else '~'} {value(self.words)}"


@dataclass(frozen=True, slots=True)
class Tagged:
    """Tasks that have any of these tags, by name."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"#{value(self.names[0])}" if len(self.names) == 1 else f"tags in {values(self.names)}"


@dataclass(frozen=True, slots=True)
class Listed:
    """Tasks on any of these lists, by name or id; ``inbox`` also means tasks without a list."""

    names: tuple[str, ...]

    def __str__(self) -> str:
        return _among("list", self.names)


@dataclass(frozen=True, slots=True)
class Linked:
    """Tasks whose ``parent`` or ``series`` is any of these, by id."""

    field: str
    ids: tuple[str, ...]

    def __str__(self) -> str:
        return _among(self.field, self.ids)


Term: TypeAlias = Is | Closed | Overdue | Pinned | Has | Priorities | When | Text | Tagged | Listed | Linked
Filter: TypeAlias = And | Or | Not | Term


def every(terms: Iterable[Filter]) -> Filter:
    """Return the conjunction of one or more conditions, flattened."""
    flat = tuple(inner for term in terms for inner in (term.terms if isinstance(term, And) else (term,)))
    return flat[0] if len(flat) == 1 else And(flat)


def some(terms: Iterable[Filter]) -> Filter:
    """Return the disjunction of one or more conditions, flattened."""
    flat = tuple(inner for term in terms for inner in (term.terms if isinstance(term, Or) else (term,)))
    return flat[0] if len(flat) == 1 else Or(flat)


def opposite(term: Filter) -> Filter:
    """Return the negation; of a negation, its term."""
    return term.term if isinstance(term, Not) else Not(term)


def is_id(name: str) -> bool:
    """Return whether a name is an id: a UUID in lower case."""
    return _ID.fullmatch(name) is not None


def value(text: str) -> str:
    """Return a value as written in a filter: bare if unambiguous, else in quotes."""
    return text if _WORD.fullmatch(text) and text.lower() not in KEYWORDS else quoted(text)


def quoted(text: str) -> str:
    """Return a value in quotes."""
    return f'"{text.translate(_ESCAPED)}"'


def values(texts: Iterable[str]) -> str:
    """Return values in brackets, as after ``in``."""
    return f"({', '.join(map(value, texts))})"


def _among(field: str, names: tuple[str, ...]) -> str:
    return f"{field} = {value(names[0])}" if len(names) == 1 else f"{field} in {values(names)}"
