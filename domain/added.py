"""Fields that were added to structs within an entity, and how such structs are written as JSON.

A field that has its default is left out, so that the audit trail and the views of an older log keep their bytes.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict, fields

from schemas.records import Override, Recurrence, Reminder, TaskFields

_NAMES: Mapping[type[Struct], tuple[str, ...]] = {
    Recurrence: ("rdates", "exdates", "repeats", "missed", "before", "subtasks", "overrides"),
    Override: ("changed", "fields", "closing", "deleted", "task", "following"),
    TaskFields: TaskFields.__struct_fields__,
    Reminder: ("days", "time", "anchor", "repeat_every", "repeat_days"),
}
_ADDED: Mapping[type[Struct], Mapping[str, Any]] = {
    of: {each.name: each.default for each in fields(of) if each.name in names} for of, names in _NAMES.items()
}
"""The defaults of the fields that were added to a struct, by its type."""


def plain(value: Any) -> Any:
    """Return a field's value as it is written as JSON: structs without added fields that have their default."""
    if isinstance(value, tuple):
        return tuple(map(plain, value))
    if (added := _ADDED.get(type(value))) is None:
        return value
    return {name: plain(one) for name, one in asdict(value).items() if name not in added or one != added[name]}
