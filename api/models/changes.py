"""What an audit entry says of a field, in the format of a task's fields."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from api.models.entities import Subject
from api.models.inputs import Changes
from api.models.outputs import instant, when_members
from schemas.records import Closing, FieldChange, Override, Reminder, Status, TaskFields

OCCURRENCES = "occurrences"
"""The name in a history of what was decided about occurrences that are yet to come; a record has it in the rule."""
PUBLIC: Mapping[str, str] = {record: public for public, record in Changes.record_names.items()}
"""The public names of the fields of a task's record, as far as they differ."""
CLOSED: Mapping[Closing | None, str] = {None: "upcoming", Closing.DONE: "done", Closing.SKIPPED: "skipped"}
"""The status of an occurrence that is yet to come, by its closing."""
_OPEN = msgspec.json.encode(Status.OPEN).decode()


def of(subject: Subject, changed: Iterable[FieldChange]) -> Iterator[dict[str, Any]]:
    """Yield the members of each ``Change`` that is visible in the fields of an entry.

    A rule that counts from another due is another record with the same text: only the due's change is visible. An open
    task has no closing.
    """
    by_field = {each.field: (each.before, each.after) for each in changed}
    statuses = by_field.get("status", ("", ""))
    for field, texts in by_field.items():
        before, after = map(msgspec.json.decode, texts)
        if field == "closing":
            before, after = (None if at == _OPEN else one for at, one in zip(statuses, (before, after), strict=True))
        yield from _visible(subject.field(field) or "", _render(field, before), _render(field, after))
        if field == "recurrence":
            yield from _visible(OCCURRENCES, *_differing(_occurrences(before), _occurrences(after)))


def _visible(field: str, before: Any, after: Any) -> Iterator[dict[str, Any]]:
    if before != after:
        yield {"field": field, "before": before, "after": after}


def _render(field: str, value: Any) -> Any:
    """Return a field's value in the audit trail in the format of a task's fields."""
    return _RENDERERS[field](value) if field in _RENDERERS and value is not None else value


def _reminders(values: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return reminders without the members that say nothing."""
    whole = msgspec.convert([{"id": "", **each} for each in values], list[Reminder])
    found = map(when_members, whole)
    return [{name: one for name, one in each.items() if one not in {None, "due"}} for each in found]


def _recurrence(value: dict[str, Any]) -> str:
    """Return a rule, with its dates and what else was set of it."""
    others = [f"{name}={value[name].lower()}" for name in ("repeats", "missed") if name in value]
    others += [f"{name}={','.join(value[name])}" for name in ("rdates", "exdates") if value.get(name)]
    subtasks = value.get("subtasks", "STAY")
    return " ".join([value["rrule"], *others, *([] if subtasks == "RESET" else [f"subtasks={subtasks.lower()}"])])


def _occurrences(recurrence: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return what was decided about occurrences that are yet to come, in their order."""
    return [*map(_decided, msgspec.convert((recurrence or {}).get("overrides", []), list[Override]))]


def _decided(override: Override) -> dict[str, Any]:
    values = msgspec.to_builtins(override.fields or TaskFields())
    return {
        "occurrence": override.slot,
        "scope": "following" if override.following else "this",
        "status": "deleted" if override.deleted else CLOSED[override.closing],
        "changes": {PUBLIC.get(name, name): _render(name, values[name]) for name in override.changed},
    }


def _differing(before: list[Any], after: list[Any]) -> tuple[list[Any], list[Any]]:
    """Return the items of each list that the other one does not have."""
    return [each for each in before if each not in after], [each for each in after if each not in before]


_RENDERERS: dict[str, Callable[[Any], Any]] = {
    "created_at": instant,
    "completed_at": instant,
    "snoozed": instant,
    **dict.fromkeys(("status", "priority", "closing", "repeats", "missed", "subtasks"), str.lower),
    "recurrence": _recurrence,
    "reminders": _reminders,
}
