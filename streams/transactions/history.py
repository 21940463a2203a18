"""How transactions ended, from the coordinator's own log, ``__transaction_state``.

It is compacted, so of an id only its last record is sure to be there; but the newest segment is never compacted, and it
holds some hundred thousand records.
"""

from collections.abc import Iterable
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
ENDED = {State.COMPLETE_COMMIT: True, State.COMPLETE_ABORT: False}
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

    def covers(self, epoch: int) -> bool:
        """Whether it is of the transaction whose data have this epoch: who fences ends it with the next one."""
        is_next = self.epoch == epoch + 1 and (self.raised or self.state is State.PREPARE_ABORT)
        return self.epoch == epoch or is_next


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


def committed(entries: Iterable[Entry], producer: int, epoch: int, partition: TopicPartition) -> bool | None:
    """Return whether what a producer wrote last into a partition with this epoch was committed; None if nothing tells.

    A partition that no transaction of this epoch names was never part of one: nobody has committed it.
    """
    ours = [one for one in entries if one.producer == producer]
    prepared = [one for one in ours if one.state in PREPARED and one.covers(epoch) and partition in one.partitions]
    if prepared:
        return PREPARED[prepared[-1].state]
    if ours and (ours[0].epoch < epoch or (ours[0].epoch == epoch and ours[0].state is State.EMPTY)):
        return False  # all of this epoch is there
    ended = [one.state for one in ours if one.state in ENDED and one.epoch == epoch]
    return ENDED[ended[-1]] if ended else None
