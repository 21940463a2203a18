"""State in RocksDB with a changelog, and a block's commit as one Kafka transaction.

Two transactional producers are used alternately: with one, each block would wait some 20 ms for the markers of the
previous commit. Id 0 is initialised first and commits first, so only the worker that initialised both last can commit.
The end of the changelog is read only after both are initialised: then a former owner can't append anything more.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import RecordMetadata
from msgspec.structs import replace

from schemas import records as r
from schemas.codec import Serde
from schemas.envelope import Envelope, batches
from schemas.kafka import clients
from schemas.kafka.latest import Latest
from schemas.kafka.log_reader import LogReader
from schemas.kafka.stopping import stop
from schemas.topics import DEAD_LETTERS
from streams.runtime import disk, failpoints, ownership
from streams.runtime.block import Block
from streams.runtime.context import Context
from streams.runtime.failpoints import Point
from streams.runtime.ownership import EARLIER, POSITION, OtherGrouping
from streams.runtime.restoring import Progress
from streams.runtime.rocksdb import StateStore
from streams.runtime.topology import Topology, stages_of
from streams.transactions import settlement

_FETCH_BYTES = 4 * 1024 * 1024  # at once while restoring: RocksDB writes such a batch in some 20 ms
BATCH_BYTES = 900_000  # below the topics' max.message.bytes, which bounds a batch too


class KafkaStore:
    """The state and positions of one task of a topology that keeps its own state."""

    state: StateStore | None = None

    def __init__(self, topology: Topology, context: Context, partition: int) -> None:
        self._topology = topology
        self._context = context
        self._settings = context.settings
        self._partition = partition
        self._producers: list[AIOKafkaProducer] = []
        self._turn = 0
        self.progress: Progress | None = None
        self.latest = Latest()

    async def open(self) -> dict[str, int]:
        """Fence former owners, settle their transactions, restore from the changelog, and return the positions."""
        self._turn = 0
        await self._settle()  # while coordinators still know how the last transactions ended
        await self._initialise(0)
        await self._reach(Point.FENCING)
        await self._initialise(1)
        await self._settle(self._id(0), self._id(1))
        await self._reach(Point.FENCED)
        self.state = await self._restored(disk.open(self._path(), self._topology.timers, self._settings.state_bytes))
        await self._reach(Point.RESTORED)
        await self._check_grouping()
        return positions(self.state, self._context.codec)

    async def _initialise(self, number: int) -> None:
        producer = clients.producer(
            self._settings.kafka,
            transactional_id=self._id(number),
            transaction_timeout_ms=int(self._settings.transaction_timeout * 1000),
            max_batch_size=BATCH_BYTES,
            max_request_size=DEAD_LETTERS.max_bytes,
        )
        self._producers.append(producer)
        await producer.start()

    async def _settle(self, *fenced: str) -> None:
        await settlement.settle(self._settings.kafka, self._topology.partitions(self._partition), fenced)

    def _id(self, number: int) -> str:
        return transactional_id(self._topology.name, self._partition, number)

    def _path(self) -> Path:
        """Return the state's directory, which is separate for each cluster."""
        return disk.directory(self._settings.data, self._context.cluster, self._topology.name, self._partition)

    async def _restored(self, state: StateStore) -> StateStore:
        tp = TopicPartition(self._topology.changelog_name, self._partition)
        try:
            async with LogReader.of(self._settings.kafka, fetch_bytes=_FETCH_BYTES) as reader:
                end = (await reader.ends([tp]))[tp]
                state = disk.usable(state, self._context.clock(), tp, end)
                await self._replay(reader, tp, state, end)
                written = {topic.name for topic in (*self._topology.writes, self._topology.blocks) if topic}
                self.latest = await reader.latest({*written, tp.topic}, self._partition)
        except BaseException:
            disk.close(state)
            raise
        return state

    async def _replay(self, reader: LogReader, tp: TopicPartition, state: StateStore, end: int) -> None:
        """Apply the changelog up to ``end``: the last offsets may be commit markers."""
        self.progress = progress = Progress(self._topology.name, self._partition, state.changelog, end)
        async for _, fetched in reader.fetches({tp: (state.changelog, end)}):
            if fetched:
                changes = {raw.key: raw.value for raw in fetched}
                state.write(changes, fetched[-1].offset + 1, self._context.clock())
                progress.made(len(fetched), fetched[-1].offset + 1)
        progress.remaining = 0  # except markers
        if progress.records:
            state.write({}, end, self._context.clock())
            progress.ended()

    async def _check_grouping(self) -> None:
        """Raise ``OtherGrouping`` if the state or the output on the log is that of stages in other topologies.

        Claims the partition if nothing has been done there. Raises ``Damaged`` for a state without positions.
        """
        assert self.state is not None
        if held := held_positions(self.state, self._context.codec):
            ownership.check_standing(self._topology, held)
        elif self.state.get(EARLIER) is not None:
            raise ownership.earlier(self._topology.name)
        elif self.state.changelog:
            self.state.lacks("its positions")  # every block writes them; without, all input would be read again
        if not held or ownership.is_claim(held):
            await self._claim()

    async def _claim(self) -> None:
        """Make the partition this topology's: see ``ownership``."""
        kafka, codec, topology = self._settings.kafka, self._context.codec, self._topology
        await ownership.check_free(kafka, codec, topology, [self._partition])  # nothing is written where it is not
        await self._record(ownership.claim(topology))
        try:
            await ownership.check_unclaimed(kafka, codec, topology)
        except OtherGrouping:
            await self._record(ownership.WITHDRAWN)
            raise
        await self._record(position(topology, {topic.name: 0 for topic in topology.reads}))

    async def _record(self, held: r.Position) -> None:
        """Commit positions alone."""
        assert self.state is not None
        changelog, now = self._topology.changelog_name, self._context.clock()
        producer, self._turn = self._producers[self._turn], 1 - self._turn
        produced, raw = _Produced(producer, self._partition), self._encoded(held)
        async with producer.transaction():
            await produced.send(changelog, self.latest.stamped(changelog, [Envelope(POSITION, raw, now)]))
            applied = await produced.acknowledged()
        self.state.write({POSITION: raw}, applied, now)

    async def commit(self, block: Block, positions: dict[str, int]) -> dict[str, int]:
        """Commit a block as one transaction, then write it to RocksDB; return the positions.

        Positions after notices are among them: so a replay knows how many of the recorded blocks the state has seen.
        """
        assert self.state is not None
        producer = self._producers[self._turn]
        await producer.begin_transaction()
        await self._reach(Point.BEGUN)
        produced = _Produced(producer, self._partition)
        try:
            await self._produce(block, produced)
            positions |= produced.behind(block.notices)
            changes = {**block.changes, POSITION: self._encoded(self._position(block, positions))}
            await self._reach(Point.PRODUCED)
            logged = [Envelope(key, value, block.now) for key, value in changes.items()]
            changelog = self._topology.changelog_name
            await produced.send(changelog, self.latest.stamped(changelog, logged))
        except asyncio.CancelledError:  # its time is over, so the deliveries must not be awaited
            produced.cancel()
            raise
        finally:  # also if sending failed: the first failed delivery has the cause
            applied = await produced.acknowledged()  # a commit can succeed although a delivery not awaited failed
        await self._reach(Point.CHANGELOGGED)
        await producer.commit_transaction()
        await self._reach(Point.COMMITTED)
        self._turn = 1 - self._turn
        self.state.write(changes, applied, block.now)
        await self._reach(Point.WRITTEN)
        return positions

    async def _reach(self, point: Point) -> None:
        await failpoints.reach(self._topology.name, point)

    async def _produce(self, block: Block, produced: "_Produced") -> None:
        """Produce a block's outputs, dead letters and record."""
        for topic, outputs in block.outputs.items():
            await produced.send(topic, self.latest.stamped(topic, outputs))
        if block.notices or block.dead.handed():  # what follows names their offsets
            await produced.acknowledged()
        if block.dead:
            await produced.send(DEAD_LETTERS.name, block.dead.envelopes(self._context.codec, produced.offset))
        if (block.raws or block.notices) and (recorded := self._topology.blocks):
            taken = self._recorded(block, recorded.name, produced)
            await produced.send(recorded.name, self.latest.stamped(recorded.name, [taken]))

    def _recorded(self, block: Block, recorded: str, produced: "_Produced") -> Envelope:
        """Return the record of a block: which records it took, or which notices its timers emitted."""
        if block.notices:
            topic, number = block.notices, len(block.outputs[block.notices])
            first, last = produced.offset(topic, 0), produced.offset(topic, number - 1)
        else:
            topic, first, last = block.raws[0].topic, block.raws[0].offset, block.raws[-1].offset
            number = len(block.raws)
        taken = r.Block(
            stage=self._topology.name,
            topic=topic,
            first=first,
            last=last,
            records=number,
            rules=block.decision_version,
            tzdata=block.tzdata,
            given=block.recorded_settings,
        )
        return Envelope(str(self._partition).encode(), self._context.codec.encode(recorded, taken), block.now)

    def _position(self, block: Block, positions: dict[str, int]) -> r.Position:
        """Return what a commit records of the positions: with the indexes that have been begun."""
        assert self.state is not None
        cursors = {one.name: one.cursor for one in self._topology.backfills}
        kept = (
            name
            for name, key in cursors.items()
            if (block.changes[key] if key in block.changes else self.state.get(key))
        )
        return replace(position(self._topology, positions), indexes=tuple(kept))

    def _encoded(self, record: r.Position) -> bytes:
        return self._context.codec.encode(self._topology.changelog_name, record)

    async def close(self) -> None:
        """Close RocksDB and both producers, in whatever state."""
        state, self.state = self.state, None
        producers, self._producers = self._producers, []
        if state:
            disk.close(state)
        await asyncio.gather(*map(stop, producers))


