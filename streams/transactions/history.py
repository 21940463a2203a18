"""The history of transactions, from the coordinators' log, ``__transaction_state``.

It is compacted, so only the last record of an id is guaranteed to exist; but the newest segment is never compacted, and
it has some hundred thousand records.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from io import BytesIO

from aiokafka import TopicPartition
from aiokafka.protocol.types import (
    Array,
    CompactArray,
    CompactString,
    Int8,
    Int16,
    Int32,
    Int64,
    Schema,
    String,
    TaggedFields,
)

TOPIC = "__transaction_state"
_TV2 = 2  # KIP-890: each end increments the epoch
_CLIENTS_VERSION = 2  # the tag of the client's protocol version


class State(IntEnum):
    """The state of a transactional id."""

    EMPTY = 0
    ONGOING = 1
    PREPARE_COMMIT = 2
    PREPARE_ABORT = 3
    COMPLETE_COMMIT = 4
    COMPLETE_ABORT = 5
    DEAD = 6
    PREPARE_EPOCH_FENCE = 7


PREPARED = {State.PREPARE_COMMIT: True, State.PREPARE_ABORT: False}
"""Whether a state decides to commit or to abort."""

_BODY = (
    ("producer", Int64),
    ("epoch", Int16),
    ("timeout", Int32),
    ("state", Int8),
)
_TIMES = (("updated", Int64), ("started", Int64))
_VALUES = {
    0: Schema(*_BODY, ("topics", Array(("topic", String("utf-8")), ("partitions", Array(Int32)))), *_TIMES),
    1: Schema(
        *_BODY,
        (
            "topics",
            CompactArray(
                ("topic", CompactString("utf-8")), ("partitions", CompactArray(Int32)), ("tags", TaggedFields)
            ),
        ),
        *_TIMES,
        ("tags", TaggedFields),
    ),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One record: the state of an id at a time (ms). ``raised``: whether its epoch is one above that of its data."""

    id: str
    producer: int
    epoch: int
    state: State
    partitions: frozenset[TopicPartition]
    at: int
    raised: bool

    @property
    def may_end(self) -> frozenset[int]:
        """The epochs that the data of the ended transaction may have: fencing ends it with the next epoch."""
        if self.raised:
            return frozenset({self.epoch - 1})
        return frozenset({self.epoch, self.epoch - 1} if self.state is State.PREPARE_ABORT else {self.epoch})


def entry(key: bytes, value: bytes | None) -> Entry | None:
    """Decode a record; None for a tombstone and for unknown versions."""
    at = BytesIO(key)
    if Int16.decode(at) != 0 or value is None:
        return None
    identity = String("utf-8").decode(at)
    body = BytesIO(value)
    if (schema := _VALUES.get(Int16.decode(body))) is None:
        return None
    producer, epoch, _, state, topics, at, _, *tags = schema.decode(body)
    partitions = frozenset(TopicPartition(topic, number) for topic, numbers, *_ in topics or () for number in numbers)
    version = Int16.decode(BytesIO(tags[0].get(_CLIENTS_VERSION, b"\0\0"))) if tags else 0
    return Entry(str(identity), producer, epoch, State(state), partitions, at, version >= _TV2)


@dataclass(frozen=True, slots=True)
class Transaction:
    """One transaction of a producer: the epochs that its records may have, and its last entry.

    ``over``: whether the coordinator considers it ended in all its partitions.
    """

    epochs: frozenset[int]
    last: Entry
    over: bool

    @property
    def committed(self) -> bool | None:
        """Whether it is committed (or aborted), None if undecided."""
        return PREPARED.get(self.last.state)


def committed(entries: Iterable[Entry], producer: int, epoch: int, partition: TopicPartition) -> bool | None:
    """Return whether a producer's open transaction in a partition, with this epoch, was committed; None if unknown.

    It is either the last transaction that names the partition, if its marker was skipped, or one that does not name it,
    which nobody has committed. So the answer is unknown for a commit followed by another transaction of the same epoch
    (aiokafka uses one for many), and for a transaction that its coordinator will still end.
    """
    ours = [one for one in entries if one.producer == producer]
    same = [one for one in _transactions(ours) if epoch in one.epochs]  # just one if each end increments the epoch
    naming = [one for one in same if partition in one.last.partitions]
    if is_to_end(ours, producer, partition):
        return None
    if not naming:
        return False if _has_all_of(ours, epoch) or any(one.last.raised for one in same) else None
    committed = naming[-1].committed
    return None if committed and naming[-1] is not same[-1] else committed


def is_to_end(entries: Iterable[Entry], producer: int, partition: TopicPartition) -> bool:
    """Return whether a coordinator has an unended transaction of a producer that names the partition."""
    ours = [one for one in entries if one.producer == producer]
    return any(not one.over and partition in one.last.partitions for one in _transactions(ours))


def _transactions(ours: list[Entry]) -> Iterator[Transaction]:
    """Yield the transactions of one producer; compaction may have left only the end of the first."""
    begun: Entry | None = None
    for number, one in enumerate(ours):
        if one.state in PREPARED:
            epochs = frozenset({begun.epoch}) if begun else one.may_end
            yield Transaction(epochs, one, over=number < len(ours) - 1)
        begun = one if one.state is State.ONGOING else None
    if begun:
        yield Transaction(frozenset({begun.epoch}), begun, over=False)


def _has_all_of(ours: list[Entry], epoch: int) -> bool:
    """Return whether compaction has left every transaction of an epoch: its first entry, or an earlier epoch's."""
    return bool(ours) and (ours[0].epoch < epoch or (ours[0].epoch == epoch and ours[0].state is State.EMPTY))
