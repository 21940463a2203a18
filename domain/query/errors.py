"""Errors of filters and sort orders: where the error is, what was expected, and what was probably meant."""

from collections.abc import Sequence

from domain.invalid import Invalid


class QueryError(Invalid):
    """A filter or a sort order that can't be parsed.

    ``field`` is the parameter's name, ``column`` counts code points from 1, ``expected`` describes what is allowed
    there, ``suggestion`` is a replacement that was probably meant. ``detail`` contains all of these.
    """

    def __init__(
        self, field: str, column: int, message: str, expected: Sequence[str] = (), suggestion: str | None = None
    ) -> None:
        expectation = f" Expected {either(expected)}." if expected else ""
        question = f" Did you mean `{suggestion}`?" if suggestion else ""
        super().__init__(field, f"Column {column}: {message}{expectation}{question}")
        self.column = column
        self.message = message
        self.expected = tuple(expected)
        self.suggestion = suggestion


def either(options: Sequence[str]) -> str:
    """Return the options as a list in words: ``a, b or c``."""
    *first, last = options
    return f"{', '.join(first)} or {last}" if first else last
