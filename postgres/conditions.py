"""Translates a filter to an SQL condition on the views: a text with parameters, and their values.

The text depends on the filter's structure alone, and contains no value. It names ``rondo.tasks`` as ``tasks``;
row-level security restricts the rows to the user's. With it, Postgres uses an index only for leakproof comparisons: of
plain columns with dates, times, text and ids, not of enums or of a function's result. So the condition compares columns
made for it (``due_local``, ``start_local``, ``title_folded``, ``urgency``). These indexes serve it, each with the user
as its first column:

* ``tasks_by_due (due_local, id)`` and ``tasks_by_urgency (urgency desc, due_local, id)``, of open tasks, for ``due``,
  ``overdue``, ``priority``, and pages by them; other conditions on due read all of the user's tasks;
* ``tasks_newest (created_at desc, id desc)`` for ``created``, ``tasks_completed (completed_at desc, id desc)``;
* ``tasks_by_rank (rank, id)``, ``tasks_pinned (pinned desc, rank, id)`` and ``tasks_by_title (title_folded, id)`` for
  pages of open tasks;
* ``task_tags_of_tag (tag_id, task_id)`` for tags of few tasks (``required_tags``);
* ``tasks_of_parent (parent_id)`` for ``parent``, ``tasks_of_list (list_id)`` for open tasks on a list.

Logic has two values, as in the filter language: a comparison with null is null, counts as false, and its negation is
true.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.folding import fold, fold_notes, fold_title
from domain.query.dates import Clock, Edge, Relative, Span, compared, resolve
from domain.query.tree import (
    INBOX,
    And,
    Closed,
    Filter,
    Has,
    Is,
    Linked,
    Listed,
    Not,
    Or,
    Overdue,
    Pinned,
    Priorities,
    Tagged,
    Term,
    Text,
    When,
    is_id,
)
from schemas.records import Priority

URGENCY = {priority: number for number, priority in enumerate(Priority)}
"""The column ``urgency`` of each priority."""
ZONES_DIFFER = timedelta(days=2)
"""The greatest difference between two zones' clocks: each is less than a day from UTC."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WILD = str.maketrans({wild: f"\\{wild}" for wild in "\\%_"})
_INSTANTS = {"created": "created_at", "completed": "completed_at", "changed": "changed_at"}
_TEXTS = {
    "title": ("tasks.title_folded",),
    "notes": ("tasks.notes_folded",),
    "text": ("tasks.title_folded", "tasks.notes_folded"),
}
_WHOLE: Mapping[str, Callable[[str], str]] = {"tasks.title_folded": fold_title, "tasks.notes_folded": fold_notes}
"""Functions that fold a whole text for comparison with a column."""
_HELD: Mapping[str, str] = {
    "notes": "tasks.notes <> ''",
    "tags": "tasks.tags <> '{}'",
    "list": "tasks.list_id is not null",
    # A lookup by id: Postgres might turn "exists" into a hash of all the user's tasks.
    "parent": "tasks.parent_id is not null and (select whole.status <> 'DELETED' from rondo.tasks as whole"
    " where whole.id = tasks.parent_id)",
    "series": "tasks.series is not null",
    "start": "tasks.start_local is not null",
    "due": "tasks.due_local is not null",
    "completed": "tasks.completed_at is not null",
    "recurrence": "tasks.recurrence is not null",
}
_LISTS = "select lists.id from rondo.lists"
_LINKS = {"parent": "tasks.parent_id", "series": "tasks.series"}


@dataclass(frozen=True)
class Sql:
    """An SQL fragment, and the values of its parameters ``$first``, ``$first+1`` … for asyncpg."""

    text: str
    values: tuple[object, ...]


def where(filter_: Filter, clock: Clock, first: int = 1) -> Sql:
    """Return the condition on ``rondo.tasks`` that matches a filter's tasks, by the time and zone of ``clock``."""
    condition = _Condition(clock, first)
    return Sql(condition.of(filter_), tuple(condition.values))


def required_tags(filter_: Filter) -> tuple[tuple[str, ...], ...]:
    """Return sets of folded tag names: every task that matches the filter has a tag of each set.

    For tags of few tasks a lookup by ``rondo.task_tags`` is fastest, for those of many an index of the order.
    """
    terms = filter_.terms if isinstance(filter_, And) else (filter_,)
    return tuple(tuple(map(fold, term.names)) for term in terms if isinstance(term, Tagged))


