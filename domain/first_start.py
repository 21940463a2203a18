"""The first start of a series, from which a new rule for all its occurrences counts: ``Series.first``.

It is null if it is the start of the rule. It is moved as the series is: a due that is moved for the following
occurrences moves it, too, to the same kind.
"""

from domain import times
from domain.recurrence import advance, keys, overrides
from schemas.records import Due, Recurrence, Series, Task


def changed(known: Series, before: Task, after: Task) -> Due | None:
    """Return the first start of a series after the rule of its current occurrence was changed."""
    assert before.recurrence is not None
    assert after.recurrence is not None
    was, now = before.recurrence, after.recurrence
    if was.start == now.start:
        return known.first
    slots = (keys.slot_due(was, before.occurrence or ""), keys.slot_due(now, after.occurrence or ""))
    return _moved(known.first or was.start, *slots, now.start)


def reached(first: Due | None, rule: Recurrence, occurrence: str) -> Due | None:
    """Return the first start of a series that has come to an occurrence, where the rule before has changes ahead."""
    if (then := _switched(rule, occurrence)) is None:
        return first
    (slot, after) = then
    return reached(_moved(first or rule.start, slot, after.start, after.start), after, occurrence)


def returned(first: Due | None, rule: Recurrence, occurrence: str) -> Due | None:
    """Return the first start of a series that goes back from an occurrence to one with this rule."""
    if (then := _switched(rule, occurrence)) is None:
        return first
    (slot, after) = then
    return _moved(returned(first, after, occurrence) or after.start, after.start, slot, rule.start)


def changed_before_8(known: Series, before: Task, after: Task) -> Due | None:
    """Return the first start after a change by decision versions before 8, which may be of another kind."""
    assert before.recurrence is not None
    assert after.recurrence is not None
    was, now = before.recurrence.start, after.recurrence.start
    if was == now:
        return known.first
    return (known.first or was) if times.key(now) == after.occurrence else None


def _switched(rule: Recurrence, occurrence: str) -> tuple[Due, Recurrence] | None:
    """Return the slot from which on a series recurs otherwise, and its rule then; None before it has come to that."""
    switch = overrides.switch(rule)
    if switch is None or switch.deleted or overrides.begins(rule, switch) > occurrence:
        return None
    return keys.slot_due(rule, switch.slot), advance.switched(rule, switch)


def _moved(first: Due, slot: Due, to: Due, start: Due) -> Due | None:
    """Return a first start moved as an occurrence is from its slot; None if it is the rule's start, or in no year."""
    try:
        moved = keys.on_clocks(keys.moved_along(first, slot, to))
    except OverflowError:
        return None
    return None if moved == start else moved
