"""The data of the user who sends the worst requests: a full page of every entity, with the slowest texts."""

from collections.abc import Iterator, Mapping
from random import Random
from urllib.parse import quote

import msgspec
from asyncpg import Connection
from msgspec import Struct

from api.models.entities import RESOURCES
from domain import projections, validation
from postgres.writer import put_views
from schemas import ids
from schemas import records as r

MANY = 200
"""The number of each entity: a full page."""
WORD = "zyx"
"""The last word of all notes, and the first of all titles."""

_AT = 1_800_000_000_000
_SHORT = len(WORD) + 1
_STEP = 20
_HAN, _FAR = (range(0x4E00, 0x9FA0), range(0x20000, 0x2A000))


def _often(text: str, most: int) -> str:
    return text * (most // len(text))


def _different(codes: range, most: int) -> str:
    return "".join(map(chr, Random(most).choices(codes, k=most)))  # noqa: S311


def notes() -> Iterator[str]:
    """Yield the notes that are slowest to fold, split, highlight, compare, write or send, with ``WORD``."""
    most = validation.MAX_NOTES - _SHORT
    yield from (
        _often(text, most) for text in ("\u337f", "\ufdfa", "½", "1½ ", "H₂O ", '\\"', "\u0316\u0301 ", "\U0001f600")
    )
    yield from (_different(codes, most) for codes in (_HAN, _FAR))
    yield " ".join(f"{number:x}" for number in Random(most).sample(range(1 << 20), most // 6))  # noqa: S311


def records(user: str) -> Iterator[Struct]:
    """Yield the records that stages would have written for a user's commands."""
    yield from map(_created, tasks(user))
    for number in range(MANY):
        yield from _others(user, number, f"{number} " + "\u337f" * (validation.MAX_NAME - 4))
    yield _outcome(user)
    refused = [
        r.Refusal(ids.derive("refused", str(number)), "version", "It has changed. " * 30) for number in range(MANY)
    ]
    part = r.BulkPart(known(user)["bulk"], 0, 1, 2 * MANY, MANY, 0, tuple(refused))
    chunk = ids.chunk(part.bulk, 0)
    yield r.CommandOutcome(user, _AT, chunk, r.OutcomeKind.ACCEPTED, task=None, part=part, events=MANY)


def tasks(user: str) -> Iterator[r.Task]:
    """Yield the user's tasks."""
    texts = [f"{text} {WORD}" for text in notes()]
    title = f"{WORD} " + "\u337f" * (validation.MAX_TITLE - _SHORT)
    for number in range(MANY):
        some = number % (MANY // validation.MAX_TAGS)
        tags = tuple(sorted(_tag(some * validation.MAX_TAGS + place) for place in range(validation.MAX_TAGS)))
        reminders = tuple(r.Reminder(str(place), before=place) for place in range(validation.MAX_REMINDERS))
        id_ = ids.derive("task", user, number)
        text = texts[number * len(texts) // MANY]  # in order, as a bulk has them
        yield r.Task(id_, user, title, _AT, _AT, notes=text, tags=tags, due=r.Due("2026-11-24"), reminders=reminders)


def known(user: str) -> Mapping[str, str]:
    """Return the values of path parameters, by name, percent-encoded."""
    words = ("bulk", "command", *(one.word for one in RESOURCES))
    found = {name: ids.derive(name, user, 0) for name in words}
    return found | {one.parameter: found[one.word] for one in RESOURCES} | {"name": quote(_tag(0))}


async def put(connection: Connection, user: str) -> None:
    """Write the data to the views, as their stage does."""
    rows = projections.collect(records(user))
    for begin in range(0, len(rows), _STEP):
        async with connection.transaction():
            await connection.execute("set local role rondo_views")
            await put_views(connection, rows[begin : begin + _STEP])


def _tag(number: int) -> str:
    return f"{number} " + "\ufdfa" * (validation.MAX_TAG - 4)


def _created(task: r.Task) -> Struct:
    return r.TaskCreated(ids.event(task.id), task.user, _AT, "user:1", ids.derive("create", task.id), task)


def _others(user: str, number: int, name: str) -> Iterator[Struct]:
    made = ids.derive("made", user, number)
    event = (ids.event(made), user, _AT, "user:1", made)
    yield r.ListCreated(*event, r.List(ids.derive("list", user, number), user, name, _AT, _AT))
    text = " or ".join([f'title ~ "{_often(chr(0x337F), 80)}"'] * 20)
    yield r.FilterCreated(*event, r.SavedFilter(ids.derive("filter", user, number), user, name, text, _AT, _AT))
    reminder, task = ids.derive("reminder", user, number), known(user)["task"]
    title = "\u337f" * validation.MAX_TITLE
    yield r.ReminderScheduled(reminder, user, _AT, made, task, "r", _AT, title)
    for attempt in range(1, 11):
        yield r.Notification(reminder, user, _AT, made, task, r.Step.FAILED, attempt, "webhook", title, _AT, "refused")
    for place, about in enumerate((None, "list", "filter")):
        yield _entry(user, 3 * number + place + 1, about)


def _entry(user: str, sequence: int, about: str | None) -> r.AuditEntry:
    """Return an audit entry of the first task, list or filter, which changes its longest text."""
    field, most = ("notes", validation.MAX_NOTES) if about is None else ("text", 2000)
    before, after = (msgspec.json.encode(letter * (most - 1)).decode() for letter in "\u337f\U0001f600")
    subject = about and f"{about}:{known(user)[about]}"
    task = None if about else known(user)["task"]
    changes = (r.FieldChange(field, before, after),)
    command = known(user)["command"] if about else ids.chunk(known(user)["bulk"], 0)
    return r.AuditEntry(
        ids.derive("entry", user, sequence),
        user,
        _AT,
        sequence,
        "user:1",
        command,
        None,
        "TaskUpdated",
        task,
        changes,
        "0",
        "1",
        subject,
    )


def _outcome(user: str) -> r.CommandOutcome:
    names = known(user)
    return r.CommandOutcome(
        user, _AT, names["command"], r.OutcomeKind.ACCEPTED, names["task"], "f", version=1, events=2 * MANY
    )