class _Condition:
    def __init__(self, clock: Clock, first: int) -> None:
        self.values: list[object] = []
        self._clock = clock
        self._first = first

    def of(self, filter_: Filter) -> str:
        """Return the condition of a filter, in parentheses."""
        match filter_:
            case And(terms):
                return f"({' and '.join(map(self.of, terms))})"
            case Or(terms):
                return f"({' or '.join(self._any(terms))})"
            case Not(term):
                return f"({self.of(term)} is not true)"
            case _:
                return f"({self._term(filter_)})"

    def _any(self, terms: tuple[Filter, ...]) -> Iterator[str]:
        """Yield the conditions of a disjunction, with one ``= any`` for all whole texts of a field.

        So Postgres reads long notes once, not once for each text.
        """
        among: dict[str, list[str]] = {}
        for term in terms:
            if isinstance(term, Text) and term.whole:
                among.setdefault(term.field, []).append(term.words)
            else:
                yield self.of(term)
        for field, texts in among.items():
            for column in _TEXTS[field]:
                yield f"{column} = any({self._put([*map(_WHOLE[column], texts)], 'text[]')})"

    def _term(self, term: Term) -> str:  # noqa: PLR0911 - one for each kind of term
        match term:
            case Is(status):
                return f"tasks.status = '{status.name}'"  # a literal, so that an index of open tasks serves it
            case Closed(closing):
                return f"tasks.status = 'COMPLETED' and tasks.closing = '{closing.name}'"
            case Pinned():
                return "tasks.pinned"
            case Has(field):
                return _HELD[field]
            case Priorities(op, priority):
                return f"tasks.urgency {op.value} {self._put(URGENCY[priority], 'smallint')}"
            case Text(field, words, whole):
                return self._text(field, words, whole=whole)
            case Tagged(names):
                return f"tasks.tags_folded && {self._folded(names)}"
            case Listed(names):
                return self._listed(names)
            case Linked(field, ids):
                return f"{_LINKS[field]} = any({self._put(list(ids), 'text[]')}::uuid[])"
            case When(field, op, date):
                span = compared(op, date, self._clock)
                return self._instant(field, span) if field in _INSTANTS else self._local(field, span)
            case Overdue():
                return self._overdue()

    def _put(self, value: object, type_: str) -> str:
        self.values.append(value)
        return f"${self._first + len(self.values) - 1}::{type_}"

    def _text(self, field: str, words: str, *, whole: bool) -> str:
        if whole:
            return " or ".join(f"{text} = {self._put(_WHOLE[text](words), 'text')}" for text in _TEXTS[field])
        pattern = self._put(f"%{fold(words).translate(_WILD)}%", "text")
        return " or ".join(f"{text} like {pattern}" for text in _TEXTS[field])

    def _listed(self, names: tuple[str, ...]) -> str:
        ids = self._put([name for name in names if is_id(name)], "text[]")
        named = f"not lists.deleted and lists.name_folded = any({self._folded(names)})"
        # An array, not a subquery: with "or", Postgres could not use an index for that.
        listed = f"tasks.list_id = any(array({_LISTS} where lists.id = any({ids}::uuid[]) or {named}))"
        return f"{listed} or tasks.list_id is null" if INBOX in map(fold, names) else listed

    def _folded(self, names: tuple[str, ...]) -> str:
        return self._put([fold(name) for name in names], "text[]")

    def _instant(self, field: str, span: Span) -> str:
        column = f"tasks.{_INSTANTS[field]}"
        return " and ".join(f"{column} {op} {self._at(edge)}" for op, edge in _bounds(span))

    def _local(self, field: str, span: Span) -> str:
        """Compare values with a zone by their instant, others by local time; and all by a wider span of local time.

        The wider condition is redundant, but an index serves it.
        """
        local, at = f"tasks.{field}_local", f"tasks.{field}_at"
        bounds = _bounds(span)
        wider = " and ".join(f"{local} {op} {self._reads(edge.local + _wider(op))}" for op, edge in bounds)
        locals_ = " and ".join(f"{local} {op} {self._reads(edge.local)}" for op, edge in bounds)
        instants = " and ".join(f"{at} {op} {self._at(edge)}" for op, edge in bounds)
        return f"{wider} and case when {at} is null then {locals_} else {instants} end"

    def _overdue(self) -> str:
        """Compare a day with today, a time with now."""
        today, now = (resolve(Relative(base), self._clock).first for base in ("today", "now"))
        assert today is not None
        assert now is not None
        return (
            f"tasks.status = 'OPEN' and tasks.due_local < {self._reads(now.local + ZONES_DIFFER)}"
            f" and case when tasks.due_time is null then tasks.due_local < {self._reads(today.local)}"
            f" when tasks.due_at is null then tasks.due_local < {self._reads(now.local)}"
            f" else tasks.due_at < {self._at(now)} end"
        )

    def _reads(self, local: datetime) -> str:
        return self._put(local, "timestamp")

    def _at(self, edge: Edge) -> str:
        return self._put(_EPOCH + timedelta(milliseconds=edge.instant), "timestamptz")


def _bounds(span: Span) -> list[tuple[str, Edge]]:
    return [(op, edge) for op, edge in ((">=", span.first), ("<", span.end)) if edge is not None]


def _wider(op: str) -> timedelta:
    return ZONES_DIFFER if op == "<" else -ZONES_DIFFER
