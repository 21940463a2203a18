"""The slots of a series that are yet to come: those after its open occurrence, whichever of them will open."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, takewhile

from msgspec.structs import replace

from domain import times
from domain.invalid import Conflict, Invalid
from domain.recurrence import advance, overrides
from domain.recurrence.checks import local_keys
from domain.recurrence.keys import shown_key
from domain.recurrence.sets import Occurrence, RecurrenceSet
from schemas.records import Due, Override, Recurrence, Repeats

_FIELD = "occurrence"


def after(recurrence: Recurrence, key: str) -> Iterator[Occurrence]:
    """Yield the slots after a local key, also those that were closed before they came."""
    return (each for each in base(recurrence).occurrences(key) if each.key > key)


@dataclass(frozen=True)
class Upcoming:
    """An occurrence of a series that is yet to come."""

    slot: str
    """Its local key by the rule."""
    due: Due
    """When it will be due."""
    override: Override
    """What was decided about it, empty if nothing was."""
    following: tuple[str, ...]
    """The fields that were changed of it and those that follow."""


def listed(recurrence: Recurrence, current: str, since: str | None = None) -> Iterator[Upcoming]:
    """Yield the occurrences after the open one of a series, from a local key on; none if they are not known yet."""
    if recurrence.repeats is Repeats.COMPLETION:
        return
    current, moved = shown_key(recurrence, current), overrides.moved(recurrence)
    since_then = {overrides.begins(recurrence, each): each.changed for each in recurrence.overrides if each.following}
    for each in base(recurrence).occurrences(max(current, since or current)):
        if not times.is_in_calendar(each.due):
            return
        if each.key > current:
            override = overrides.of(recurrence, each.key)
            yield Upcoming(each.key, moved.get(each.key, each.due), override, since_then.get(each.key, ()))


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
    _check_is_to_come(key, current)
    near = next((each for each in base(recurrence).occurrences(key) if each.key >= key), None)
    if near is None or near.key != key:
        raise _no_slot(written, near)
    return near


def _check_is_to_come(key: str, current: str) -> None:
    """Raise ``Conflict`` if the series has come to a local key."""
    if key <= current:
        raise Conflict(_FIELD, f"The series has come to {current}; name an occurrence after that.")


def kept(recurrence: Recurrence, occurrence: str, before: Recurrence) -> Recurrence:
    """Return the recurrence of an occurrence with those overrides of an earlier one whose slots it still has."""
    if not before.overrides or recurrence.repeats is Repeats.COMPLETION:
        return replace(recurrence, overrides=())
    if recurrence.version != before.version:  # a new rule or start holds for all that follows
        before = overrides.without_switches(before)
    later = overrides.after(replace(recurrence, overrides=before.overrides), shown_key(recurrence, occurrence))
    later = replace(later, overrides=tuple(each for each in later.overrides if not _is_stale(later, each)))
    named = {each: shown_key(later, each.slot) for each in later.overrides if not overrides.is_switch(each)}
    slots = _slots_among(base(later), {*named.values()})
    return replace(later, overrides=tuple(each for each in later.overrides if named.get(each) in {None, *slots}))


def _is_stale(recurrence: Recurrence, override: Override) -> bool:
    """Return whether an override changes when a series recurs from what is no slot of it."""
    if not overrides.is_switch(override):
        return False
    before = takewhile(lambda each: each != override, recurrence.overrides)
    key = shown_key(recurrence, override.slot)
    return not _slots_among(base(replace(recurrence, overrides=tuple(before))), {key})


def _slots_among(found: RecurrenceSet, keys: set[str]) -> set[str]:
    """Return the keys that are those of slots. With COUNT all slots are computed, so it is done once for all keys."""
    if found.rule and found.rule.count is not None and found.then is None:
        return keys & {each.key for each in found.occurrences(min(keys, default=None))}
    return {key for key in keys if next((each.key for each in found.occurrences(key)), None) == key}


def _on_day(recurrence: Recurrence, current: str, day: str) -> Occurrence:
    """Return the only slot of a day."""
    local_keys(_FIELD, (day,), replace(recurrence.start, time=None, zone=None))
    first, second = (*islice(base(recurrence).occurrences(f"{day}T00:00:00"), 2), None, None)[:2]
    if first is None or first.due.date > day:
        raise _no_slot(day, first)
    if second and second.due.date <= day:
        raise Invalid(_FIELD, f"The series has several occurrences on {day}; name the time, too: {first.key[:16]}.")
    _check_is_to_come(first.key, shown_key(recurrence, current))
    return first


def base(recurrence: Recurrence) -> RecurrenceSet:
    """Return all slots of a series, also those that were closed before they came."""
    return advance.series_set(overrides.of_series(recurrence))


def _no_slot(written: str, near: Occurrence | None) -> Conflict:
    after_ = f"; the next after that is {near.key}" if near else ""
    return Conflict(_FIELD, f"The series has no occurrence on {written}{after_}.")
