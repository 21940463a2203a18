"""Parses a filter: from text to a tree, or an error that says where it is and what was expected."""

from functools import cache, lru_cache
from importlib import resources

from lark import Lark, Token, UnexpectedCharacters, UnexpectedToken

from domain.query.bounds import Bounds, check_characters
from domain.query.errors import QueryError
from domain.query.fields import FIELDS, SHORTHANDS, nearest
from domain.query.idioms import idiom
from domain.query.reading import Reader, unknown
from domain.query.spoken import spoken
from domain.query.tree import KEYWORDS, QUOTES, Filter, quoted
from domain.query.values import DATES, error, quote

CACHED = 256
"""The most parsed filters that are cached: ten megabytes at most, if all are as long as possible."""

_PHRASES = {
    "COMPARISON": "a comparison",
    "_IN": "`in`",
    "_AND": "`and`",
    "_OR": "`or`",
    "LPAR": "`(`",
    "COMMA": "`,`",
    "RPAR": "`)`",
    "$END": "the end",
}
"""Descriptions of other tokens that the grammar accepts."""
_WORDS = {"COMPARISON": ("=", "<", "<=", ">", ">=", "~"), "_IN": ("in",), "_AND": ("and",), "_OR": ("or",)}
"""Words that another word may stand for, if the grammar accepts the token."""
_VALUE = {"WORD", "STRING"}
_OPENING = ('"', *QUOTES)


@lru_cache(CACHED)
def parse(text: str) -> Filter:
    """Return the tree of a filter. Raises ``QueryError`` for the field ``filter``.

    Store the text as written, not the printed form, which may exceed the longest filter.
    """
    check_characters(text)
    reading = _grammar().parse_interactive(text)
    bounds, tokens = Bounds(), list[Token]()
    try:
        for token in reading.iter_parse():
            bounds.check(token)
            tokens.append(token)
        filter_: Filter = reading.feed_eof()  # type: ignore[no-untyped-call]
    except UnexpectedCharacters as found:
        raise _unreadable(text, found.pos_in_stream or 0) from None
    except UnexpectedToken as found:
        if found.token.type == "$END":
            tokens.append(Token("$END", "", start_pos=len(text)))
        if date := spoken(text, tokens[-1].start_pos or 0):
            raise date from None
        raise _unexpected(tokens[-1], tokens[-2] if len(tokens) > 1 else None, reading.accepts()) from None  # type: ignore[no-untyped-call]
    return filter_


@cache
def _grammar() -> Lark:
    """Return the parser, built on first use."""
    grammar = resources.files(__package__).joinpath("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, start="disjunction", parser="lalr", lexer="basic", transformer=Reader())


def _unreadable(text: str, position: int) -> QueryError:
    """Return the error for a character that begins no token."""
    character = text[position]
    if character == "#" and text[position + 1 : position + 2] in _OPENING:
        return _unreadable(text, position + 1)
    hints = dict.fromkeys(_OPENING, "This quote is not closed.") | {
        "#": "The name of a tag follows # at once.",
        "\\": "A backslash is allowed only in quotes.",
        "&": "Put text with & in quotes.",
    }
    return QueryError("filter", position + 1, hints.get(character, f"`{character}` means nothing here."))


def _unexpected(token: Token, before: Token | None, accepts: set[str]) -> QueryError:
    """Return the error for a misplaced token, or for the word before it, if that is at fault."""
    if before is not None and before.type == "WORD":
        if token.type == "WORD" and (suggestion := idiom(f"{before} {token}")):
            return error(before, f"{quote(before)} can't be followed by {quote(token)}.", (), suggestion)
        if "COMPARISON" not in accepts:
            return _after_value(token, before) or _misplaced(token, accepts)
        if before.lower() not in {*FIELDS, *SHORTHANDS}:
            return unknown(before)
        accepts = accepts - _never_after(before.lower())
    return _misplaced(token, accepts)


def _after_value(token: Token, value: Token) -> QueryError | None:
    if value.startswith("'"):
        return error(value, "Put text in double quotes.")
    if value.lower() in DATES and token.startswith(("+", "-")):
        return error(token, "A date is written without spaces, such as `today+7d`.")
    return None


def _misplaced(token: Token, accepts: set[str]) -> QueryError:
    if token.type == "$END":
        return error(token, "The filter ends too early.", _expected(accepts))
    if token.type == "RPAR" and not accepts:
        return error(token, "This bracket was not opened.")
    if accepts == _VALUE and token.lower() in KEYWORDS:
        return error(token, f"{quote(token)} is a word of the language; as a value it needs quotes.", (), quoted(token))
    return error(token, f"{quote(token)} is not allowed here.", _expected(accepts), _suggestion(token, accepts))


def _never_after(word: str) -> set[str]:
    """Return the tokens that can't follow a word although the grammar, which knows no field names, accepts them."""
    shorthand = set() if word in SHORTHANDS else {"_AND", "_OR", "RPAR", "$END"}
    return shorthand if word in FIELDS else {"COMPARISON", "_IN", "_NOT"}


def _expected(accepts: set[str]) -> list[str]:
    """Return descriptions of the tokens that the grammar accepts."""
    if "TAG" in accepts:
        return ["a condition such as `overdue`, `#home`, `due < today+7d`"]
    if accepts == _VALUE:
        return ["a value"]
    if accepts == {"WORD"}:
        return ["a field"]
    return [phrase for terminal, phrase in _PHRASES.items() if terminal in accepts]


def _suggestion(token: Token, accepts: set[str]) -> str | None:
    """Return what was probably meant by a misplaced token."""
    near = nearest(token, [word for terminal, words in _WORDS.items() if terminal in accepts for word in words])
    begins = token.type in {"STRING", "TAG", "LPAR", "_NOT", "_NO", "_HAS"} or token.lower() in {*FIELDS, *SHORTHANDS}
    return near or (f"and {token}" if begins and "_AND" in accepts else None)
