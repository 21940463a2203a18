"""Reminders that wait for their timers, written into the states of a topology as if their tasks had been created."""

import asyncio
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain, islice
from multiprocessing import get_context
from pathlib import Path

from rocksdict import SstFileWriter

from bench.workload import PARTITIONS
from common import clock
from schemas import records as r
from schemas.codec import Codec, Serde
from schemas.names import partition_of
from schemas.registry.client import Registry
from streams.reminders import held_by_task, timers
from streams.runtime import Topology
from streams.runtime.rocksdb import MEMORY, Memory, StateStore, database, options_of, utf8
from streams.topologies import parsed

USERS = 10_000
CORE = parsed("")[0]
"""The topology that has the reminders' timers."""
_FILE = 400_000  # entries of a file, some 60 MiB
_WRITE = 1000  # entries of a write
_SPREAD = 0x9E3779B97F4A7C15F39CC0605CEDC835  # odd, so each number has another product
_PROCESSES = 2

Entry = tuple[bytes, bytes]


def uuid(kind: int, number: int) -> str:
    """Return the id of a number: those of neighbours are far apart, as random ones are."""
    digits = f"{(kind << 64 | number + 1) * _SPREAD % (1 << 128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-5{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


@lru_cache(PARTITIONS)
def users_of(partition: int) -> tuple[str, ...]:
    """Return the users of a partition."""
    return tuple(user for user in (uuid(0, n) for n in range(USERS)) if partition_of(user, PARTITIONS) == partition)


@dataclass(frozen=True)
class Pending:
    """A partition's share of reminders, one a task: ``first`` is due first, the others each ``step`` ms later.

    ``begin`` is the number of the first; others have other ids.
    """

    partition: int
    begin: int
    size: int
    first: float
    step: float

    def timer(self, index: int) -> r.Timer:
        """Return a reminder's timer."""
        users, number = users_of(self.partition), self._number(index)
        return r.Timer(uuid(2, number), users[index % len(users)], uuid(1, number), self._due(index))

    def held(self, index: int) -> r.StandingReminders:
        """Return what the stage keeps of a reminder's task."""
        number = self._number(index)
        standing = r.StandingReminder(uuid(2, number), uuid(3, number), self._due(index))
        return r.StandingReminders(uuid(1, number), f"Water the plants, {number}", uuid(4, number), (standing,), ())

    def of_tasks(self, encode: "Encode") -> Iterator[Entry]:
        """Yield the entries of tasks in the order of their keys."""
        users = users_of(self.partition)
        for user, at in sorted((user, at) for at, user in enumerate(users)):
            own = map(self.held, range(at, self.size, len(users)))
            for held in sorted(own, key=lambda one: one.task):
                yield held_by_task.prefix + f"{user}/{held.task}".encode(), encode(held)

    def of_timers(self, encode: "Encode") -> Iterator[Entry]:
        """Yield the entries of timers, in the order of their keys if none are due at the same time."""
        for timer in map(self.timer, range(self.size)):
            yield timers.key(timer), encode(timer)

    def _number(self, index: int) -> int:
        return (self.begin + index) * PARTITIONS + self.partition

    def _due(self, index: int) -> int:
        return int(self.first + self.step * index)


class Encode:
    """Encodes records for a state."""

    def __init__(self, codec: Serde) -> None:
        self._encode = partial(codec.encode, CORE.changelog_name)

    def __call__(self, record: r.Timer | r.StandingReminders) -> bytes:
        """Return a record's value."""
        return self._encode(record)


def shares(size: int, first: float, step: float, begin: int = 0) -> list[Pending]:
    """Return the partitions' shares of ``size`` reminders of which one is due each ``step`` ms."""
    return [
        Pending(number, begin, len(range(number, size, PARTITIONS)), first + step * number, step * PARTITIONS)
        for number in range(PARTITIONS)
    ]


def write(state: StateStore, pending: Pending, encode: Encode) -> None:
    """Write reminders as a worker does."""
    entries = chain(pending.of_timers(encode), pending.of_tasks(encode))
    while some := dict[bytes, bytes | None](islice(entries, _WRITE)):
        state.write(some, state.changelog, clock.now())


def ingest(path: Path, pending: Pending, encode: Encode) -> None:
    """Add reminders to a state that is closed, as files for RocksDB in the order of their keys.

    They are then as after a compaction of the whole state; none is on the changelog.
    """
    with tempfile.TemporaryDirectory(dir=path.parent) as directory, closing(database(path, MEMORY)) as db:
        for name, entries in (("held", pending.of_tasks(encode)), ("timers", pending.of_timers(encode))):
            if files := list(_files(Path(directory, name), entries)):
                db.ingest_external_file(files)
    with closing(StateStore(path, CORE.timers)) as state:
        state.timers += pending.size
        state.write({}, state.changelog, clock.now())


def _files(path: Path, entries: Iterator[Entry]) -> Iterator[str]:
    """Write files of some entries each; yield their names."""
    options, number = options_of(Memory.of(MEMORY)), 0
    while some := list(islice(entries, _FILE)):
        name = utf8(path.with_suffix(f".{(number := number + 1)}"))
        (writer := SstFileWriter(options)).open(name)
        for key, value in some:
            writer[key] = value
        writer.finish()
        yield name


def ingest_all(states: Path, registry: str, pending: Sequence[Pending]) -> None:
    """Add reminders to the states of a topology in processes of their own, which return their memory at the end."""
    with ProcessPoolExecutor(_PROCESSES, get_context("spawn")) as pool:  # a fork would have RocksDB without its threads
        for done in [pool.submit(_ingest, states / str(each.partition), registry, each) for each in pending]:
            done.result()


def _ingest(path: Path, registry: str, pending: Pending) -> None:
    ingest(path, pending, Encode(asyncio.run(published(registry, [CORE]))))


async def published(registry: str, topologies: Iterable[Topology]) -> Codec:
    """Return a codec that knows the schemas of topologies' records."""
    client = Registry(registry)
    try:
        codec = Codec(client)
        for topology in topologies:
            await codec.publish(topology.topics)
        return codec
    finally:
        await client.aclose()
