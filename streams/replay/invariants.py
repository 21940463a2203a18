"""Invariants of the log, without what decides and folds: a replay by the same code can't detect its own mistake.

They are checked record by record in the order of the log, for each partition, with a temporary RocksDB. They share with
the stages only the description of records: the codec, and the entity types with their events, and which of these
delete. ``domain.audit.Chain`` checks the audit trail, with the hash that the audit stage computes, too.

* A command has exactly one outcome; another may follow only after its id has expired, 30 days of record time later.
* Versions of an entity are 1, 2, 3 …, so no event is lost, doubled or out of order, and no occurrence is created twice.
  A purged entity begins with 1 again.
* A task that is not deleted is on an existing list, or on none; so a list is deleted only when no task is on it.
* An entity is purged only if it has been deleted for 30 days.
* A reminder or digest is due once.
* A user's audit trail is a chain of hashes without a gap.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from aiokafka.structs import ConsumerRecord
from msgspec import Struct, msgpack
from msgspec.structs import astuple

from domain import entities, ledger
from domain.audit import START, Chain
from domain.entities import EVENTS
from domain.lists import LIST
from domain.tasks import TASK
from schemas import records as r
from schemas.codec import Undecodable
from schemas.kafka.log_reader import partition_readers
from schemas.topics import AUDIT_LOG, REMINDERS, TASK_COMMANDS, TASK_EVENTS, TASK_FOLLOWUPS
from streams.replay.target import Target
from streams.runtime.record import place
from streams.runtime.rocksdb import StateStore

CHECKED = (TASK_EVENTS, REMINDERS, AUDIT_LOG)
"""The topics that the invariants apply to."""

COMMANDS = (TASK_COMMANDS, TASK_FOLLOWUPS)

FORGOTTEN = 30 * 24 * 60 * 60 * 1000
"""Milliseconds of record time after which a command's id may have another outcome."""

RESTORABLE = 30 * 24 * 60 * 60 * 1000
"""Milliseconds for which a deleted entity must be kept."""


