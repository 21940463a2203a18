"""The slots of a series that are yet to come: those after its open occurrence, whichever of them will open."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, takewhile

from msgspec.structs import replace

from domain.invalid import Conflict, Invalid
from domain.recurrence import advance, overrides
from domain.recurrence.checks import local_keys
from domain.recurrence.keys import shown_key
from domain.recurrence.sets import Occurrence, RecurrenceSet
from schemas.records import Due, Override, Recurrence, Repeats

_FIELD = "occurrence"


def after(recurrence: Recurrence, key: str) -> Iterator[Occurrence]:
    """Yield the slots after a local key, also those that were closed before they came."""
    return (each for each in _base(recurrence).occurrences(key) if each.key > key)


@dataclass(frozen=True)
class Upcoming:
    """An occurrence of a series that is yet to come."""

    slot: str
    """Its local key by the rule."""
    due: Due
    """When it will be due."""
    override: Override
    """What was decided about it, empty if nothing was."""


def listed(recurrence: Recurrence, current: str, since: str | None = None) -> Iterator[Upcoming]:
    """Yield the occurrences after the open one of a series, from a local key on; none if they are not known yet."""
    if recurrence.repeats is Repeats.COMPLETION:
        return
    current, moved = shown_key(recurrence, current), overrides.moved(recurrence)
    for each in _base(recurrence).occurrences(max(current, since or current)):
        if each.key > current:
            yield Upcoming(each.key, moved.get(each.key, each.due), overrides.of(recurrence, each.key))


def find(recurrence: Recurrence, current: str, written: str) -> Occurrence:
    """Return the slot that is written as a local key, or as its day if that has one only; ``current`` is the open one.

    Raises ``Invalid`` or ``Conflict`` for the field ``occurrence`` if there is none that is yet to come.
    """
    if recurrence.repeats is Repeats.COMPLETION:
        raise Conflict(
            _FIELD, "The rule is counted from completion, so it is not known yet when its next occurrences come."
        )
    if "T" not in written and recurrence.start.time is not None:
        return _on_day(recurrence, current, written)
    [key] = local_keys(_FIELD, (written,), recurrence.start)
    key, current = shown_key(recurrence, key), shown_key(recurrence, current)
    if key <= current:
        raise Conflict(_FIELD, f"The series has come to {current}; name an occurrence after that.")
    near = next((each for each in _base(recurrence).occurrences(key) if each.key >= key), None)
    if near is None or near.key != key:
        raise _no_slot(written, near)
    return near


def kept(recurrence: Recurrence, occurrence: str, before: Recurrence) -> Recurrence:
    """Return the recurrence of an occurrence with those overrides of an earlier one whose slots it still has."""
    if not before.overrides or recurrence.repeats is Repeats.COMPLETION:
        return replace(recurrence, overrides=())
    later = overrides.after(replace(recurrence, overrides=before.overrides), shown_key(recurrence, occurrence))
    named = {each.slot: shown_key(recurrence, each.slot) for each in later.overrides}
    slots = _slots_among(_base(recurrence), {*named.values()})
    return replace(recurrence, overrides=tuple(each for each in later.overrides if named[each.slot] in slots))


def _slots_among(found: RecurrenceSet, keys: set[str]) -> set[str]:
    """Return the keys that are those of slots. With COUNT all slots are computed, so it is done once for all keys."""
    if found.rule and found.rule.count is not None:
        return keys & {each.key for each in found.occurrences(min(keys, default=None))}
    return {key for key in keys if next((each.key for each in found.occurrences(key)), None) == key}


def _on_day(recurrence: Recurrence, current: str, day: str) -> Occurrence:
    """Return the only slot of a day."""
    local_keys(_FIELD, (day,), replace(recurrence.start, time=None, zone=None))
    near = [*islice(takewhile(lambda each: each.due.date <= day, _base(recurrence).occurrences(f"{day}T00:00:00")), 2)]
    if len(near) > 1:
        raise Invalid(_FIELD, f"The series has several occurrences on {day}; name the time, too: {near[0].key[:16]}.")
    if not near:
        raise _no_slot(day, next(_base(recurrence).occurrences(f"{day}T00:00:00"), None))
    return find(recurrence, current, near[0].key)


def _base(recurrence: Recurrence) -> RecurrenceSet:
    """Return all slots of a series, also those that were closed before they came."""
    return advance.series_set(replace(recurrence, overrides=()))


def _no_slot(written: str, near: Occurrence | None) -> Conflict:
    after_ = f"; the next after that is {near.key}" if near else ""
    return Conflict(_FIELD, f"The series has no occurrence on {written}{after_}.")
