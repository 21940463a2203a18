"""Projects records to the views: pure, to rows of the named queries in ``postgres/queries``.

A row is a tuple in the order of its query's parameters. Ids are UUIDs as strings, instants are milliseconds since 1970,
local dates and times are ISO 8601 strings; a JSON column takes the record's own struct, or a tuple of them.
Text is folded and split into words here, once: Postgres does neither. That takes at most 0.1 seconds of CPU for one
task; a bulk may give the same text to very many, so the results for some long texts are cached.
The queries keep the newest version of each row, so records may be projected repeatedly, together or one by one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import Any

from msgspec import Struct

from domain import ranks, reasons
from domain.added import plain
from domain.entities import TYPES
from domain.entity import EntityType
from domain.folding import counting, fold, fold_notes, fold_title
from domain.lists import LIST
from domain.settings import SETTINGS
from domain.tags import TAG
from domain.tasks import TASK
from domain.times import END, instant
from domain.words import joined, places
from schemas import ids
from schemas import records as r

Row = tuple[object, ...]
Rows = Iterable[tuple[str, Row]]

UNSHOWN: tuple[type[Struct], ...] = (r.DigestDue, r.DigestWithheld, r.TargetCorrected)
"""Records without rows: those of what led to them, or of what they lead to, say it."""

_LAST = END - 1


def project(record: Struct) -> Rows:
    """Return the rows of ``record`` in the views, each with the name of its query.

    Raises TypeError for a record type that has no projection.
    """
    projection = _PROJECTIONS.get(type(record))
    if projection is None:
        raise TypeError(f"No view knows {type(record).__name__}: add it to domain/projections.py.")
    return projection(record)


def collect(records: Iterable[Struct]) -> list[tuple[str, Row]]:
    """Return all rows of ``records`` with their queries, in the order of the records."""
    return [row for record in records for row in project(record)]


def _task(event: r.TaskCreated) -> Rows:
    """Project any event of a task: each has the whole task after it."""
    task = event.task
    tags = [tag_id(task.user, name) for name in task.tags]
    yield "put_tasks", _task_row(task)
    if tags or task.version > 1:  # a new task has none to remove
        yield "put_task_tags", (task.id, task.user, task.version, ",".join(tags))
    for tag, name in zip(tags, task.tags, strict=True):
        yield "put_tags", (tag, task.user, name, _folded(name))


def _task_row(task: r.Task) -> Row:
    notes_folded, words_of_notes = _cached(task.notes) if len(task.notes) > _LONG else _compared(task.notes)
    return (
        task.id,
        task.user,
        task.title,
        task.notes,
        task.priority,
        *_due(task.due),
        plain(task.recurrence),
        plain(task.reminders),
        task.status,
        task.series,
        task.occurrence,
        task.version,
        _moment(task.created_at),
        _moment(task.changed_at),
        _moment_or_none(task.completed_at),
        *_due(task.start),
        task.parent,
        task.rank or ranks.of_creation(task.created_at),
        task.pinned,
        task.list,
        task.tags,
        fold_title(task.title),
        notes_folded,
        tuple(map(_folded, task.tags)),
        joined(task.user, places(task.title), words_of_notes),
        task.closing,
        _moment_or_none(task.snoozed),
    )


def _compared(notes: str) -> tuple[str, Mapping[str, Sequence[int]]]:
    """Return notes folded for comparison, and the places of their words."""
    beginning = counting(notes)
    return fold_notes(beginning), places(beginning)


_LONG = 1_000
"""Notes of fewer characters take at most some milliseconds."""
_cached = lru_cache(maxsize=8)(_compared)
"""``_compared`` of the last long notes: at most three megabytes each, if all words are different."""
_folded = lru_cache(maxsize=4_096)(fold)
"""The folded names of the last tags: at most five kilobytes each."""


def _list(event: r.ListCreated) -> Rows:
    """Project any event of a list: each has the whole list after it."""
    one = event.list
    what = (one.id, one.user, one.name, one.colour, one.rank or ranks.of_creation(one.created_at), one.deleted)
    yield "put_lists", (*what, one.version, _moment(one.created_at), _moment(one.changed_at), fold(one.name))


def _whole(of: EntityType[Any], event: Any) -> Rows:
    """Project any event that carries the whole entity after it to the fields of its record, in their order."""
    one = of.after(event)
    derived = {
        "rank": one.rank or ranks.of_creation(one.created_at),
        "created_at": _moment(one.created_at),
        "changed_at": _moment(one.changed_at),
    }
    yield f"put_{of.plural}", tuple(derived.get(name, getattr(one, name)) for name in of.record.__struct_fields__)


def _tag(event: r.TagUpdated) -> Rows:
    tag = event.tag
    yield "put_tag_colours", (tag.user, tag.name, tag.colour, tag.version)


def _settings(event: r.SettingsUpdated) -> Rows:
    one = event.settings
    hours = one.day_time, one.quiet_from, one.quiet_to, one.in_quiet_hours
    yield (
        "put_settings",
        (one.user, one.zone, *hours, one.catch_up, one.version, _moment(one.changed_at), one.digest_time, one.language),
    )


def _due(due: r.Due | None) -> tuple[str | None, str | None, str | None, int | None]:
    if due is None:
        return None, None, None, None
    return due.date, due.time, due.zone, _moment_or_none(instant(due))


def _outcome(o: r.CommandOutcome) -> Rows:
    at = _moment(o.at)
    what = (o.command, o.user, at, o.kind, o.task, o.fingerprint, o.version, o.code, o.detail, o.field)
    yield "put_commands", (*what, o.subject, o.events)
    if part := o.part:
        counts = (part.chunks, part.tasks, part.changed, part.unchanged)
        yield "put_bulks", (part.bulk, part.chunk, o.user, o.command, at, o.kind, o.code, *counts, part.refused)


def _audit(e: r.AuditEntry) -> Rows:
    yield (
        "put_audit",
        (
            e.user,
            e.sequence,
            e.id,
            _moment(e.at),
            e.actor,
            e.command,
            e.cause,
            e.event,
            e.task,
            e.changes,
            e.previous,
            e.hash,
            e.subject,
        ),
    )


def _scheduled(s: r.ReminderScheduled) -> Rows:
    yield "put_reminders", (s.id, s.user, s.task, s.reminder, s.title, _moment(s.due), "SCHEDULED", _moment(s.at))


def _cancelled(c: r.ReminderCancelled) -> Rows:
    yield "put_reminders", (c.id, c.user, c.task, None, None, None, "CANCELLED", _moment(c.at))


def _became_due(d: r.ReminderDue) -> Rows:
    yield "put_reminders", (d.id, d.user, d.task, d.reminder, d.title, _moment(d.due), "DUE", _moment(d.at))


def _withheld(w: r.ReminderWithheld) -> Rows:
    yield "put_reminders", (w.id, w.user, w.task, w.reminder, w.title, _moment(w.due), w.step.value, _moment(w.at))


def _notification(n: r.Notification) -> Rows:
    retry_at = _moment_or_none(n.retry_at)
    what = (n.id, n.channel, n.attempt, n.step, n.user, _moment(n.at), n.command, n.task, n.title)
    yield "put_notifications", (*what, _moment(n.due), reasons.redact(n.detail), retry_at, n.target, n.digest)


@lru_cache(maxsize=65_536)
def tag_id(user: str, name: str) -> str:
    """Return the id of a user's tag in the views."""
    return ids.derive("tag", user, name)


