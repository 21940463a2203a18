"""The times of the last records that a stage has put into a partition of its topics: those that follow go not back.

A derived record has the time of what caused it, and that was said by a clock which may have been set back since. Where
it is earlier than the record before it on the same topic, it is put there with that one's time. What the record says of
its time stays: that is what is decided by.
"""

from collections.abc import Iterable, Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec.structs import replace

from schemas.envelope import Envelope

_WINDOW = 10  # offsets from the end: the last ones may be markers, or what was aborted


class Latest:
    """The latest time in a partition by topic, in milliseconds since 1970."""

    def __init__(self) -> None:
        self._times: dict[str, int] = {}

    async def read(self, consumer: AIOKafkaConsumer, topics: Iterable[str], partition: int) -> None:
        """Read the end of each topic; the consumer reads committed records, and is assigned these topics."""
        asked = [TopicPartition(topic, partition) for topic in topics]
        consumer.assign(asked)
        begins, ends = await consumer.beginning_offsets(asked), await consumer.end_offsets(asked)
        left, window = {tp: begins[tp] for tp in asked if begins[tp] < ends[tp]}, _WINDOW
        while left:
            starts = {tp: max(begin, ends[tp] - window) for tp, begin in left.items()}
            found = await _times(consumer, starts, ends)
            self._times |= {tp.topic: at for tp, at in found.items()}
            left = {tp: begin for tp, begin in left.items() if tp not in found and starts[tp] > begin}
            window *= 100

    def stamp(self, topic: str, at: int) -> int:
        """Return the time of the next record of a topic whose own is ``at``."""
        self._times[topic] = max(at, self._times.get(topic, at))
        return self._times[topic]

    def stamped(self, topic: str, outputs: Iterable[Envelope]) -> list[Envelope]:
        """Return a topic's next records, each with a time that goes not back."""
        stamps = ((out, self.stamp(topic, out.at)) for out in outputs)
        return [out if out.at == at else replace(out, at=at) for out, at in stamps]


async def _times(
    consumer: AIOKafkaConsumer, starts: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int]
) -> dict[TopicPartition, int]:
    """Return the latest time from ``starts`` to ``ends`` of each partition that has a record there."""
    consumer.assign(list(starts))
    for tp, start in starts.items():
        consumer.seek(tp, start)
    found: dict[TopicPartition, int] = {}
    while behind := [tp for tp in starts if await consumer.position(tp) < ends[tp]]:
        for tp, raws in (await consumer.getmany(*behind, timeout_ms=200)).items():
            found[tp] = max(found.get(tp, 0), *(raw.timestamp for raw in raws))
    return found
