"""The scope of a filter: all tasks except deleted ones, unless the filter names these."""

from domain.query.tree import And, Closed, Filter, Is, Not, Or, Overdue, every
from schemas.records import Status

_DELETED = Is(Status.DELETED)
_NOT_DELETED = Not(_DELETED)


def without_deleted(filter_: Filter | None) -> Filter:
    """Return the filter, restricted to tasks that are not deleted unless it names ``deleted``.

    None matches all tasks that are not deleted. Naming another status in a part is not enough: ``overdue or #home``
    excludes deleted tasks.
    """
    if filter_ is None:
        return _NOT_DELETED
    if _names_deleted(filter_) or _finds_no_deleted(filter_):
        return filter_
    return every((_NOT_DELETED, filter_))


def _names_deleted(filter_: Filter) -> bool:
    match filter_:
        case And(terms) | Or(terms):
            return any(map(_names_deleted, terms))
        case Not(term):
            return _names_deleted(term)
        case _:
            return filter_ == _DELETED


def _finds_no_deleted(filter_: Filter) -> bool:
    """Return whether the filter itself excludes deleted tasks: a further condition would only cost Postgres time."""
    match filter_:
        case And(terms):
            return any(map(_finds_no_deleted, terms))
        case Or(terms):
            return all(map(_finds_no_deleted, terms))
        case Is(status):
            return status is not Status.DELETED
        case _:
            return isinstance(filter_, Overdue | Closed)
