"""How filter and sort say what they could not read: where, what would have been right, and what was probably meant."""

from collections.abc import Sequence

from domain.invalid import Invalid


class QueryError(Invalid):
    """A filter or a sort that can't be read.

    ``field`` is the parameter's name, ``column`` counts code points from 1, ``expected`` says in words what could stand
    there, ``suggestion`` is what was probably meant, ready to be put in its place. ``detail`` says all of it.
    """

    def __init__(
        self, field: str, column: int, message: str, expected: Sequence[str] = (), suggestion: str | None = None
    ) -> None:
        wanted = f" Expected {either(expected)}." if expected else ""
        meant = f" Did you mean `{suggestion}`?" if suggestion else ""
        super().__init__(field, f"Column {column}: {message}{wanted}{meant}")
        self.column = column
        self.message = message
        self.expected = tuple(expected)
        self.suggestion = suggestion


def either(options: Sequence[str]) -> str:
    """Return the options as a list in words: ``a, b or c``."""
    *first, last = options
    return f"{', '.join(first)} or {last}" if first else last