class Invariants:
    """The invariants over one partition's records."""

    def __init__(self, seen: StateStore) -> None:
        self._seen = seen
        self._checks: dict[type[Struct], Callable[[Any], str | None]] = {
            r.CommandOutcome: self._outcome,
            r.ReminderDue: self._due,
            r.ReminderWithheld: self._due,
            r.DigestDue: self._due,
            r.DigestWithheld: self._due,
            r.AuditEntry: self._entry,
            **dict.fromkeys(EVENTS, self._lives),
            **dict.fromkeys(TASK.events, self._task),
            **dict.fromkeys(LIST.events, self._list),
        }

    def broken_by(self, record: Struct) -> str | None:
        """Check the next record; return a sentence about the invariant that it breaks, None if all hold."""
        check = self._checks.get(type(record))
        return check(record) if check else None

    def _outcome(self, outcome: r.CommandOutcome) -> str | None:
        before = self._swap(f"outcome/{outcome.user}/{outcome.command}", outcome.at)
        if before is not None and outcome.at - before <= FORGOTTEN:
            return f"the command {outcome.command} has a second outcome."
        return None

    def _task(self, event: Any) -> str | None:
        return self._lives(event) or self._placed(event)

    def _placed(self, event: Any) -> str | None:
        """Count the tasks of each list: those neither deleted nor purged."""
        user, task = event.user, event.task
        on = None if isinstance(event, r.TaskDeleted | r.TaskPurged) else task.list
        if (left := self._swap(f"on/{user}/{task.id}", on)) != on:
            self._count(user, left, -1)
            self._count(user, on, 1)
        if on is not None and not self._held(f"exists/{user}/{on}"):
            return f"task {task.id} is on list {on}, which does not exist."
        return None

    def _count(self, user: str, list_id: str | None, change: int) -> None:
        if list_id is not None:
            key = f"size/{user}/{list_id}"
            self._swap(key, (self._held(key) or 0) + change)

    def _list(self, event: Any) -> str | None:
        key = f"{event.user}/{event.list.id}"
        self._swap(f"exists/{key}", not event.list.deleted)
        broken = self._lives(event)
        if event.list.deleted and (size := self._held(f"size/{key}")):
            broken = broken or f"list {event.list.id} was deleted, though tasks are on it: {size}."
        return broken

    def _lives(self, event: Any) -> str | None:
        """Check an entity's version, and that it is purged only 30 days after its deletion."""
        of = entities.of(event)
        after = of.after(event)
        name, key = of.name(after), f"{of.word}/{event.user}/{of.name(after)}"
        broken = self._version(f"{of.word} {name}", key, after.version)
        if type(event) is of.purged:
            deleted = self._swap(f"deleted/{key}", None)
            broken = broken or self._purged(f"{of.word} {name}", event.at, deleted, after)
            self._swap(key, None)  # another may follow with its id
        elif of.is_deleted(after):
            self._swap(f"deleted/{key}", (event.at, after.version))
        return broken

    def _purged(self, name: str, at: int, deleted: tuple[int, int] | None, after: Any) -> str | None:
        since, version = deleted or (0, 0)
        if version != after.version - 1:
            return f"{name} was purged, though it was not deleted."
        if at - since < RESTORABLE:
            return f"{name} was purged {at - since} ms after its deletion: 30 days were not over."
        return None

    def _version(self, name: str, key: str, version: int) -> str | None:
        before = self._swap(key, version) or 0
        return None if version == before + 1 else f"version {version} of {name} follows version {before}."

    def _due(self, due: ledger.Decided) -> str | None:
        twice = self._swap(f"due/{due.user}/{due.id}", due.at) is not None
        return f"the reminder or digest {due.id} is decided twice." if twice else None

    def _entry(self, entry: r.AuditEntry) -> str | None:
        key = f"chain/{entry.user}"
        chain = Chain(r.AuditHead(*(self._held(key) or astuple(START))))
        if broken := chain.follow(entry):
            return f"the chain of user {entry.user} is broken: {broken.reason}"
        self._swap(key, astuple(chain.head))
        return None

    def is_answered(self, command: Any) -> bool:
        """Return whether a command has an outcome among the checked records."""
        return self._held(f"outcome/{command.user}/{command.id}") is not None

    def _held(self, key: str) -> Any:
        """Return the value of a key, None if it has none."""
        held = self._seen.get(key.encode())
        return None if held is None else msgpack.decode(held)

    def _swap(self, key: str, value: Any) -> Any:
        """Set the value of a key (None deletes it), and return the value before."""
        before = self._held(key)
        if value != before:
            self._seen.write({key.encode(): None if value is None else msgpack.encode(value)}, 0, 0)
        return before


async def check(target: Target, positions: Mapping[str, int], at: Path) -> None:
    """Check a topology's output in one partition, and that every command it read has an outcome. Raises ``Differs``."""
    with closing(StateStore(at)) as seen:
        invariants = Invariants(seen)
        for topic in target.topology.writes:
            if topic in CHECKED:
                async for raw, record in _records(target, topic.name, target.cut.all[target.at(topic.name)]):
                    if reason := invariants.broken_by(record):
                        raise target.differs(place(raw), reason)
        if TASK_EVENTS in target.topology.writes:
            for topic in (topic for topic in COMMANDS if topic.name not in target.topology.handed):
                async for raw, command in _records(target, topic.name, positions.get(topic.name, 0)):
                    if not (target.dead_letters.may_have(raw) or invariants.is_answered(command)):
                        raise target.differs(place(raw), f"the command {command.id} was read, but has no outcome.")


async def _records(target: Target, topic: str, end: int) -> AsyncIterator[tuple[ConsumerRecord, Any]]:
    """Yield the records of the partition of a topic up to an end; skip what can't be decoded."""
    async with partition_readers(target.context.settings.kafka, {target.at(topic): end}) as readers:
        async for raw in readers[target.at(topic)]:
            await target.context.codec.learn([raw.value])
            try:
                record = target.context.codec.decode(raw.value)
            except Undecodable:
                continue
            yield raw, record
