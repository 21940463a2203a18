"""The work of every implementation: the commands, their effect on a task, and the JSON of both.

For each command: read the task, apply the command, increment its version, store it, and emit it in full; a sink then
writes it to Postgres. Every final table must equal the fold of all commands in plain Python.
"""

import hashlib
from collections.abc import Iterable
from typing import Any, cast

import msgspec
from msgspec import Struct

from schemas import records as r
from schemas.codec import Undecodable
from schemas.registry.client import Registry
from schemas.topics import Topic


class Create(Struct, frozen=True, tag="create"):
    """Create a task."""

    id: str
    user: str
    at: int
    task: str
    title: str
    priority: int


class Update(Struct, frozen=True, tag="update"):
    """Change a task's priority."""

    id: str
    user: str
    at: int
    task: str
    priority: int


class Complete(Struct, frozen=True, tag="complete"):
    """Complete a task."""

    id: str
    user: str
    at: int
    task: str


class Task(Struct, frozen=True, tag="task"):
    """A task as a command left it; ``command`` is that command's id."""

    id: str
    user: str
    title: str
    priority: int
    done: bool
    version: int
    command: str


class Changed(Struct, frozen=True, tag="changed"):
    """An event, with the full task after it."""

    id: str
    user: str
    at: int
    task: Task


Command = Create | Update | Complete
Row = tuple[str, str, str, int, bool, int, str]
"""A task as a row of the table: id, user, title, priority, done, version, command."""

_DECODER = msgspec.json.Decoder(Create | Update | Complete | Task | Changed)
_OWN = {record.__name__: record for record in (r.Position, r.DeadLetter)}


def apply(task: Task | None, command: Command) -> Task:
    """Return the task after a command; raise ValueError for a command on a task that does not exist."""
    if isinstance(command, Create):
        version = task.version + 1 if task else 1
        return Task(command.task, command.user, command.title, command.priority, False, version, command.id)
    if task is None:
        raise ValueError(f"There is no task {command.task}: the commands were not read in order.")
    done = isinstance(command, Complete) or task.done
    priority = command.priority if isinstance(command, Update) else task.priority
    return Task(task.id, task.user, task.title, priority, done, task.version + 1, command.id)


def change(task: Task | None, command: Command) -> Changed:
    """Return the event of a command."""
    return Changed(command.id, command.user, command.at, apply(task, command))


def fold(commands: Iterable[Command]) -> dict[str, Task]:
    """Return every task by id after these commands."""
    tasks: dict[str, Task] = {}
    for command in commands:
        tasks[command.task] = apply(tasks.get(command.task), command)
    return tasks


def row(task: Task) -> Row:
    """Return a task as a row of the table."""
    return (task.id, task.user, task.title, task.priority, task.done, task.version, task.command)


def digest(rows: Iterable[Row]) -> str:
    """Return the SHA-256 of rows in the order of their ids."""
    found = hashlib.sha256()
    for each in sorted(rows):
        found.update(msgspec.json.encode(each))
    return found.hexdigest()


class Json:
    """The serde of this work: tagged objects. The runtime's own records are ``[name, object]``."""

    def __init__(self, registry: Registry | None = None) -> None:
        """Ignore the registry: JSON needs none."""

    async def publish(self, topics: Iterable[Topic]) -> None:
        """Do nothing."""

    async def learn(self, values: Iterable[bytes | None], *, refresh: bool = False) -> None:
        """Do nothing."""

    def encode(self, topic: str, record: Struct) -> bytes:  # noqa: ARG002 - one format for all topics
        """Return a record as JSON."""
        name = type(record).__name__
        return msgspec.json.encode([name, record] if name in _OWN else record)

    def decode(self, data: bytes | None) -> Struct:
        """Return the record of a message; raise ``Undecodable`` if it is not one."""
        try:
            return _own(data) if data and data[0] == ord("[") else cast("Struct", _DECODER.decode(data or b""))
        except msgspec.MsgspecError as error:
            raise Undecodable(str(error)) from error

    def kind(self, data: bytes | None) -> None:
        """Return nothing: a JSON record's type is known only by decoding it."""


def _own(data: bytes) -> Struct:
    name, plain = msgspec.json.decode(data, type=tuple[str, Any])
    if name not in _OWN:
        raise Undecodable(f"{name} is not a record of the runtime")
    return msgspec.convert(plain, _OWN[name], str_keys=True)
