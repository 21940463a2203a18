"""State in RocksDB with a changelog, and a block's commit as one Kafka transaction.

Two transactional producers are used alternately: with one, each block would wait some 20 ms for the markers of the
previous commit. Id 0 is initialised first and commits first, so only the worker that initialised both last can commit.
The end of the changelog is read only after both are initialised: then a former owner can't append anything more.
"""

import asyncio
from pathlib import Path
from typing import cast

from aiokafka import AIOKafkaProducer, TopicPartition

from domain.times import tzdata_version
from schemas import records as r
from schemas.codec import Serde
from schemas.envelope import Envelope, batches
from schemas.kafka.latest import Latest
from schemas.kafka.log_reader import LogReader
from schemas.kafka.stopping import stop
from schemas.topics import DEAD_LETTERS
from streams.runtime import disk, failpoints
from streams.runtime.block import Block
from streams.runtime.context import Context
from streams.runtime.failpoints import Point
from streams.runtime.restoring import Progress
from streams.runtime.rocksdb import StateStore
from streams.runtime.stage import Stage
from streams.transactions import settlement

POSITION = b"position\x00"
_FETCH_BYTES = 4 * 1024 * 1024  # at once while restoring: RocksDB writes such a batch in some 20 ms
BATCH_BYTES = 900_000  # below the topics' max.message.bytes, which bounds a batch too


class KafkaStore:
    """The state and positions of one task of a stage that keeps its own state."""

    state: StateStore | None = None

    def __init__(self, stage: Stage, context: Context, partition: int) -> None:
        self._stage = stage
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
        self.state = await self._restored(disk.open(self._path(), self._stage.timed, self._settings.state_bytes))
        await self._reach(Point.RESTORED)
        if self.state.changelog and self.state.get(POSITION) is None:
            self.state.lacks("its positions")  # every block writes them; without, all input would be read again
        return positions(self.state, self._context.codec)

    async def _initialise(self, number: int) -> None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._settings.kafka,
            transactional_id=self._id(number),
            transaction_timeout_ms=int(self._settings.transaction_timeout * 1000),
            max_batch_size=BATCH_BYTES,
            max_request_size=DEAD_LETTERS.max_bytes,
        )
        self._producers.append(producer)
        await producer.start()

    async def _settle(self, *fenced: str) -> None:
        await settlement.settle(self._settings.kafka, self._stage.partitions(self._partition), fenced)

    def _id(self, number: int) -> str:
        return transactional_id(self._stage.name, self._partition, number)

    def _path(self) -> Path:
        """Return the state's directory, which is separate for each cluster."""
        return disk.directory(self._settings.data, self._context.cluster, self._stage.name, self._partition)

    async def _restored(self, state: StateStore) -> StateStore:
        tp = TopicPartition(self._stage.changelog_name, self._partition)
        try:
            async with LogReader.of(self._settings.kafka, fetch_bytes=_FETCH_BYTES) as reader:
                end = (await reader.ends([tp]))[tp]
                state = disk.usable(state, self._context.clock(), tp, end)
                await self._replay(reader, tp, state, end)
                written = {topic.name for topic in (*self._stage.writes, self._stage.blocks) if topic}
                self.latest = await reader.latest({*written, tp.topic}, self._partition)
        except BaseException:
            disk.close(state)
            raise
        return state

    async def _replay(self, reader: LogReader, tp: TopicPartition, state: StateStore, end: int) -> None:
        """Apply the changelog up to ``end``: the last offsets may be commit markers."""
        self.progress = progress = Progress(self._stage.name, self._partition, state.changelog, end)
        async for _, fetched in reader.fetches({tp: (state.changelog, end)}):
            if fetched:
                changes = {raw.key: raw.value for raw in fetched}
                state.write(changes, fetched[-1].offset + 1, self._context.clock())
                progress.made(len(fetched), fetched[-1].offset + 1)
        progress.remaining = 0  # except markers
        if progress.records:
            state.write({}, end, self._context.clock())
            progress.ended()

    async def commit(self, block: Block, positions: dict[str, int]) -> None:
        """Commit a block as one transaction, then write it to RocksDB."""
        assert self.state is not None
        producer = self._producers[self._turn]
        changes = {**block.changes, POSITION: self._encoded(r.Position(positions))}
        await producer.begin_transaction()
        await self._reach(Point.BEGUN)
        sent = []
        try:
            for topic, outputs in self._outputs(block, changes).items():
                if topic == self._stage.changelog_name:
                    await self._reach(Point.PRODUCED)
                for batch in batches(producer.create_batch, outputs):
                    partition = 0 if topic == DEAD_LETTERS.name else self._partition
                    sent.append(await producer.send_batch(batch, topic, partition=partition))
        except asyncio.CancelledError:  # its time is over, so the deliveries must not be awaited
            for delivery in sent:
                delivery.cancel()
            raise
        finally:  # also if sending failed: the first failed delivery has the cause
            delivered = await asyncio.gather(*sent)  # a commit can succeed although a batch that was not awaited failed
        await self._reach(Point.CHANGELOGGED)
        await producer.commit_transaction()
        await self._reach(Point.COMMITTED)
        self._turn = 1 - self._turn
        self.state.write(changes, delivered[-1].offset + batch.record_count(), block.now)
        await self._reach(Point.WRITTEN)

    async def _reach(self, point: Point) -> None:
        await failpoints.reach(self._stage.name, point)

    def _outputs(self, block: Block, changes: dict[bytes, bytes | None]) -> dict[str, list[Envelope]]:
        """Return the records to produce, by topic; the changelog is the last."""
        outputs = dict(block.outputs)
        if block.dead:
            outputs[DEAD_LETTERS.name] = block.dead_letters()
        if block.raws and (topic := self._stage.blocks):
            outputs[topic.name] = [self._range(block, topic.name)]
        outputs[self._stage.changelog_name] = [Envelope(key, value, block.now) for key, value in changes.items()]
        own = outputs.keys() - {DEAD_LETTERS.name}  # which others write to, too
        return {topic: self.latest.stamped(topic, out) if topic in own else out for topic, out in outputs.items()}

    def _range(self, block: Block, topic: str) -> Envelope:
        first, last = block.raws[0], block.raws[-1]
        consumed = r.Block(
            stage=self._stage.name,
            topic=first.topic,
            first=first.offset,
            last=last.offset,
            records=len(block.raws),
            rules=block.decision_version,
            tzdata=tzdata_version(),
            given=block.recorded_settings,
        )
        return Envelope(str(self._partition).encode(), self._context.codec.encode(topic, consumed), block.now)

    def _encoded(self, record: r.Position) -> bytes:
        return self._context.codec.encode(self._stage.changelog_name, record)

    async def close(self) -> None:
        """Close RocksDB and both producers, in whatever state."""
        state, self.state = self.state, None
        producers, self._producers = self._producers, []
        if state:
            disk.close(state)
        await asyncio.gather(*map(stop, producers))


def transactional_id(stage: str, partition: int, number: int) -> str:
    """Return the id of a partition's producer: number 0 or 1."""
    return f"rondo-{stage}-{partition}-{number}"


def positions(state: StateStore, codec: Serde) -> dict[str, int]:
    """Return the positions in a state: the next offset by topic."""
    raw = state.get(POSITION)
    return dict(cast("r.Position", codec.decode(raw)).offsets) if raw else {}
