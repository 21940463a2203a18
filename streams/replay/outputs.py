"""Compares what deciding again emits with the records on the output topics, record by record, byte for byte.

A topology's records name the input that caused them (``rondo_source``), except two kinds. The output of a timer names
none: it changes no state, is only on the topics that ``on_timer`` names, and a replay takes it from the log. The
outcome of an effect, such as a delivery, names its source as such, and had no headers at all in older versions: like a
command it comes from outside, and is only on a topic that its stage reads itself.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from aiokafka.structs import ConsumerRecord

from schemas.codec import Serde
from schemas.envelope import Envelope, Source
from schemas.kafka.log_reader import partition_readers
from streams.replay.dead_letters import DeadLetters
from streams.replay.difference import Difference, Differs, compare_messages, compare_values, fields
from streams.replay.eras import Era
from streams.replay.recorded_blocks import Readers
from streams.runtime import Context, Topology
from streams.runtime.block import Block
from streams.runtime.record import place

_SOURCE = "rondo_source"
_ID, _TYPE = "ce_id", "ce_type"


class Outputs:
    """The output topics of one partition of a topology.

    ``seen`` are the ends from before the state was read: records below them must follow from that state. ``dead`` are
    the dead letters of its stages.
    """

    def __init__(  # noqa: PLR0917 - called once, in this order
        self,
        topology: Topology,
        codec: Serde,
        readers: Readers,
        seen: Mapping[str, int],
        positions: Mapping[str, int],
        dead: DeadLetters,
    ) -> None:
        self.compared = 0
        self._topology = topology
        self._codec = codec
        self._readers = readers
        self._seen = seen
        self._positions = positions
        self.fired: set[str] = set()
        """The timers, by id, whose record is there and is yet to be folded, or has a dead letter."""
        self._dead = dead
        self._latest = defaultdict[str, int](int)

    async def expect(self, block: Block) -> None:
        """Compare the next records with what a block emits. Raises ``Differs``."""
        for topic, outputs in block.outputs.items():
            for output in outputs:
                raw = await self._next(topic)
                if raw is None:
                    raise self._differs(f"{topic}/{block.partition}", f"{_describe(output)} is missing.")
                if raw.value != output.value:
                    await self._codec.learn([raw.value])  # it may be written under another version of its schema
                self._compare(raw, output)
                self.compared += 1

    async def finish(self) -> None:
        """Check the remaining records. Raises ``Differs``."""
        for topic in self._readers:
            while raw := await self._next(topic):
                if raw.offset < self._seen[topic]:
                    raise self._differs(place(raw), f"{_describe(raw)} is there, but deciding again does not emit it.")

    async def _next(self, topic: str) -> ConsumerRecord | None:
        """Return the next record that was caused by an input."""
        async for raw in self._readers[topic]:
            if _SOURCE in dict(raw.headers):
                return raw
            self._check_other(raw)
            self._latest[topic] = max(self._latest[topic], raw.timestamp)
        return None

    def _check_other(self, raw: ConsumerRecord) -> None:
        """Check a record that was not caused by an input, but by a timer or an effect."""
        identity = _timer_of(raw)
        of_timers = {topic for stage in self._topology.timed for topic in stage.timer_outputs}
        of_effects = {topic for stage in self._topology.stages for topic in stage.outside}
        if raw.topic not in {topic.name for topic in (of_timers if identity else of_effects)}:
            raise self._differs(place(raw), "the record is there, but the stage did not write it.")
        if identity and not self._was_folded(raw):
            self.fired.add(identity.decode())

    def _was_folded(self, raw: ConsumerRecord) -> bool:
        position = self._positions.get(raw.topic, 0)  # of what it reads; 0 for its other outputs
        return bool(raw.offset < position) and not self._dead.has(raw)

    def _compare(self, raw: ConsumerRecord, output: Envelope) -> None:
        current, replayed = dict(raw.headers), dict(output.headers)
        if any(current.get(name) != replayed.get(name) for name in (_SOURCE, _TYPE, _ID)):
            reason = "a record is missing, was inserted, or is elsewhere:"
            raise self._differs(place(raw), reason, current=_describe(raw), replayed=_describe(output))
        latest = self._latest[raw.topic]
        if found := compare_messages(self._codec, raw.value, output.value) or _around(raw, output, latest):
            raise self._differs(place(raw), f"{_describe(raw)}.", **fields(found))
        self._latest[raw.topic] = max(latest, raw.timestamp)

    def _differs(self, where: str, reason: str, **values: str | None) -> Differs:
        return Differs(Difference(self._topology.name, int(where.split("/")[1]), where, reason, **values))


@asynccontextmanager
async def comparing(  # noqa: PLR0917 - called in this order
    context: Context,
    era: Era,
    ends: Mapping[str, int],
    seen: Mapping[str, int],
    positions: Mapping[str, int],
    dead: DeadLetters,
) -> AsyncIterator[Outputs]:
    """Read what an era wrote to its topics, up to their ``ends``."""
    written = {era.at(topic): end for topic, end in ends.items()}
    begins = {at: era.outputs.get(at.topic, 0) for at in written}
    async with partition_readers(context.settings.kafka, written, begins) as readers:
        by_name = {at.topic: reader for at, reader in readers.items()}
        yield Outputs(era.topology, context.codec, by_name, seen, positions, dead)


def _around(raw: ConsumerRecord, output: Envelope, latest: int) -> tuple[str | None, str, str] | None:
    """Compare a record's key, time and headers.

    Its time is the record's own; or that of the ``latest`` before it on the topic, if that is later (``Latest``); or
    one between, as the outcomes of effects are produced outside the blocks.
    """
    at = min(max(output.at, raw.timestamp), max(output.at, latest))
    return compare_values(
        {"key": raw.key, "timestamp": raw.timestamp, "headers": dict(raw.headers)},
        {"key": output.key, "timestamp": at, "headers": dict(output.headers)},
    )


def _timer_of(raw: ConsumerRecord) -> bytes | None:
    """Return the id of the timer that led to a record without an input, None for the outcome of an effect."""
    headers = dict(raw.headers)
    return None if headers.get("ce_source") == Source.EFFECT.encode() else headers.get(_ID)


def _describe(record: ConsumerRecord | Envelope) -> str:
    """Return a record's type, id and source, from its headers."""
    kind, identity, source = (dict(record.headers).get(name, b"?").decode() for name in (_TYPE, _ID, _SOURCE))
    return f"{kind} {identity} of {source}"
