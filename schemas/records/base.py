"""What records have in common: the fields that all commands, events and notices begin with, and shared field docs."""

from collections.abc import Mapping

from msgspec import Struct

DOCS: Mapping[str, str] = {
    "id": "UUID, derived from what caused the record.",
    "user": "UUID of the user, and the record's Kafka key.",
    "at": "When this happened; a derived record carries its cause's time.",
    "actor": "Who asked: user:<id>, token:<id> or stage:<name>.",
    "command": "UUID of the command, or the notice, that led here.",
    "cause": "UUID of the event that caused this, null where a person did.",
    "fingerprint": "Of the request's body, so that a reused Idempotency-Key with another body is seen.",
    "expected": "The version that the entity must have, null for any.",
    "task": "UUID of the task.",
    "list": "UUID of the list.",
    "filter": "UUID of the saved filter.",
    "tag": "The tag's name.",
    "title": "Title of the task.",
    "notes": "Notes on the task, in Markdown.",
    "priority": "How much the task matters.",
    "tags": "Names of the task's tags.",
    "due": "When the task is due, null for never.",
    "start": "When to begin with it, of the same three kinds as due.",
    "parent": "UUID of the task that this one is a part of.",
    "rank": "Place in the custom order: ASCII digits and letters, in the order of their bytes; empty: never moved.",
    "pinned": "Whether the task is pinned.",
    "reminders": "The task's reminders.",
    "name": "What people call it.",
    "colour": "#rrggbb, null for none.",
    "text": "The filter, as its user wrote it.",
    "sort": "How what it finds is sorted; empty for the newest first.",
    "created_at": "When it was created.",
    "changed_at": "When it was last changed.",
    "deleted": "Whether it is deleted.",
    "version": "1 at first, one more with each event.",
    "fields": "The values; of a change only those of the fields named in changed count.",
    "changed": "Names of the fields that are to be set.",
    "bulk": "UUID of the bulk, which is also that of its first chunk's command.",
    "chunk": "The chunk's number: 0, 1, 2 and so on.",
    "chunks": "How many chunks the bulk has.",
    "reminder": "Id of the reminder within its task.",
    "series": "UUID of the series' first task.",
    "rule_version": "Version of the series' rule.",
    "subject": "The entity, if not a task: list:<UUID>, filter:<UUID> or tag:<name>.",
    "code": "Of a rejection: a stable word for programs.",
    "detail": "Of a rejection: a sentence for people.",
    "field": "Of a rejection: the field at fault.",
    "key": "The record's key, as it was.",
    "value": "The record's value, as it was.",
    "headers": "The record's headers, in order.",
    "topic": "Topic of the record.",
    "partition": "Partition of the record.",
    "offset": "Offset of the record.",
    "stage": "Name of the stage.",
}
"""What a field of this name means in every record that does not say otherwise below it."""


class Command(Struct, frozen=True, gc=False):
    """What somebody asks for: an imperative."""

    id: str
    user: str
    at: int
    actor: str


class Event(Struct, frozen=True, gc=False):
    """What happened to an entity: past tense."""

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
