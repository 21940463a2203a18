"""Base classes of commands, events and notices, and the shared docs of fields."""

from collections.abc import Mapping

from msgspec import Struct

DOCS: Mapping[str, str] = {
    "id": "UUID, derived from what caused the record.",
    "user": "UUID of the user, and the record's Kafka key.",
    "at": "When this happened; a derived record has its cause's time.",
    "actor": "Who asked: user:<id>, token:<id> or stage:<name>.",
    "command": "UUID of the command, or the notice, that led to this.",
    "cause": "UUID of the event that caused this, null if a person did.",
    "fingerprint": "Hash of the request's body, to detect a reused Idempotency-Key with another body.",
    "expected": "The version that the entity must have, null for any.",
    "task": "UUID of the task.",
    "list": "UUID of the list.",
    "filter": "UUID of the saved filter.",
    "tag": "The tag's name.",
    "target": "UUID of the target.",
    "title": "Title of the task.",
    "notes": "Notes on the task, in Markdown.",
    "priority": "Priority of the task.",
    "tags": "Names of the task's tags.",
    "due": "When the task is due, null for never.",
    "start": "When to start the task, of the same three kinds as due.",
    "parent": "UUID of the task that this one is a subtask of.",
    "rank": "Place in the custom order: ASCII digits and letters, ordered bytewise; empty: never moved.",
    "pinned": "Whether the task is pinned.",
    "reminders": "The task's reminders.",
    "name": "Display name.",
    "colour": "#rrggbb, null for none.",
    "text": "The filter, as its user wrote it.",
    "sort": "Sort order of the matching tasks; empty for newest first.",
    "created_at": "When it was created.",
    "changed_at": "When it was last changed.",
    "deleted": "Whether it is deleted.",
    "version": "1 at first, one more with each event.",
    "fields": "The values; in an update only those of the fields named in changed count.",
    "changed": "Names of the fields to set.",
    "bulk": "UUID of the bulk, which is also that of its first chunk's command.",
    "chunk": "The chunk's number: 0, 1, 2 and so on.",
    "chunks": "Number of chunks of the bulk.",
    "reminder": "Id of the reminder within its task.",
    "series": "UUID of the series' first task.",
    "rule_version": "Version of the series' rule.",
    "subject": "The entity, if not a task: list:<UUID>, filter:<UUID>, target:<UUID>, tag:<name> or settings:<user>.",
    "code": "If rejected: the code, a stable word for programs.",
    "detail": "If rejected: the reason, a sentence for people.",
    "field": "If rejected: the field at fault.",
    "key": "The record's key, as it was.",
    "value": "The record's value, as it was.",
    "headers": "The record's headers, in order.",
    "topic": "Topic of the record.",
    "partition": "Partition of the record.",
    "offset": "Offset of the record.",
    "stage": "Name of the stage.",
}
"""Docs of fields by name, for every record that has none below the field."""


class Command(Struct, frozen=True, gc=False):
    """A request to change an entity: imperative."""

    id: str
    user: str
    at: int
    actor: str


class Event(Struct, frozen=True, gc=False):
    """Something that happened to an entity: past tense."""

    id: str
    user: str
    at: int
    actor: str
    command: str


class Notice(Struct, frozen=True, gc=False):
    """A timer has fired."""

    id: str
    """UUID of the timer."""
    user: str
    at: int
