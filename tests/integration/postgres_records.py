"""Records to write to the views, and the rows that they become."""

from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg
from msgspec import Struct, structs
from msgspec.structs import replace

from domain import entities
from domain.entity import EntityType
from domain.lists import LIST
from domain.projections import collect
from postgres.writer import Moved, moving, positions, put_views
from schemas import ids
from schemas import records as r
from tests.unit.domain.given import LIFECYCLES

DUE = 1_800_000_000_000


def new_user() -> str:
    return str(uuid4())


def a_task(user: str, name: str = "task", **fields) -> r.Task:
    plain = {"title": name, "created_at": DUE, "changed_at": DUE}
    return r.Task(id=ids.derive("task", user, name), user=user, **{**plain, **fields})


def event(task: r.Task) -> Struct:
    command = ids.derive("command", task.id, task.version)
    return r.TaskCreated(ids.event(command), task.user, task.changed_at, f"user:{task.user}", command, task)


def purged(thing: entities.Entity) -> entities.Event:
    notice = ids.derive("purge", thing.id, thing.version)
    return entities.of(thing).purged(ids.event(notice), thing.user, thing.changed_at, "stage:tasks", notice, thing)


def created(of: EntityType[Any], user: str, version: int = 1, **fields: str) -> entities.Event:
    """The event of a new entity, each of whose fields is a text unless ``fields`` say otherwise."""
    required = [field.name for field in structs.fields(of.record) if field.required]
    texts = dict.fromkeys(required, "x") | {"user": user, "created_at": DUE, "changed_at": DUE, "version": version}
    one = of.record(**{**texts, **fields, "id": ids.derive(of.word, user)})
    by = {"user": user, "at": DUE, "actor": f"user:{user}", "command": ids.derive("command", one.id)}
    return of.events[0](id=ids.event(one.id), **by, **{of.word: one})


def list_event(user: str, version: int = 1, name: str = "Errands") -> entities.Event:
    return created(LIST, user, version, name=name)


def tag_event(user: str, version: int = 1, colour: str | None = "#1e90ff") -> r.TagUpdated:
    command = ids.derive("command", "tag", user)
    tag = r.Tag(user, "home", DUE, colour, version)
    return r.TagUpdated(ids.event(command), user, DUE, f"user:{user}", command, tag)


def settings_event(user: str, version: int = 1, zone: str = "Europe/Paris") -> r.SettingsUpdated:
    command, settings = ids.derive("command", "settings", user), r.Settings(user, DUE, zone, version=version)
    return r.SettingsUpdated(ids.event(command), user, DUE, f"user:{user}", command, settings, ("zone",))


def outcome(user: str, command: str, kind: r.OutcomeKind = r.OutcomeKind.ACCEPTED) -> r.CommandOutcome:
    return r.CommandOutcome(user=user, at=DUE, command=command, kind=kind, task=a_task(user).id, fingerprint="f")


def part(user: str, chunk: int = 0, kind: r.OutcomeKind = r.OutcomeKind.ACCEPTED) -> r.CommandOutcome:
    """The outcome of a bulk's chunk."""
    bulk = ids.derive("bulk", user)
    refused = (r.Refusal(a_task(user).id, "version", "The task has changed."),)
    of_it = r.BulkPart(bulk, chunk, chunks=1, tasks=2, changed=1, unchanged=0, refused=refused)
    return r.CommandOutcome(user, DUE, ids.chunk(bulk, chunk), kind, task=None, part=of_it)


def entry(user: str, sequence: int = 1, task: str = "task") -> r.AuditEntry:
    command, subject = ids.derive("command", user, sequence), a_task(user, task).id
    changes = (r.FieldChange("title", "null", '"Grüße"'),)
    return r.AuditEntry(
        ids.event(command), user, DUE, sequence, "user:1", command, None, "TaskUpdated", subject, changes, "0", "1"
    )


def scheduled(user: str, name: str = "reminder", due: int = DUE, at: int = DUE) -> r.ReminderScheduled:
    identity, command = ids.derive(name, user), ids.derive("command", name, user)
    return r.ReminderScheduled(identity, user, at, command, a_task(user).id, name, due, f"Title of {name}")


def cancelled(s: r.ReminderScheduled, at: int = DUE) -> r.ReminderCancelled:
    return r.ReminderCancelled(s.id, s.user, at, s.command, s.task)


def became_due(s: r.ReminderScheduled, at: int = DUE) -> r.ReminderDue:
    return r.ReminderDue(s.id, s.user, at, s.command, s.task, s.reminder, s.due, s.title)


def step(user: str, step: r.Step = r.Step.SENT, attempt: int = 1, name: str = "reminder", due: int = DUE):
    s = scheduled(user, name)
    return r.Notification(s.id, user, DUE, s.command, s.task, step, attempt, "log", s.title, due)


def one_of_each(user: str) -> list[Struct]:
    """Records that leave at least one row in every view."""
    task = a_task(user, tags=("home",), due=r.Due("2026-11-24"), reminders=(r.Reminder("r", before=60),))
    decided = [outcome(user, event(task).command), part(user)]
    held = [event(task), *(created(of, user) for of in LIFECYCLES), tag_event(user), settings_event(user)]
    return [*held, *decided, entry(user), scheduled(user), step(user)]


async def write(connection: asyncpg.Connection, topic: str, read: int, following: int, rows) -> bool:
    """Write a block as the views stage does; return whether the position was where the block was read from."""
    try:
        async with moving(connection, 0, {topic: (read, following)}):
            await put_views(connection, rows)
    except Moved:
        return False
    return True


class Log:
    """One topic's partition as the views stage reads it, alone in its name."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self.connection, self.topic, self.position = connection, f"topic-{uuid4()}", 0

    async def write(self, *records: Struct) -> bool:
        """Write the next block."""
        if not self.position:
            await positions(self.connection, 0, [self.topic])
        read, self.position = self.position, self.position + len(records)
        return await write(self.connection, self.topic, read, self.position, collect(records))


@asynccontextmanager
async def acting(connection: asyncpg.Connection, role: str, user: str | None = None):
    """A transaction in ``role``, for ``user`` where one is given."""
    async with connection.transaction():
        await connection.execute(f"set local role {role}")
        if user is not None:
            await connection.execute("select set_config('rondo.user', $1, true)", user)
        yield


async def user_tables(connection: asyncpg.Connection) -> list[str]:
    """Every table whose rows belong to users."""
    found = await connection.fetch(
        "select 'rondo.' || relname as name from pg_attribute join pg_class on pg_class.oid = attrelid"
        " where relnamespace = 'rondo'::regnamespace and relkind in ('r', 'p') and attname = 'user_id' order by 1"
    )
    return [row["name"] for row in found]


async def shown(connection: asyncpg.Connection, user: str) -> dict[str, list[str]]:
    """All rows of a user, as text, by table."""
    async with acting(connection, "rondo_views"):
        return {
            table: [
                row[0]
                for row in await connection.fetch(
                    f"select t::text from {table} as t where user_id = $1 order by 1", user
                )
            ]
            for table in await user_tables(connection)
        }


def versions(user: str, *tags: tuple[str, ...]) -> list[Struct]:
    """The events of one task, whose n-th version has the n-th tags."""
    return [event(replace(a_task(user), version=n, title=f"v{n}", tags=given)) for n, given in enumerate(tags, 1)]
