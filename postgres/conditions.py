"""A filter as a condition in SQL on the views: parameters and their values, never a value in the text.

What stands in the text depends on the filter's shape alone. It names ``rondo.tasks`` as ``tasks`` and leaves it to
row-level security whose rows those are. Under that Postgres uses an index only for comparisons that it knows to leak
nothing: of plain columns, of dates, times, text and ids, not of enums, nor of what a function made of a column. So the
condition compares columns that are made for it (``due_local``, ``start_local``, ``title_folded``, ``urgency``), and
these indexes serve it, each behind the user:

* ``tasks_by_due (due_local, id)`` and ``tasks_by_urgency (urgency desc, due_local, id)``, of open tasks, for ``due``,
  ``overdue``, ``priority``, and pages by them; what else is looked for by due reads all of the user's tasks;
* ``tasks_newest (created_at desc, id desc)`` for ``created``, ``tasks_completed (completed_at desc, id desc)``;
* ``tasks_by_rank (rank, id)``, ``tasks_pinned (pinned desc, rank, id)`` and ``tasks_by_title (title_folded, id)`` for
  pages of open tasks;
* ``task_tags_of_tag (tag_id, task_id)`` for tags that few tasks bear (``required_tags``);
* ``tasks_of_parent (parent_id)`` for ``parent``, ``tasks_of_list (list_id)`` for open tasks on a list.

Logic has two values here, too: what compares with null is null, which counts as false; a negation is true for it.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.query.dates import Clock, Edge, Relative, Span, compared, resolve
from domain.query.tree import (
    INBOX,
    And,
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
from schemas.folding import fold, fold_notes, fold_title
from schemas.records import Priority

URGENCY = {priority: number for number, priority in enumerate(Priority)}
"""The column ``urgency`` of each priority."""
ZONES_DIFFER = timedelta(days=2)
"""No two zones' clocks are further apart: each is less than a day from UTC."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WILD = str.maketrans({wild: f"\\{wild}" for wild in "\\%_"})
_INSTANTS = {"created": "created_at", "completed": "completed_at", "changed": "changed_at"}
_TEXTS = {
    "title": ("tasks.title_folded",),
    "notes": ("tasks.notes_folded",),
    "text": ("tasks.title_folded", "tasks.notes_folded"),
}
_WHOLE: Mapping[str, Callable[[str], str]] = {"tasks.title_folded": fold_title, "tasks.notes_folded": fold_notes}
"""How a whole text is compared with a column."""
_HELD: Mapping[str, str] = {
    "notes": "tasks.notes <> ''",
    "tags": "tasks.tags <> '{}'",
    "list": "tasks.list_id is not null",
    # One by its id, and never a hash of all the user's tasks, which "exists" might be made of.
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
    """A fragment of SQL, and the values of its parameters ``$first``, ``$first+1`` … as asyncpg takes them."""

    text: str
    values: tuple[object, ...]


def where(filter_: Filter, clock: Clock, first: int = 1) -> Sql:
    """Return the condition that holds for the rows of ``rondo.tasks`` that the filter finds, as ``clock`` sees them."""
    condition = _Condition(clock, first)
    return Sql(condition.of(filter_), tuple(condition.values))


def required_tags(filter_: Filter) -> tuple[tuple[str, ...], ...]:
    """Return the names of tags, folded, of each of which every task that the filter finds bears one.

    What few tasks bear is found soonest by ``rondo.task_tags``, what many bear by an index of the order.
    """
    terms = filter_.terms if isinstance(filter_, And) else (filter_,)
    return tuple(tuple(map(fold, term.names)) for term in terms if isinstance(term, Tagged))


class _Condition:
    def __init__(self, clock: Clock, first: int) -> None:
        self.values: list[object] = []
        self._clock = clock
        self._first = first

    def of(self, filter_: Filter) -> str:
        """Return the condition of a filter; it may stand beside any operator."""
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
        """Yield the conditions of a disjunction: of texts that are one of many, one for each field.

        Postgres reads long notes once for it, and not once for each text.
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
                return f"tasks.status = '{status.name}'"  # not a value: so that an index of open tasks alone serves it
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
        # An array and no subquery, which an index could not be asked for beside "or".
        listed = f"tasks.list_id = any(array({_LISTS} where lists.id = any({ids}::uuid[]) or {named}))"
        return f"{listed} or tasks.list_id is null" if INBOX in map(fold, names) else listed

    def _folded(self, names: tuple[str, ...]) -> str:
        return self._put([fold(name) for name in names], "text[]")

    def _instant(self, field: str, span: Span) -> str:
        column = f"tasks.{_INSTANTS[field]}"
        return " and ".join(f"{column} {op} {self._at(edge)}" for op, edge in _bounds(span))

    def _local(self, field: str, span: Span) -> str:
        """Compare what has a zone by its instant, all else by what it reads; and both by a wider span of the latter.

        The wider one says nothing new, but an index has it.
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
