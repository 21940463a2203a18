"""Which tasks a filter looks through: all but the deleted, unless it says something of a status itself."""

from schemas.records import Status
from streams.domain.filters.tree import And, Filter, Is, Not, Or, Overdue, every

_STANDING = Not(Is(Status.DELETED))


def standing(filter_: Filter | None) -> Filter:
    """Return the filter as lists use it: one that names no status finds no deleted tasks; None finds all others."""
    if filter_ is None:
        return _STANDING
    return filter_ if _names_status(filter_) else every((_STANDING, filter_))


def _names_status(filter_: Filter) -> bool:
    match filter_:
        case And(terms) | Or(terms):
            return any(map(_names_status, terms))
        case Not(term):
            return _names_status(term)
        case _:
            return isinstance(filter_, Is | Overdue)