def transactional_id(topology: str, partition: int, number: int) -> str:
    """Return the id of a partition's producer: number 0 or 1."""
    return f"rondo-{topology}-{partition}-{number}"


def position(topology: Topology, positions: dict[str, int]) -> r.Position:
    """Return the record of a topology's positions."""
    return r.Position(positions, stages_of(topology))


def held_positions(state: StateStore, codec: Serde) -> r.Position | None:
    """Return the record of the positions in a state."""
    raw = state.get(POSITION)
    return cast("r.Position", codec.decode(raw)) if raw else None


def positions(state: StateStore, codec: Serde) -> dict[str, int]:
    """Return the positions in a state: the next offset by topic."""
    held = held_positions(state, codec)
    return dict(held.offsets) if held else {}


class _Produced:
    """What a transaction has produced so far, to one partition of each topic."""

    def __init__(self, producer: AIOKafkaProducer, partition: int) -> None:
        self._producer, self._partition = producer, partition
        self._sent: list[asyncio.Future[RecordMetadata]] = []
        self._by_topic = defaultdict[str, list[tuple[int, asyncio.Future[RecordMetadata]]]](list)  # with their lengths

    async def send(self, topic: str, outputs: Iterable[Envelope]) -> None:
        """Produce records, in as few batches as they fit into."""
        partition = 0 if topic == DEAD_LETTERS.name else self._partition
        for batch in batches(self._producer.create_batch, outputs):
            delivery = await self._producer.send_batch(batch, topic, partition=partition)
            self._sent.append(delivery)
            self._by_topic[topic].append((batch.record_count(), delivery))

    def offset(self, topic: str, index: int) -> int:
        """Return the offset of the ``index``-th record of a topic, once all are acknowledged."""
        for number, delivery in self._by_topic[topic]:
            if index < number:
                return int(delivery.result().offset) + index
            index -= number
        raise IndexError(f"There is no record {index} of {topic}.")

    def behind(self, topic: str | None) -> dict[str, int]:
        """Return the offset behind the last record of a topic, if there is one."""
        if topic is None:
            return {}
        number, delivery = self._by_topic[topic][-1]
        return {topic: int(delivery.result().offset) + number}

    async def acknowledged(self) -> int:
        """Wait until all is acknowledged; return the offset behind the last record. Raises the first failure."""
        await asyncio.gather(*self._sent)
        if not self._sent:
            return 0
        number, delivery = next(reversed(self._by_topic.values()))[-1]
        return int(delivery.result().offset) + number

    def cancel(self) -> None:
        """Await nothing any more."""
        for delivery in self._sent:
            delivery.cancel()
