"""Translates a sort to the terms of ``order by``, and to the condition of the next page.

Ties are broken by the id, in the direction of the last key, so that an index on ``(user_id, created_at desc, id desc)``
serves ``-created``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from domain.query.sorting import RELEVANCE, Sort
from postgres.conditions import URGENCY, Sql

Position = Sequence[str | None]
"""Where a page ended: the text of each key's value in its last row, then that row's id."""


@dataclass(frozen=True, slots=True)
class _Column:
    """The column of a sort key: an expression on ``rondo.tasks``, its type, and the parser of its values' text."""

    expression: str
    type: str
    read: Callable[[str], object]
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class _Placed:
    """A key with the parameter of its value at a position in the sorted list, None for null."""

    column: _Column
    down: bool
    parameter: str | None

    @property
    def beyond(self) -> str | None:
        """The condition of rows that have a value and that this key sorts after the position; None for a null."""
        if self.parameter is None:
            return None
        return f"{self.column.expression} {'<' if self.down else '>'} {self.parameter}"

    @property
    def behind(self) -> str | None:
        """The condition of all rows that this key sorts after the position; None where there can be none."""
        return f"{self.beyond} or {self.absent}" if self.beyond and self.column.nullable else self.beyond

    @property
    def beside(self) -> str:
        """The condition of rows whose key is equal to that of the position."""
        return self.absent if self.parameter is None else f"{self.column.expression} = {self.parameter}"

    @property
    def absent(self) -> str:
        """The condition of rows without a value, which come last."""
        return f"{self.column.expression} is null"

    @property
    def bound(self) -> str | None:
        """The condition of all rows beyond and beside the position: an index scan begins there."""
        return f"{self.column.expression} {'<=' if self.down else '>='} {self.parameter}" if self.beyond else None


def _urgency(text: str) -> int:
    if (number := int(text)) not in URGENCY.values():
        raise ValueError(f"{text!r} is not a priority's.")
    return number


def _rank(text: str) -> float:
    if not 0 <= (rank := float(text)) <= 1000:
        raise ValueError(f"{text!r} is not a rank.")
    return rank


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} is not true or false.")
    return text == "true"


def _words(text: str) -> str:
    if "\0" in text:
        raise ValueError("Postgres can't store U+0000.")
    text.encode()  # raises for half of a surrogate pair
    return text


def _local(text: str) -> datetime:
    if (local := datetime.fromisoformat(text)).tzinfo:
        raise ValueError(f"{text!r} has a zone.")
    return local


def _instant(text: str) -> datetime:
    if not (instant := datetime.fromisoformat(text)).tzinfo:
        raise ValueError(f"{text!r} has no zone.")
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{text!r} is not in the calendar in UTC.") from None


_ID = _Column("tasks.id", "uuid", UUID)
_COLUMNS: Mapping[str, _Column] = {
    "title": _Column("tasks.title_folded", "text", _words),
    "priority": _Column("tasks.urgency", "smallint", _urgency),
    "start": _Column("tasks.start_local", "timestamp", _local, nullable=True),
    "due": _Column("tasks.due_local", "timestamp", _local, nullable=True),
    "order": _Column("tasks.rank", "text", _words),
    "pinned": _Column("tasks.pinned", "boolean", _truth),
    "created": _Column("tasks.created_at", "timestamptz", _instant),
    "completed": _Column("tasks.completed_at", "timestamptz", _instant, nullable=True),
    "changed": _Column("tasks.changed_at", "timestamptz", _instant),
    RELEVANCE: _Column("found.relevance", "real", _rank),
}


def order_by(sort: Sort) -> str:
    """Return the terms of ``order by``."""
    return ", ".join(_term(column, down) for column, down in _columns(sort))


def position(sort: Sort) -> str:
    """Return the expression of a row's ``Position``: an array of text."""
    return f"array[{', '.join(f'({column.expression})::text' for column, _ in _columns(sort))}]"


def after(sort: Sort, position: Position, first: int = 1) -> tuple[Sql, ...]:
    """Return the conditions of the rows after a position, with parameters from ``$first`` on.

    There are two where the first key may be null: all rows of the first come before all of the second. A single one,
    with "or", would prevent an index scan from the position. Raises ValueError for an invalid position of this sort.
    """
    values: list[object] = []
    keys: list[_Placed] = []
    for (column, down), text in zip(_columns(sort), position, strict=True):
        if (value := _value(column, text)) is not None:
            values.append(value)
        parameter = None if value is None else f"${first + len(values) - 1}::{column.type}"
        keys.append(_Placed(column, down, parameter))
    leading, *others = keys
    ways = [leading.beyond] if leading.beyond else []
    bound = f"{leading.bound} and " if leading.bound else ""
    near = Sql(f"({bound}({' or '.join([*ways, f'{leading.beside} and {_behind(others)}'])}))", tuple(values))
    return (near, Sql(f"({leading.absent})", ())) if leading.beyond and leading.column.nullable else (near,)


def _columns(sort: Sort) -> list[tuple[_Column, bool]]:
    return [*((_COLUMNS[key.field], key.down) for key in sort.keys), (_ID, sort.keys[-1].down)]


def _value(column: _Column, text: str | None) -> object:
    if text is None and not column.nullable:
        raise ValueError(f"{column.expression} is never null.")
    return None if text is None else column.read(text)


def _term(column: _Column, down: bool) -> str:
    # For a column that is never null, "nulls last" would prevent Postgres from using an index for the order.
    return f"{column.expression} {'desc' if down else 'asc'}{' nulls last' if column.nullable else ''}"


def _behind(keys: Sequence[_Placed]) -> str:
    """Return the condition of rows after a position: by the first key, or equal by that and after by the others."""
    first, *others = keys
    ways = [first.behind] if first.behind else []
    if others:
        ways.append(f"{first.beside} and {_behind(others)}")
    return f"({' or '.join(ways)})"
