"""Builds the tree of a filter: the parser calls a method of ``Reader`` for each rule of the grammar."""

from collections.abc import Callable, Iterable, Mapping

from lark import Token, Transformer, v_args

from domain.query import values
from domain.query.dates import Op
from domain.query.errors import QueryError
from domain.query.fields import COMPARISONS, FIELDS, HELD, SHORTHANDS, FieldType, nearest
from domain.query.idioms import idiom
from domain.query.tree import (
    Filter,
    Is,
    Linked,
    Listed,
    Priorities,
    Tagged,
    Text,
    When,
    every,
    opposite,
    quoted,
    some,
)
from domain.query.values import error, quote

Values = tuple[Token, ...]


@v_args(inline=True)
class Reader(Transformer[Token, Filter]):
    """Builds the tree bottom-up. Its methods are named as the rules of ``grammar.lark``."""

    def disjunction(self, *terms: Filter) -> Filter:
        """Read ``a or b``."""
        return some(terms)

    def conjunction(self, *terms: Filter) -> Filter:
        """Read ``a and b``."""
        return every(terms)

    def negation(self, term: Filter) -> Filter:
        """Read ``not a``."""
        return opposite(term)

    def shorthand(self, word: Token) -> Filter:
        """Read ``overdue``."""
        if word.lower() not in SHORTHANDS:
            raise unknown(word)
        return SHORTHANDS[word.lower()]

    def has(self, name: Token) -> Filter:
        """Read ``has notes``."""
        word = name.lower()
        if word in HELD:
            return HELD[word]
        if word in SHORTHANDS:
            raise error(name, f"{quote(name)} is used without `has` and `no`; write `{word}` or `not {word}`.")
        raise error(name, f"Every task has {quote(name)}.", HELD) if word in FIELDS else _unnamed(name, HELD)

    def lacks(self, name: Token) -> Filter:
        """Read ``no due``."""
        return opposite(self.has(name))

    def compared(self, name: Token, sign: Token, value: Token) -> Filter:
        """Read ``priority >= high``."""
        kind, op = _kind(name), _SIGNS.get(sign, str(sign))
        if op not in COMPARISONS[kind]:
            raise error(sign, f"{quote(name)} is not compared with {quote(sign)}.", (*COMPARISONS[kind], "in"))
        term = _READ[kind](name.lower(), op.removeprefix("!"), (value,))
        return opposite(term) if op.startswith("!") else term

    def among(self, name: Token, values_: Values) -> Filter:
        """Read ``tags in (home, work)``."""
        return _READ[_kind(name)](name.lower(), Op.IS, values_)

    def not_among(self, name: Token, values_: Values) -> Filter:
        """Read ``tags not in (home, work)``."""
        return opposite(self.among(name, values_))

    def values(self, *tokens: Token) -> Values:
        """Read ``(home, work)``."""
        return tokens

    def tag(self, token: Token) -> Filter:
        """Read ``#home``."""
        return Tagged((values.text(token),))

    def text(self, token: Token) -> Filter:
        """Read ``"milk"``."""
        return Text("text", values.text(token))


def unknown(word: Token) -> QueryError:
    """Return the error for a word that is no condition, or none by itself."""
    name = word.lower()
    if name in FIELDS:
        held = f"has {name}" if name in HELD else None
        return error(word, f"{quote(word)} needs a comparison.", COMPARISONS[FIELDS[name]], held)
    message = f"There is no field or shorthand {quote(word)}; put words to look for in quotes."
    return error(word, message, (), idiom(word) or nearest(word, {**FIELDS, **SHORTHANDS}) or quoted(word))


def _kind(name: Token) -> FieldType:
    if name.lower() in FIELDS:
        return FIELDS[name.lower()]
    if name.lower() in SHORTHANDS:
        raise error(name, f"{quote(name)} takes no comparison; write `{name.lower()}` or `not {name.lower()}`.")
    raise _unnamed(name, FIELDS)


def _unnamed(word: Token, options: Iterable[str]) -> QueryError:
    """Return the error for a name that is none of the options."""
    near = nearest(word, options)
    return error(word, f"There is no field {quote(word)}.", () if near else options, near)


def _texts(field: str, op: str, tokens: Values) -> Filter:
    return some(Text(field, values.text(token), whole=op == Op.IS) for token in tokens)


def _priorities(_field: str, op: str, tokens: Values) -> Filter:
    return some(Priorities(Op(op), values.priority(token)) for token in tokens)


def _statuses(_field: str, _op: str, tokens: Values) -> Filter:
    return some(Is(values.status(token)) for token in tokens)


def _dates(field: str, op: str, tokens: Values) -> Filter:
    return some(When(field, Op(op), values.when(token)) for token in tokens)


def _links(field: str, _op: str, tokens: Values) -> Filter:
    return Linked(field, _distinct(map(values.uuid, tokens)))


def _tags(_field: str, _op: str, tokens: Values) -> Filter:
    return Tagged(_distinct(map(values.text, tokens)))


def _lists(_field: str, _op: str, tokens: Values) -> Filter:
    return Listed(_distinct(map(values.name_or_id, tokens)))


def _distinct(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))


_SIGNS = {"==": "=", "<>": "!="}
_READ: Mapping[FieldType, Callable[[str, str, Values], Filter]] = {
    FieldType.TEXT: _texts,
    FieldType.PRIORITY: _priorities,
    FieldType.STATUS: _statuses,
    FieldType.TAGS: _tags,
    FieldType.LIST: _lists,
    FieldType.ID: _links,
    FieldType.DATE: _dates,
}
