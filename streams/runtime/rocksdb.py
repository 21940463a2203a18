"""A partition's state: bytes by key in RocksDB.

Keys are ``<table> 00 <key>``, so that a table's keys are contiguous and sorted. Values are Avro, as on the changelog.
"""

import errno
import functools
import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, Self, cast

from rocksdict import (
    BlockBasedIndexType,
    BlockBasedOptions,
    Cache,
    DbClosedError,
    Options,
    Rdict,
    ReadOptions,
    WriteBatch,
    WriteBufferManager,
    WriteOptions,
)

_APPLIED = struct.Struct(">QQQ")
_APPLIED_KEY = b"\x00changelog"  # changelog offset, time and number of timers: kept only here, never on the changelog
_WRITER = "Writer has previous error"  # a retry of a file that could not be written
_MACHINE = tuple(  # RocksDB's binding raises only Exception, so the cause can be recognized only by its text
    os.strerror(number)
    for number in (
        *(errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM),  # a resource is exhausted
        *(errno.EACCES, errno.EPERM, errno.EROFS),  # it is not permitted
        *(errno.ENOLCK, errno.EAGAIN, errno.EBUSY),  # somebody else uses it
        *(errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ETIMEDOUT),  # the disk is gone
    )
)
_MIB = 1024 * 1024
MEMORY = 64 * _MIB  # of all databases of a process


