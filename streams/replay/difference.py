"""Differences between current and replayed data: of two messages, and of two states key by key."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, cast

from msgspec import Struct, to_builtins

from domain import reasons
from schemas import records as r
from schemas.codec import Serde, Undecodable
from schemas.names import key_parts
from streams.runtime import Topology
from streams.runtime.ownership import POSITION
from streams.runtime.rocksdb import StateStore
from streams.runtime.tables import Decode

ABSENT = "nothing"
_MOST = 300  # characters of a value that are shown

KeyDifference = tuple[bytes, bytes | None, bytes | None]
"""A key whose values differ: the current and the replayed one; None for a missing key."""


@dataclass(frozen=True)
class Difference:
    """One place where current and replayed data differ."""

    topology: str
    partition: int | None
    place: str
    """What differs: a key of the state, a record's place on a topic, a row of a table."""
    reason: str
    field: str | None = None
    current: str | None = None
    replayed: str | None = None
    source: str | None = None
    """The place on the log that it came from: ``topic/partition/offset``."""

    def describe(self) -> str:
        """Return a description of one or two sentences."""
        where = self.topology if self.partition is None else f"{self.topology}, partition {self.partition}"
        field = f" Field {self.field}:" if self.field else ""
        values = "" if self.current is None else f"{field} it is {self.current}, replay leads to {self.replayed}."
        source = f" It comes from {self.source}." if self.source else ""
        return f"{where}: {self.place}: {self.reason}{values}{source}"


class Differs(Exception):
    """A replay has found the first difference of its partition."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference.describe())
        self.difference = difference


def compare_values(current: Any, replayed: Any, path: str = "") -> tuple[str | None, str, str] | None:
    """Return the first field that differs, by its path, with both values as text; None if there is none."""
    if current == replayed:
        return None
    if isinstance(current, dict) and isinstance(replayed, dict):
        for name in sorted(current.keys() | replayed.keys()):
            inner = f"{path}.{name}" if path else name
            if found := compare_values(current.get(name, ABSENT), replayed.get(name, ABSENT), inner):
                return found
    return path or None, _text(current), _text(replayed)


def compare_messages(codec: Serde, current: bytes | None, replayed: bytes | None) -> tuple[str | None, str, str] | None:
    """Compare two messages: byte for byte, or by their content if they were written under two schemas."""
    if current == replayed:
        return None
    found = compare_values(_plain(codec, current), _plain(codec, replayed))
    if found is None and (current or b"")[:5] == (replayed or b"")[:5]:  # the same record, written otherwise
        return None, (current or b"").hex(), (replayed or b"").hex()
    return found


def fields(found: tuple[str | None, str, str]) -> dict[str, str | None]:
    """Return the result of a comparison as fields of a ``Difference``."""
    return dict(zip(("field", "current", "replayed"), found, strict=True))


def _plain(codec: Serde, message: bytes | None) -> Any:
    if message is None:
        return ABSENT
    try:
        record = codec.decode(message)
    except (Undecodable, LookupError):
        return message.hex()
    return {"type": type(record).__name__, **_builtins(record)}


def _builtins(record: Struct) -> dict[str, Any]:
    plain: dict[str, Any] = to_builtins(reasons.cleaned(record))
    return plain


def _text(value: Any) -> str:
    text = value if value is ABSENT else repr(value)
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"


def compare_states(current: StateStore, replayed: StateStore, without: Collection[bytes]) -> Iterator[KeyDifference]:
    """Yield the keys whose values are not the same bytes, in order, except those in ``without``."""
    left, right = (filter(lambda entry: entry[0] not in without, state.items()) for state in (current, replayed))
    a, b = next(left, None), next(right, None)
    while a or b:
        if b is None or (a and a[0] < b[0]):
            assert a
            yield a[0], a[1], None
            a = next(left, None)
        elif a is None or b[0] < a[0]:
            yield b[0], None, b[1]
            b = next(right, None)
        else:
            if a[1] != b[1]:
                yield a[0], a[1], b[1]
            a, b = next(left, None), next(right, None)


def unwritten(topology: Topology) -> frozenset[bytes]:
    """Return the keys that a replay does not write: the position, which it follows, and cursors.

    When a timer was taken is not recorded, only its output is, and only that matters. It is checked separately that no
    timer was skipped without output. A replay has no older state, so nothing to backfill.
    """
    timers = (taken.cursor for stage in topology.timed for taken in stage.punctuated)
    return frozenset({POSITION, *timers, *(backfill.cursor for backfill in topology.backfills)})


def unfilled(topology: Topology, state: StateStore, decode: Decode) -> tuple[bytes, ...]:
    """Return the prefixes of the indexes that are stale or incomplete, as no worker has opened a state since."""
    held = state.get(POSITION)
    kept = cast("r.Position", decode(held)).indexes if held else ()
    lacking = (one for one in topology.backfills if one.is_stale(state, kept) or not one.is_done(state, decode))
    return tuple(one.index.prefix for one in lacking)


def describe_key(key: bytes) -> str:
    """Return a key for people: the table, and the rest as text, with the instant of a timer as a number."""
    table, at, rest = key_parts(key)
    name = rest.decode(errors="replace")
    return f"{table.decode()} {name if at is None else f'{at}/{name}'}"
