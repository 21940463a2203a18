"""How transactions ended, from the coordinator's own log, ``__transaction_state``.

It is compacted, so of an id only its last record is sure to be there; but the newest segment is never compacted, and it
holds some hundred thousand records.
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
_TV2 = 2  # KIP-890: the epoch is raised with each end
_CLIENTS_VERSION = 2  # the tag of the protocol's version that the client speaks


class State(IntEnum):
    """What a coordinator says of a transactional id."""

    EMPTY = 0
    ONGOING = 1
    PREPARE_COMMIT = 2
    PREPARE_ABORT = 3
    COMPLETE_COMMIT = 4
    COMPLETE_ABORT = 5
    DEAD = 6
    PREPARE_EPOCH_FENCE = 7


PREPARED = {State.PREPARE_COMMIT: True, State.PREPARE_ABORT: False}
"""What is decided, by state: whether it is a commit."""

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
    """One record: how an id stood at a time (ms). ``raised``: whether its epoch is one above that of its data."""

    id: str
    producer: int
    epoch: int
    state: State
    partitions: frozenset[TopicPartition]
    at: int
    raised: bool

    @property
    def may_end(self) -> frozenset[int]:
        """The epochs that the data of a transaction may have that it ends: who fences ends it with the next one."""
        if self.raised:
            return frozenset({self.epoch - 1})
        return frozenset({self.epoch, self.epoch - 1} if self.state is State.PREPARE_ABORT else {self.epoch})


def entry(key: bytes, value: bytes | None) -> Entry | None:
    """Return what a record says; None for a tombstone and for versions that are not known."""
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

    ``over``: whether the coordinator counts it as ended in all of its partitions.
    """

    epochs: frozenset[int]
    last: Entry
    over: bool

    @property
    def committed(self) -> bool | None:
        """Whether it is decided to be a commit, None where nothing is decided."""
        return PREPARED.get(self.last.state)


def committed(entries: Iterable[Entry], producer: int, epoch: int, partition: TopicPartition) -> bool | None:
    """Return whether what a producer has open in a partition with this epoch was committed; None if nothing tells.

    What is open is of one transaction: the last one that names the partition, if its marker was left out, or one that
    does not name it, which nobody has committed. So nothing is told of a commit that another transaction of the same
    epoch follows (aiokafka keeps one for many), and nothing of what its coordinator is still to end.
    """
    ours = [one for one in entries if one.producer == producer]
    same = [one for one in _transactions(ours) if epoch in one.epochs]  # just one where each end raises the epoch
    naming = [one for one in same if partition in one.last.partitions]
    if is_to_end(ours, producer, partition):
        return None
    if not naming:
        return False if _has_all_of(ours, epoch) or any(one.last.raised for one in same) else None
    committed = naming[-1].committed
    return None if committed and naming[-1] is not same[-1] else committed


def is_to_end(entries: Iterable[Entry], producer: int, partition: TopicPartition) -> bool:
    """Return whether a coordinator has a transaction of a producer that names the partition and is not over."""
    ours = [one for one in entries if one.producer == producer]
    return any(not one.over and partition in one.last.partitions for one in _transactions(ours))


def _transactions(ours: list[Entry]) -> Iterator[Transaction]:
    """Yield the transactions of one producer; of the first, compaction may have left the end alone."""
    begun: Entry | None = None
    for number, one in enumerate(ours):
        if one.state in PREPARED:
            epochs = frozenset({begun.epoch}) if begun else one.may_end
            yield Transaction(epochs, one, over=number < len(ours) - 1)
        begun = one if one.state is State.ONGOING else None
    if begun:
        yield Transaction(frozenset({begun.epoch}), begun, over=False)


def _has_all_of(ours: list[Entry], epoch: int) -> bool:
    """Whether compaction has left every transaction of an epoch: what begins it is there, or what was before."""
    return bool(ours) and (ours[0].epoch < epoch or (ours[0].epoch == epoch and ours[0].state is State.EMPTY))
