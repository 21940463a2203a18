"""A stage's tables and timers: its state, accessed through the block that is being folded."""

import struct
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Generic, Protocol, TypeVar, cast

from msgspec import Struct

from schemas import records as r
from schemas.codec import Serde, Undecodable
from streams.runtime.rocksdb import StateStore, Unreadable

V = TypeVar("V", bound=Struct)
Decode = Callable[[bytes], Struct]


def stage_of(key: bytes) -> str:
    """Return the stage that a key of a state belongs to; of the positions, which are no stage's, their table's name."""
    table, _, rest = key.partition(b"\x00")
    return (rest if table == b"cursor" else table).partition(b"/")[0].decode()


class Cells(Protocol):
    """A block as seen by tables: the state with the block's changes so far."""

    owner: str
    """The name of the stage that folds the block."""
    changes: dict[bytes, bytes | None]
    cursors: dict[bytes, bytes]
    """Cursors of the stage's timers, by key."""
    members: defaultdict[bytes, set[bytes]]
    """Keys of indexes' entries that the block may have changed, by their prefix."""

    @property
    def kept(self) -> StateStore:
        """The state before the block."""

    def change(self, key: bytes, value: bytes | None, /) -> None:
        """Set a key of the state, or delete it by None."""

    def encoded(self, record: Struct, /) -> bytes:
        """Return a record encoded for the state."""

    def decoded(self, raw: bytes, /) -> Struct:
        """Return the record of a value in the state. Raises ``Unreadable``, or ``Unlearned`` as the codec does."""


folding: ContextVar[Cells | None] = ContextVar("folding", default=None)
"""The block that is being folded here, through which the tables of its stage are accessed: one for each agent, as each
is an asyncio task of its own. A block of another stage may be folded within it."""


def cells_of(stage: str) -> Cells:
    """Return the block that a stage is folding here. Raises RuntimeError if it folds none."""
    block = folding.get()
    if block is None or block.owner != stage:
        raise RuntimeError(f"The tables of {stage} are open only inside ``with block:``.")
    return block


class Table(Generic[V]):
    """A mapping from strings to records of one type, like a Faust table, in the current block's partition."""

    def __init__(self, stage: str, name: str, record: type[V]) -> None:
        self.record = record
        self._stage = stage
        self.prefix = f"{stage}/{name}".encode() + b"\x00"

    def get(self, key: str) -> V | None:
        """Return the record under ``key``, with this block's changes, or None."""
        cells = cells_of(self._stage)
        raw = read(cells, self.prefix + key.encode())
        return None if raw is None else cast("V", cells.decoded(raw))

    def __getitem__(self, key: str) -> V:
        if (value := self.get(key)) is None:
            raise KeyError(key)
        return value

    def __contains__(self, key: str) -> bool:
        return read(cells_of(self._stage), self.prefix + key.encode()) is not None

    def __setitem__(self, key: str, value: V) -> None:
        cells = cells_of(self._stage)
        cells.change(self.prefix + key.encode(), cells.encoded(value))

    def __delitem__(self, key: str) -> None:
        cells_of(self._stage).change(self.prefix + key.encode(), None)

    def names(self, limit: int, after: str = "") -> list[str]:
        """Return the first ``limit`` keys behind ``after``, with this block's changes."""
        cells, begin, end = cells_of(self._stage), self.prefix + after.encode(), _end(self.prefix)
        changed = {key: value is not None for key, value in cells.changes.items() if begin < key < end}
        stored = dict.fromkeys((key for key, _ in cells.kept.scan(begin, end, limit + len(changed))), True)
        found = sorted(key for key, is_there in (stored | changed).items() if is_there)
        return [key[len(self.prefix) :].decode() for key in found[:limit]]

    def after(self, state: StateStore, key: bytes, limit: int) -> list[tuple[bytes, bytes]]:
        """Return the first ``limit`` committed entries behind a key of the state; from the beginning if it is empty."""
        return state.scan(key or self.prefix, _end(self.prefix), limit)


class Index:
    """A set of names under each key, in order: ``<stage>/<name> 00 <key>/<name>``, read by prefix.

    Neither keys nor names contain other keys' ends: a key is followed by a slash, which no name has.
    """

    def __init__(self, stage: str, name: str) -> None:
        self._stage = stage
        self.prefix = f"{stage}/{name}".encode() + b"\x00"
        self.backfilled = b"cursor\x00" + f"{stage}/{name}".encode()
        """The key of how far it was backfilled, in the state."""
        self.end = _end(self.prefix)
        """The first key behind its entries."""

    def add(self, key: str, name: str) -> None:
        """Put a name under a key."""
        block = cells_of(self._stage)
        self._change(block, key, name, block.encoded(r.Member(name)))

    def remove(self, key: str, name: str) -> None:
        """Remove a name from a key, if it is there."""
        self._change(cells_of(self._stage), key, name, None)

    def names(self, key: str, limit: int, after: str = "") -> list[str]:
        """Return the first ``limit`` names under a key behind ``after``, with this block's changes."""
        block, under = cells_of(self._stage), self._under(key)
        begin = under + after.encode()
        changed = {entry for entry in block.members.get(under, ()) if entry > begin}
        stored = {entry for entry, _ in block.kept.scan(begin, _end(under), limit + len(changed))}
        removed = {entry for entry in changed if entry in block.changes and block.changes[entry] is None}
        added = {entry for entry in changed if block.changes.get(entry) is not None}
        return [entry[len(under) :].decode() for entry in sorted((stored | added) - removed)[:limit]]

    def _under(self, key: str) -> bytes:
        return self.prefix + key.encode() + b"/"

    def _change(self, block: Cells, key: str, name: str, value: bytes | None) -> None:
        under = self._under(key)
        entry = under + name.encode()
        block.change(entry, value)
        block.members[under].add(entry)  # it stays there if the change is taken back: see ``names``


