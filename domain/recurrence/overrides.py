"""Overrides: what is decided about occurrences of a series before they come (``recurrenceOverrides``, RFC 8984, 4.3.5).

An override belongs to a slot, and is kept in the recurrence until the series has come to that slot or passed over it.
Either the occurrence was closed ahead of time, then the slot never opens; or fields of it were changed, which are set
once it opens. Its slot, and with it its place in the series, stay as they are, whatever its due.
"""

import msgspec
from msgspec.structs import replace

from domain.added import plain
from domain.invalid import Conflict
from domain.recurrence.keys import shown_key
from schemas.records import Due, Override, Recurrence

MOST = 100
"""The most overrides of a series."""
MOST_BYTES = 65_536
"""The most bytes of all overrides of a series, as JSON: each of its events has them."""


def of(recurrence: Recurrence, slot: str) -> Override:
    """Return the override of a slot, an empty one if it has none."""
    return next((each for each in recurrence.overrides if _is_of(recurrence, each, slot)), Override(slot))


def put(recurrence: Recurrence, override: Override) -> Recurrence:
    """Return a recurrence with an override in place of the one of its slot; an empty one removes that.

    Raises ``Conflict`` if the overrides become too many, or too large.
    """
    others = (each for each in recurrence.overrides if not _is_of(recurrence, each, override.slot))
    kept = (*others, override) if override != Override(override.slot) else (*others,)
    if len(kept) > max(MOST, len(recurrence.overrides)):
        raise Conflict("occurrence", f"At most {MOST} occurrences of a series are changed before they come.")
    if len(kept) >= len(recurrence.overrides) and len(msgspec.json.encode(plain(kept))) > MOST_BYTES:
        raise Conflict("occurrence", f"Occurrences that are yet to come differ by at most {MOST_BYTES:,} bytes in all.")
    return replace(recurrence, overrides=tuple(sorted(kept, key=lambda each: each.slot)))


def after(recurrence: Recurrence, occurrence: str) -> Recurrence:
    """Return a recurrence without overrides of slots up to an occurrence."""
    if not recurrence.overrides:
        return recurrence
    later = (each for each in recurrence.overrides if shown_key(recurrence, each.slot) > occurrence)
    return replace(recurrence, overrides=tuple(later))


def closed(recurrence: Recurrence) -> tuple[str, ...]:
    """Return the slots that were closed before they came."""
    return tuple(each.slot for each in recurrence.overrides if each.closing)


def moved(recurrence: Recurrence) -> dict[str, Due]:
    """Return the dues of occurrences that are due otherwise than their slots, by the local keys of these."""
    changed = ((each, each.fields.due) for each in recurrence.overrides if each.fields and "due" in each.changed)
    return {shown_key(recurrence, each.slot): due for each, due in changed if due}


def difference(before: Recurrence, after_: Recurrence) -> tuple[str, ...]:
    """Return the slots whose overrides differ, if nothing else does; else none."""
    if replace(before, overrides=(), version=0) != replace(after_, overrides=(), version=0):
        return ()
    slots = sorted({each.slot for each in (*before.overrides, *after_.overrides)})
    return tuple(slot for slot in slots if of(before, slot) != of(after_, slot))


def _is_of(recurrence: Recurrence, override: Override, slot: str) -> bool:
    return override.slot == slot or shown_key(recurrence, override.slot) == shown_key(recurrence, slot)
