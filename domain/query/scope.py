"""Which tasks a filter looks through: all but the deleted, unless it says something of these itself."""

from domain.query.tree import And, Filter, Is, Not, Or, Overdue, every
from schemas.records import Status

_DELETED = Is(Status.DELETED)
_STANDING = Not(_DELETED)


def standing(filter_: Filter | None) -> Filter:
    """Return the filter as lists use it: one that nowhere names ``deleted`` finds no deleted task.

    None finds all others. To name another status is not enough: who asks for ``overdue or #home`` means tasks that
    stand.
    """
    if filter_ is None:
        return _STANDING
    if _names_deleted(filter_) or _finds_no_deleted(filter_):
        return filter_
    return every((_STANDING, filter_))


def _names_deleted(filter_: Filter) -> bool:
    match filter_:
        case And(terms) | Or(terms):
            return any(map(_names_deleted, terms))
        case Not(term):
            return _names_deleted(term)
        case _:
            return filter_ == _DELETED


def _finds_no_deleted(filter_: Filter) -> bool:
    """Return whether that can be seen: to say it once more would only be one more condition for Postgres."""
    match filter_:
        case And(terms):
            return any(map(_finds_no_deleted, terms))
        case Or(terms):
            return all(map(_finds_no_deleted, terms))
        case Is(status):
            return status is not Status.DELETED
        case _:
            return isinstance(filter_, Overdue)