def _moment(milliseconds: int) -> int:
    """Return the instant, or the last that a view can hold: the end of 9999 in the west is the year 10000 in UTC."""
    return milliseconds if milliseconds < END else _LAST


def _moment_or_none(milliseconds: int | None) -> int | None:
    return None if milliseconds is None else _moment(milliseconds)


def _purged(of: EntityType[Any], event: Any) -> Rows:
    yield f"purge_{of.plural}", (of.name(of.after(event)), event.user, of.after(event).version)


_ENTITIES: Mapping[EntityType[Any], Callable[[Any], Rows]] = {
    **{of: partial(_whole, of) for of in TYPES},
    TASK: _task,
    LIST: _list,
    TAG: _tag,
    SETTINGS: _settings,
}
_PROJECTIONS: Mapping[type[Struct], Callable[[Any], Rows]] = {
    **{event: put for of, put in _ENTITIES.items() for event in of.events},
    **{of.purged: partial(_purged, of) for of in _ENTITIES if of.purged},
    r.CommandOutcome: _outcome,
    r.AuditEntry: _audit,
    r.ReminderScheduled: _scheduled,
    r.ReminderCancelled: _cancelled,
    r.ReminderDue: _became_due,
    r.ReminderWithheld: _withheld,
    **dict.fromkeys(UNSHOWN, lambda _: ()),
    r.Notification: _notification,
}
