"""Merge patch (RFC 7396): an update that names members of a due or a start is merged with the task's own.

Among the names of changed fields, ``due`` sets the whole due and ``due.time`` only its time. The task's other members
are known only when the command is decided, so the result is merged and checked then.
"""

from collections.abc import Collection, Iterable
from typing import Any

from msgspec.structs import asdict, replace

from domain import times
from domain.invalid import Invalid
from schemas.records import Due, Task, TaskFields

OBJECTS = ("due", "start")
MEMBERS = Due.__struct_fields__


def names(field: str, members: Collection[str]) -> tuple[str, ...]:
    """Return the names for members of a field that an update sets; the field's own if these are all."""
    if set(members) >= set(MEMBERS):
        return (field,)
    return tuple(f"{field}.{member}" for member in MEMBERS if member in members)


def named(field: str, changed: Collection[str]) -> tuple[str, ...]:
    """Return the members of a field that ``changed`` names: the inverse of ``names``."""
    return tuple(member for member in MEMBERS if f"{field}.{member}" in changed)


def wanted(task: Task, changed: Iterable[str], fields: TaskFields) -> dict[str, Any]:
    """Return the values that an update sets, merged, by field. Raises ``Invalid`` for a due that is none."""
    changed = tuple(changed)
    values = {name: getattr(fields, name) for name in changed if "." not in name}
    for field in OBJECTS:
        if members := named(field, changed):
            values[field] = _merged(values.get(field, getattr(task, field)), getattr(fields, field), members, field)
    return values


def check(part: Due, members: Collection[str], field: str) -> Due:
    """Return the values of these members in canonical form. Raises ``Invalid`` if no due could have them."""
    if "date" in members:
        times.check_date(f"{field}.date", part.date)
    if "time" in members and part.time is not None:
        part = replace(part, time=times.checked_time(f"{field}.time", part.time))
    if "zone" in members and part.zone is not None:
        if "time" in members and part.time is None:
            raise times.zone_without_time(field)
        times.check_zone(f"{field}.zone", part.zone)
    return part


def _merged(before: Due | None, part: Due, members: Collection[str], field: str) -> Due | None:
    """Return a due with members set or, by None, cleared; clearing the time also clears the zone."""
    values = {member: value for member, value in asdict(part).items() if member in members}
    if values.get("time", "") is None:
        values.setdefault("zone", None)
    if before is None and "date" not in values:
        if not any(values.values()):
            return None
        raise Invalid(f"{field}.date", f"The task has no {field} yet; give {field}.date, too.")
    return times.check(replace(before, **values) if before else Due(**values), field)
