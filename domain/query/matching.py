"""Evaluates a filter on a task: the reference implementation, which the SQL is tested against."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from domain.folding import fold, fold_notes, fold_title
from domain.query.dates import Clock, Op, Relative, Span, compared
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
)
from schemas.records import Due, Priority, Status, Task

_RANK = {priority: rank for rank, priority in enumerate(Priority)}


@dataclass(frozen=True, slots=True)
class TaskList:
    """The list that a task is on."""

    id: str  # a UUID, in lower case
    name: str


def matches(  # noqa: PLR0911 - one for each kind of node
    filter_: Filter, task: Task, clock: Clock, on: TaskList | None = None, below: Task | None = None
) -> bool:
    """Return whether the filter holds for a task, as seen by ``clock``.

    ``on`` is the task's list; ``below`` its parent, None also if that was purged.
    """
    match filter_:
        case And(terms):
            return all(matches(term, task, clock, on, below) for term in terms)
        case Or(terms):
            return any(matches(term, task, clock, on, below) for term in terms)
        case Not(term):
            return not matches(term, task, clock, on, below)
        case When(field, op, date):
            return _is_within(compared(op, date, clock), _TIMES[field](task))
        case Has("list"):
            return on is not None
        case Has("parent"):
            return below is not None and below.status is not Status.DELETED
        case Overdue():
            return task.status is Status.OPEN and task.due is not None and _is_over(task.due, clock)
        case Listed(names):
            folded = tuple(map(fold, names))
            return INBOX in folded if on is None else on.id in names or fold(on.name) in folded
        case _:
            return _has_it(filter_, task)


def _has_it(term: Term, task: Task) -> bool:  # noqa: PLR0911 - one for each kind of term
    """Return whether a term holds that depends only on the task."""
    match term:
        case Is(status):
            return task.status is status
        case Closed(closing):
            return task.status is Status.COMPLETED and task.closing is closing
        case Pinned():
            return task.pinned
        case Has(field):
            return _VALUES[field](task) not in ((), "", None)
        case Priorities(op, priority):
            return _COMPARISONS[op](_RANK[task.priority], _RANK[priority])
        case Text(field, words, whole):
            return any(
                (compared(words) == compared(text)) if whole else (fold(words) in compared(text))
                for text, compared in _TEXTS[field](task)
            )
        case Tagged(names):
            return not set(map(fold, names)).isdisjoint(map(fold, task.tags))
        case Linked(field, ids):
            return _VALUES[field](task) in ids
        case _:
            raise TypeError(f"No evaluation knows {type(term).__name__}: add it to domain/query/matching.py.")


# The text of a task is folded once for all the words of a filter.
_title, _notes = lru_cache(8)(fold_title), lru_cache(8)(fold_notes)


def _is_within(span: Span, value: Due | int | None) -> bool:
    if value is None:
        return False
    return span.holds_due(value) if isinstance(value, Due) else span.holds(value)


def _is_over(due: Due, clock: Clock) -> bool:
    """Return whether a due is over: a day once it has ended, a time once it has passed."""
    return compared(Op.BEFORE, Relative("today" if due.time is None else "now"), clock).holds_due(due)


_COMPARISONS: Mapping[Op, Callable[[int, int], bool]] = {
    Op.IS: operator.eq,
    Op.BEFORE: operator.lt,
    Op.UNTIL: operator.le,
    Op.AFTER: operator.gt,
    Op.FROM: operator.ge,
}
_TEXTS: Mapping[str, Callable[[Task], tuple[tuple[str, Callable[[str], str]], ...]]] = {
    "title": lambda task: ((task.title, _title),),
    "notes": lambda task: ((task.notes, _notes),),
    "text": lambda task: ((task.title, _title), (task.notes, _notes)),
}
"""The texts of a task by field, each with the function that folds it."""
_TIMES: Mapping[str, Callable[[Task], Due | int | None]] = {
    "start": lambda task: task.start,
    "due": lambda task: task.due,
    "created": lambda task: task.created_at,
    "completed": lambda task: task.completed_at,
    "changed": lambda task: task.changed_at,
}
_VALUES: Mapping[str, Callable[[Task], object]] = {
    "notes": lambda task: task.notes,
    "tags": lambda task: task.tags,
    "parent": lambda task: task.parent,  # also a deleted one, so that its subtasks can be found
    "series": lambda task: task.series,
    "start": lambda task: task.start,
    "due": lambda task: task.due,
    "completed": lambda task: task.completed_at,
    "recurrence": lambda task: task.recurrence,
}