@dataclass(frozen=True)
class Memory:
    """The memory shared by all databases of a process, so that its size does not depend on the number of partitions.

    The write buffers are charged to the cache. They may take half of it: beyond that the largest is flushed.
    """

    size: int
    cache: Cache
    buffers: WriteBufferManager

    @classmethod
    @functools.cache
    def of(cls, size: int) -> Self:
        """Return the process's memory of ``size`` bytes.

        The cache has few, large shards. An LRU cache of 64 MiB has 64: a larger index or filter, as in files of earlier
        versions, would never stay in one, and be read and decompressed again for each look-up.
        """
        blocks = Cache.new_hyper_clock_cache(size, 0)  # of blocks of any size
        return cls(size, blocks, WriteBufferManager.new_write_buffer_manager_with_cache(size // 2, False, blocks))


def options_of(memory: Memory) -> Options:
    """Return options for many small databases in one process; the defaults would take 2 GiB each."""
    options = Options(raw_mode=True)
    options.create_if_missing(True)
    options.set_write_buffer_manager(memory.buffers)
    options.set_write_buffer_size(memory.size // 32)  # of two: if both are full, writing waits for a flush
    options.set_max_write_buffer_number(2)
    options.set_keep_log_file_num(2)
    options.set_max_open_files(64)
    options.set_memtable_whole_key_filtering(True)  # most look-ups are for new keys
    options.set_memtable_prefix_bloom_ratio(0.1)
    table = BlockBasedOptions()
    table.set_block_cache(memory.cache)
    table.set_cache_index_and_filter_blocks(True)  # else they grow with the state, outside of the cache
    table.set_pin_l0_filter_and_index_blocks_in_cache(True)
    table.set_index_type(BlockBasedIndexType.two_level_index_search())  # in blocks: a look-up reads one of a file's
    table.set_partition_filters(True)
    table.set_index_block_restart_interval(16)  # of its keys only the ends differ: a fifth of the memory
    table.set_bloom_filter(10, block_based=False)
    options.set_block_based_table_factory(table)
    return options


def database(path: Path, memory: int) -> Rdict:
    """Open a database, or make it.

    The options are also given by column family. For one that exists, the binding would otherwise take most of them from
    its ``OPTIONS`` file, where neither the cache nor the filters are: each would have 8 MiB of its own.
    """
    options = options_of(Memory.of(memory))
    return Rdict(utf8(path), options=options, column_families={"default": options})


def _unlogged() -> WriteOptions:
    """Return options for writing without RocksDB's own log: a state is always exactly what its last flush left.

    Data in memory when a process dies is on the changelog. With its own log, a database whose manifest had lost a flush
    applied only the writes after it, and the changelog's offset with them.
    """
    options = WriteOptions()
    options.disable_wal = True  # type: ignore[assignment, method-assign]  # a property; the stub has a method
    return options


class DiskError(OSError):
    """RocksDB can't open, read or write: the machine is at fault, not a record."""


class Unreadable(DiskError):
    """A value in the state can't be decoded, for example one written by a newer version: no record is at fault."""


class Damaged(DiskError):
    """RocksDB can't read its own files: the state must be moved aside and restored."""


class StateStore:
    """One task's database.

    ``changelog`` is the next offset of the changelog to apply, ``at`` when it was last written, in milliseconds since
    1970. ``timers`` is the number of keys with a prefix of ``timed``. It is updated with every write, since counting
    millions takes seconds, and RocksDB estimates only the whole database; the price is a look-up for each timer that is
    set or removed, but for those that have just been scanned, as a timer that fires. Opening, reading and writing raise
    ``DiskError``, or its ``Damaged``; closing raises nothing. ``fault`` is the first error so far, or damage if there
    was any.
    """

    def __init__(self, path: Path, timed: tuple[bytes, ...] = (), memory: int = MEMORY) -> None:
        self.path = path
        self.timed = timed
        self.memory = memory
        self.fault: DiskError | None = None
        self._unlogged = _unlogged()
        self._standing: set[bytes] = set()  # timers of the last scan, if nothing was written since
        self._check_files()
        try:
            self._db = database(path, memory)
        except BaseException as error:
            raise self._judged(error) from error
        try:
            applied = _APPLIED.unpack(self.get(_APPLIED_KEY) or bytes(_APPLIED.size))
        except (DiskError, struct.error) as error:
            self.close()  # or its lock would stay
            if isinstance(error, struct.error):
                raise Damaged(f"{path}: {error}") from error
            raise
        self.changelog, self.at, self.timers = applied

    def _check_files(self) -> None:
        """Make the directory. Raises ``Damaged`` if it is none, or if RocksDB would ignore the files in it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise Damaged(f"{self.path} is no directory.") from error
        if not (self.path / "CURRENT").exists() and any(self.path.glob("*.sst")):
            raise Damaged(f"{self.path} holds data, but the file CURRENT is missing.")

    def get(self, key: bytes) -> bytes | None:
        """Return the value of ``key`` as last committed."""
        try:
            return cast("bytes | None", self._db.get(key))
        except BaseException as error:
            raise self._judged(error) from error

    def write(self, changes: dict[bytes, bytes | None], changelog: int, at: int) -> None:
        """Write changes (None deletes), the changelog's offset after them and the time, all or nothing."""
        batch = WriteBatch(raw_mode=True)
        timers = self.timers
        for key, value in changes.items():
            if self.timed and key.startswith(self.timed):
                timers += (value is not None) - (key in self._standing or self.get(key) is not None)
            if value is None:
                batch.delete(key)
            else:
                batch.put(key, value)
        batch.put(_APPLIED_KEY, _APPLIED.pack(changelog, at, timers))
        try:
            self._db.write(batch, self._unlogged)
        except BaseException as error:
            raise self._judged(error) from error
        self.changelog, self.at, self.timers = changelog, at, timers
        self._standing.clear()

    def scan(self, start: bytes, end: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Return at most ``limit`` entries with start < key < end, in order.

        The iterator is gone on return: a live one would keep the database locked after ``close``. At an unreadable
        block it just ends, as at the last key: only its status distinguishes the two.
        """
        bound = ReadOptions()
        bound.set_iterate_upper_bound(end)
        found: list[tuple[bytes, bytes]] = []
        iterator = None
        try:
            iterator = self._db.iter(bound)
            iterator.seek(start)
            while iterator.valid() and len(found) < limit:
                if (key := iterator.key()) != start:
                    found.append((key, iterator.value()))
                iterator.next()
            iterator.status()
        except BaseException as error:
            raise self._judged(error) from error
        finally:
            iterator = None
        if self.timed and start.startswith(self.timed):
            self._standing = {key for key, _ in found}
        return found

    def items(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield every entry in the order of keys, chunk by chunk. Don't write meanwhile."""
        at = _APPLIED_KEY
        while found := self.scan(at, b"\xff", 1000):
            yield from found
            at = found[-1][0]

    def lacks(self, what: str) -> NoReturn:
        """Raise ``Damaged``, since required data is missing."""
        self.fault = Damaged(f"{self.path} lacks {what}.")
        raise self.fault

    def under(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield every entry whose key is longer than ``prefix`` and begins with it, chunk by chunk; see ``items``."""
        at, end = prefix, prefix[:-1] + bytes((prefix[-1] + 1,))
        while found := self.scan(at, end, 1000):
            yield from found
            at = found[-1][0]

    def close(self) -> None:
        """Close the database, so that it can be opened again; data that can't be flushed is on the changelog.

        After an error of the machine, drop it without flushing: on a full disk RocksDB may wait for ever.
        """
        if self.fault and not isinstance(self.fault, Damaged):
            del self._db
            return
        try:
            self._db.close()
        except BaseException as error:
            if not isinstance(self._judged(error), DiskError):
                raise

    def _judged(self, error: BaseException) -> BaseException:
        """Classify an error of RocksDB: damage, unless its text names a fault of the machine, such as a full disk.

        A state can be restored from its changelog, so treating an unknown error as damage beats retrying for ever.
        """
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":  # of the binding, in Rust
            return error
        damaged = not isinstance(error, DbClosedError) and not any(text in str(error) for text in (_WRITER, *_MACHINE))
        judged = (Damaged if damaged else DiskError)(f"{self.path}: {error}")
        if not isinstance(self.fault, Damaged):
            self.fault = judged
        return judged


def utf8(path: Path) -> str:
    """Return a name of ``path`` that is UTF-8; if its own is not, one through an open descriptor of the odd part."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        *_, odd = (above for above in (*reversed(path.parents), path) if not _plain(above.name))
        return f"/proc/self/fd/{_opened(odd)}/{path.relative_to(odd)}"
    return str(path)


def _plain(name: str) -> bool:
    return not any("\udc80" <= character <= "\udcff" for character in name)


@functools.cache
def _opened(directory: Path) -> int:
    """Open a directory for the lifetime of the process: RocksDB creates files in it at any time."""
    return os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
