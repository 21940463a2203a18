"""Overrides: what is decided about occurrences of a series before they come (``recurrenceOverrides``, RFC 8984, 4.3.5).

An override belongs to a slot, and is kept in the recurrence until the series has come to that slot or passed over it.
Either the occurrence was closed ahead of time, then the slot never opens; or fields of it were changed, which are set
once it opens. Its slot, and with it its place in the series, stay as they are, whatever its due.

One that is about the *following* occurrences, too, changes the series from its slot on, whether or not that opens
(RANGE=THISANDFUTURE, RFC 5545, section 3.2.13): fields, the rule, or that the series ends before it.
"""

from collections.abc import Iterable, Iterator
from itertools import filterfalse, takewhile

import msgspec
from msgspec.structs import replace

from domain import times
from domain.added import plain
from domain.invalid import Conflict
from domain.recurrence.keys import shown_key
from schemas.records import Due, Override, Recurrence

RULE = ("rrule", "rdates", "exdates", "missed", "subtasks")
"""The fields of an override of following occurrences that their recurrence is made of."""
MOST = 100
"""The most overrides of a series."""
MOST_BYTES = 65_536
"""The most bytes of all overrides of a series, as JSON: each of its events has them."""


def of(recurrence: Recurrence, slot: str, *, following: bool = False) -> Override:
    """Return the override of a slot, or of it and those following; an empty one if there is none."""
    found = (each for each in at(recurrence, slot) if each.following is following)
    return next(found, Override(slot, following=following))


def at(recurrence: Recurrence, slot: str) -> tuple[Override, ...]:
    """Return the overrides of a slot."""
    return tuple(each for each in recurrence.overrides if _is_of(recurrence, each, slot))


def put(recurrence: Recurrence, override: Override) -> Recurrence:
    """Return a recurrence with an override in place of the one of its slot. Raises ``Conflict`` as ``put_at``."""
    others = (each for each in at(recurrence, override.slot) if each.following is not override.following)
    return put_at(recurrence, override.slot, (*others, override))


def put_at(recurrence: Recurrence, slot: str, given: Iterable[Override]) -> Recurrence:
    """Return a recurrence with the given overrides in place of those of their slot, without empty ones.

    Raises ``Conflict`` if the overrides become too many, or too large.
    """
    others = (each for each in recurrence.overrides if not _is_of(recurrence, each, slot))
    kept = (*others, *(each for each in given if not is_empty(each)))
    if len(kept) > max(MOST, len(recurrence.overrides)):
        raise Conflict("occurrence", f"At most {MOST} occurrences of a series are changed before they come.")
    if len(kept) >= len(recurrence.overrides) and len(msgspec.json.encode(plain(kept))) > MOST_BYTES:
        raise Conflict("occurrence", f"Occurrences that are yet to come differ by at most {MOST_BYTES:,} bytes in all.")
    return replace(recurrence, overrides=tuple(sorted(kept, key=lambda each: (each.slot, not each.following))))


def is_empty(override: Override) -> bool:
    """Return whether an override decides nothing."""
    return override == Override(override.slot, following=override.following)


def after(recurrence: Recurrence, occurrence: str) -> Recurrence:
    """Return a recurrence without overrides of slots up to an occurrence."""
    if not recurrence.overrides:
        return recurrence
    later = (each for each in recurrence.overrides if begins(recurrence, each) > occurrence)
    return replace(recurrence, overrides=tuple(later))


def closed(recurrence: Recurrence) -> tuple[str, ...]:
    """Return the slots that were closed before they came."""
    return tuple(each.slot for each in recurrence.overrides if each.closing)


def moved(recurrence: Recurrence) -> dict[str, Due]:
    """Return the dues of occurrences that are due otherwise than their slots, by the local keys of these."""
    alone = (each for each in recurrence.overrides if not each.following)
    return {shown_key(recurrence, each.slot): due for each in alone if (due := due_of(each))}


def due_of(override: Override) -> Due | None:
    """Return the due that an override changes; None if it changes none."""
    return override.fields.due if override.fields and "due" in override.changed else None


def begins(recurrence: Recurrence, override: Override) -> str:
    """Return the local key from which on an override holds: its slot, or the due that following ones count from."""
    due = due_of(override) if override.following else None
    return times.key(due) if due else shown_key(recurrence, override.slot)


def followed(recurrence: Recurrence, occurrence: str) -> Iterator[Override]:
    """Yield the overrides of following occurrences that hold for one, in their order."""
    each = (each for each in recurrence.overrides if each.following)
    return takewhile(lambda one: begins(recurrence, one) <= occurrence, each)


def switch(recurrence: Recurrence) -> Override | None:
    """Return the first override that ends the series before a slot, or from which on it recurs otherwise."""
    return next(filter(is_switch, recurrence.overrides), None)


def without_switches(recurrence: Recurrence) -> Recurrence:
    """Return a recurrence without the overrides that end it or change when it recurs."""
    return replace(recurrence, overrides=tuple(filterfalse(is_switch, recurrence.overrides)))


def of_series(recurrence: Recurrence) -> Recurrence:
    """Return a recurrence with the overrides of following occurrences alone, which say when these come."""
    return replace(recurrence, overrides=tuple(each for each in recurrence.overrides if each.following))


def is_switch(override: Override) -> bool:
    """Return whether an override ends a series, or changes when it recurs."""
    return override.following and (override.deleted or not {"due", *RULE}.isdisjoint(override.changed))


def difference(before: Recurrence, after_: Recurrence) -> tuple[str, ...]:
    """Return the slots whose overrides differ, if nothing else does; else none."""
    if replace(before, overrides=(), version=0) != replace(after_, overrides=(), version=0):
        return ()
    slots = sorted({each.slot for each in (*before.overrides, *after_.overrides)})
    return tuple(slot for slot in slots if at(before, slot) != at(after_, slot))


def _is_of(recurrence: Recurrence, override: Override, slot: str) -> bool:
    return override.slot == slot or shown_key(recurrence, override.slot) == shown_key(recurrence, slot)