class Timers:
    """Timers in order of time: ``<stage>/<name> 00 <due, big-endian ms> <id>``, and a cursor behind the last one taken.

    Taking starts at the cursor: a seek from the start would scan the tombstones of all earlier timers. Setting a timer
    below the cursor lowers it, so a timer can be taken twice but never be skipped.
    """

    def __init__(self, stage: str, name: str) -> None:
        self._stage = stage
        self.prefix = f"{stage}/{name}".encode() + b"\x00"
        self.cursor = b"cursor\x00" + f"{stage}/{name}".encode()
        """The cursor's key in the state."""
        self.backfilled = self.cursor + b"/backfill"
        """The key of how far it was backfilled, in the state."""
        self.end = _end(self.prefix)
        """The first key behind its entries."""

    def passed(self, state: StateStore, decode: Decode) -> Iterator[r.Timer]:
        """Yield the committed timers behind the cursor: taken, and not removed yet."""
        end, at = self._committed_cursor(state, decode) + b"\x00", self.prefix
        while found := state.scan(at, end, 1000):
            at = found[-1][0]
            yield from (cast("r.Timer", decode(raw)) for _, raw in found)

    def after(self, state: StateStore, now: int, decode: Decode) -> Iterator[r.Timer]:
        """Yield the committed timers that are due later than ``now``."""
        at, end = self.prefix + struct.pack(">Q", max(0, now) + 1), self.prefix + b"\xff" * 9
        while found := state.scan(at, end, 1000):
            at = found[-1][0]
            yield from (cast("r.Timer", decode(raw)) for _, raw in found)

    def has(self, timer: r.Timer) -> bool:
        """Return whether a timer of this time and id is set."""
        return read(cells_of(self._stage), self.key(timer)) is not None

    def set(self, timer: r.Timer) -> None:
        """Set a timer."""
        block, key = cells_of(self._stage), self.key(timer)
        block.change(key, block.encoded(timer))
        if key <= self._cursor_of(block):
            self._move(block, key[:-1])  # below it; timers in between are at worst taken twice

    def remove(self, timer: r.Timer) -> None:
        """Remove a timer, if it is set."""
        cells_of(self._stage).change(self.key(timer), None)

    def due(self, until: int, limit: int) -> list[r.Timer]:
        """Take at most ``limit`` timers due at or before ``until``, moving the cursor past them."""
        block = cells_of(self._stage)
        if pending := self._pending(block, until, limit):
            self._move(block, pending[-1][0])
        return [cast("r.Timer", block.decoded(raw)) for _, raw in pending]

    def next_due(self, state: StateStore, decode: Decode) -> int | None:
        """Return the time of the first committed timer not yet taken."""
        found = state.scan(self._committed_cursor(state, decode), self.prefix + b"\xff" * 9, 1)
        return struct.unpack_from(">Q", found[0][0], len(self.prefix))[0] if found else None

    def _pending(self, block: Cells, until: int, limit: int) -> list[tuple[bytes, bytes]]:
        start, end = self._cursor_of(block), self.prefix + struct.pack(">Q", max(0, until) + 1)
        changed = {key: value for key, value in block.changes.items() if start < key < end}
        stored = dict(block.kept.scan(start, end, limit + len(changed)))  # as many as may be removed or moved
        standing = {key: value for key, value in (stored | changed).items() if value is not None}
        return sorted(standing.items())[:limit]

    def key(self, timer: r.Timer) -> bytes:
        """Return a timer's key in the state."""
        return self.prefix + struct.pack(">Q", max(0, timer.due)) + timer.id.encode()

    def _cursor_of(self, block: Cells) -> bytes:
        if (known := block.cursors.get(self.cursor)) is None:
            raw = read(block, self.cursor)
            known = cast("r.TimerCursor", block.decoded(raw)).key if raw else self.prefix
            block.cursors[self.cursor] = known
        return known

    def _committed_cursor(self, state: StateStore, decode: Decode) -> bytes:
        raw = state.get(self.cursor)
        return cast("r.TimerCursor", decode(raw)).key if raw else self.prefix

    def _move(self, block: Cells, key: bytes) -> None:
        block.cursors[self.cursor] = key
        block.change(self.cursor, block.encoded(r.TimerCursor(key)))


def _end(prefix: bytes) -> bytes:
    """Return the first key behind all that begin with a prefix."""
    return prefix[:-1] + bytes((prefix[-1] + 1,))


def read(block: Cells, key: bytes) -> bytes | None:
    """Return a key's value, with the block's changes so far."""
    return block.changes[key] if key in block.changes else block.kept.get(key)


def decoded(stage: str, codec: Serde, raw: bytes) -> Struct:
    """Return the record of a value in a stage's state. Raises ``Unreadable``, or ``Unlearned`` as the codec does."""
    try:
        return codec.decode(raw)
    except Undecodable as error:
        raise Unreadable(f"The state of {stage} holds what this version can't read: {error}. Upgrade.") from error
