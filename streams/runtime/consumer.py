"""The service of a stage's Faust app that owns the consumer and runs a task for each assigned partition.

Only the fetch loop seeks and fetches, so that fetched records are always from the loop's position. Restoring runs
beside the rebalance callbacks, never in them: no heartbeat is sent during a callback, and its exceptions are swallowed.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import faust
import stamina  # retries with backoff and jitter, by the author of structlog, which it logs through
import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError
from mode import Service
from msgspec import Struct

from common import causes
from schemas.envelope import Source, seal
from schemas.kafka import admin, clients
from schemas.kafka.hidden import Hidden
from schemas.kafka.log_reader import ends
from schemas.kafka.stopping import stop
from schemas.registry.client import Registry, RegistryUnavailable
from schemas.topics import Topic
from streams.runtime import ahead, membership
from streams.runtime.agents import Agents
from streams.runtime.block import Block
from streams.runtime.context import Context
from streams.runtime.effects import Effect, Effects
from streams.runtime.membership import Assignor, Worker
from streams.runtime.metrics import Metrics
from streams.runtime.settings import Settings
from streams.runtime.task import StreamTask
from streams.runtime.topology import Topology
from streams.runtime.watch import Watch

FETCH_MS, QUIET_FETCH_MS = 100, 300
"""For how long a round of the fetch loop waits for records, while something happens and while nothing does."""
BUSY_MS, QUIET_MS = 500, 1500
"""For how long a broker may keep a fetch that has nothing to return, while something happens and while nothing does.

The fetch of a partition that is opened waits behind it, at least 1.5 s after an error.
"""
QUIET_SECONDS = 3.0
"""Seconds without records, and without a partition that is opened, after which nothing happens."""
HEARTBEAT_MS = 1000
FETCH_BYTES = 16 * 1024 * 1024  # in one answer of the broker; of one partition, the most of a record
EFFECTS_SECONDS = 21.0  # for running deliveries when a worker stops: their timeout, and recording the outcome
LEAVE_SECONDS = 5.0  # to leave the group; otherwise it waits for the session timeout

log = structlog.get_logger()


def _is_away(error: Exception) -> bool:
    """Return whether an error means that the registry or the broker is not available yet."""
    return isinstance(error, RegistryUnavailable) or (isinstance(error, KafkaError) and bool(error.retriable))


class Replaced(RuntimeError):
    """Another worker with the same instance's name has replaced this one."""


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    def __init__(self, runtime: "Runtime") -> None:
        self._runtime = runtime

    async def on_partitions_revoked(self, _: frozenset[TopicPartition]) -> None:
        await self._runtime.revoke()
        if await self._runtime.is_replaced():
            # aiokafka would go on to join, since its heartbeats have no instance, and so take the name back; only
            # cancelling the callback prevents that.
            raise asyncio.CancelledError

    async def on_partitions_assigned(self, assigned: frozenset[TopicPartition]) -> None:
        await self._runtime.assign(assigned)


class Runtime(Service):
    """Feeds one topology."""

    def __init__(
        self, topology: Topology, settings: Settings, clock: Callable[[], int], app: faust.App, **service: Any
    ) -> None:
        self.topology = topology
        self.settings = settings
        self._app = app
        self.partitions: dict[int, StreamTask] = {}
        self.agents = Agents(self._feed, settings.block_timeout)
        self._seeks: list[StreamTask] = []
        self._consumer: AIOKafkaConsumer | None = None
        self._producer: AIOKafkaProducer | None = None
        self._starting_producer = asyncio.Lock()
        self.joined = False
        self.assignments = 0
        """Number of assignments by the group, empty ones included."""
        self.fetches = 0
        """Rounds of the fetch loop."""
        self._busy = 0.0  # when the fetch loop last had something to do
        self.metrics = Metrics(topology)
        self.effects = Effects(topology.name, settings.effects, self.metrics.effects)
        self._registry = Registry(settings.registry)
        codec = topology.serde(self._registry)
        self.context = Context(settings, codec, "", clock, self.effects.performs, self.produce)
        self._watch = Watch(self)
        self._group = f"rondo-{topology.name}"
        self._worker = Worker(f"{self._group}-{self.settings.instance}" if self.settings.instance else "")
        self._assignor = Assignor(self._worker)
        self._joins_again = False
        super().__init__(**service)

    async def on_start(self) -> None:
        """Publish the schemas, create and check the topics, and join the group.

        Wait for registry and broker as long as they take to start: a broker may have gigabytes to recover.
        """
        async for attempt in stamina.retry_context(on=_is_away, attempts=None, timeout=None, wait_max=5.0):
            with attempt:
                await self._prepare()
        await self._join()

    async def _prepare(self) -> None:
        await self.context.codec.publish(self.topology.topics)
        await admin.create(self.settings.kafka, self.settings.partitions, self.topology.topics)
        self.context = replace(self.context, cluster=await admin.cluster(self.settings.kafka))

    async def _join(self) -> None:
        self._consumer = clients.consumer(
            self.settings.kafka,
            group_id=self._group,
            client_id=self._group,
            group_instance_id=self._worker.instance or None,
            isolation_level="read_committed",
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            partition_assignment_strategy=(self._assignor,),
            session_timeout_ms=int(self.settings.session_timeout * 1000),
            rebalance_timeout_ms=int(self.settings.session_timeout * 3000),
            heartbeat_interval_ms=HEARTBEAT_MS,
            fetch_max_wait_ms=BUSY_MS,
            fetch_max_bytes=FETCH_BYTES,
            # A larger record is fetched anyway, alone (KIP-74): retries may be four times as large.
            max_partition_fetch_bytes=min(topic.max_bytes for topic in self.topology.reads),
        )
        self._subscribe()
        await self._watch.connect()
        await self._consumer.start()
        self._app.flow_control.resume()  # as Faust's own consumer would; without it channels accept nothing

    def _subscribe(self) -> None:
        assert self._consumer
        self._consumer.subscribe([topic.name for topic in self.topology.reads], listener=_Listener(self))

    async def on_stop(self) -> None:
        """Finish the running blocks before leaving the group, which ``consumer.stop`` does not do; then the effects."""
        began = asyncio.get_running_loop().time()
        await self.revoke()
        left = EFFECTS_SECONDS - (asyncio.get_running_loop().time() - began)
        await asyncio.gather(stop(self._consumer, LEAVE_SECONDS), self.effects.finish(left))
        await stop(self._producer)
        await self._registry.aclose()

    def is_ready(self) -> bool:
        """Return whether the group is joined, every assigned partition works, and no records are hidden."""
        is_open = self.joined and all(partition.works for partition in self.partitions.values())
        return is_open and not self.hidden.overdue()

    def touched(self) -> set[TopicPartition]:
        """Return the topic partitions that the assigned partitions read and write."""
        return {tp for number in self.partitions for tp in self.topology.partitions(number)}

    @property
    def hidden(self) -> Hidden:
        """The records that transactions hide in the topic partitions of ``touched``."""
        return self._watch.hidden

    def closed(self) -> list[str]:
        """Return why it is not ready: a sentence for each error that stops a partition or an input."""
        if not self.joined:
            return [f"{self.topology.name} waits for its group to give it partitions."]
        return [
            f"{self.topology.name}, partition {partition.number}: {cause}"
            for partition in self.partitions.values()
            if not partition.works
            for cause in partition.closed.causes or ["it is being opened."]
        ]

    def shares(self) -> int:
        """Return the number of partitions that share the worker's effects."""
        return max(1, len(self.partitions))

    async def _feed(self, block: Block) -> None:
        """Put a block into the channel of its topic's agent."""
        channel = next(channel for channel in self._app.topics if block.topic in channel.topics)
        await channel.put(block)  # type: ignore[arg-type]  # Faust's type is an event, but agents get any value

    async def produce(self, topic: Topic, record: Struct, partition: int) -> None:
        """Produce one record outside any block: the outcome of an effect, which a block of that partition then folds.

        Raises the producer's errors; the producer is then replaced, since after one failure all its sends fail.
        """
        producer = await self._outside()
        out = seal(record, self.context.codec.encode(topic.name, record), Source.EFFECT)
        owned = self.partitions.get(partition)
        at = owned.store.latest.stamp(topic.name, out.at) if owned else out.at
        try:
            await producer.send_and_wait(topic.name, out.value, out.key, partition, at, out.headers)
        except BaseException:
            if self._producer is producer:
                self._producer = None
                self.add_future(stop(producer))
            raise

    async def _outside(self) -> AIOKafkaProducer:
        async with self._starting_producer:
            if self._producer is None:
                producer = clients.producer(self.settings.kafka, enable_idempotence=True)
                await producer.start()
                self._producer = producer
            return self._producer

    def perform(self, effect: Effect) -> None:
        """Run a committed block's effect beside the tasks; it counts as begun from now on."""
        self.add_future(self._perform(self.effects.begin(effect, self.context), effect.partition))

    async def _perform(self, running: Awaitable[bool], number: int) -> None:
        went_well = await running
        for partition in self.partitions.values():
            partition.make_room(lost=not went_well and partition.number == number)

    # Partitions.

    async def assign(self, assigned: frozenset[TopicPartition]) -> None:
        """Start a task for each partition; its topics stay paused until the task seeks."""
        assert self._consumer
        self._consumer.pause(*assigned)
        await self.revoke()
        if self.should_stop:  # it is leaving: nobody would close a new task
            return
        self.joined = True
        self.assignments += 1
        numbers = {tp.partition for tp in assigned}
        missing = {(t.name, n) for t in self.topology.reads for n in numbers} - {
            (tp.topic, tp.partition) for tp in assigned
        }
        if missing and self._worker.instance and self.assignments == 1:
            # A static member that comes back gets the assignment of its last process, even if its inputs have changed.
            log.info("assigned for other inputs, joins again", stage=self.topology.name)
            self.joined, self._joins_again = False, True
            return
        if missing:
            await self.crash(
                RuntimeError(
                    f"The inputs of {self.topology.name} were not assigned together: {sorted(missing)} are elsewhere."
                )
            )
            return
        log.info("assigned", stage=self.topology.name, partitions=sorted(numbers))
        share = self.settings.held_bytes // max(1, len(assigned))
        for number in sorted(numbers):
            partition = self.partitions[number] = StreamTask(self, number, share)
            partition.task = self.add_future(partition.run())

    async def revoke(self) -> None:
        """Close all tasks, waiting for their running blocks."""
        self.joined = False
        partitions, self.partitions = self.partitions, {}
        closing = (partition.close() for partition in partitions.values())
        for error in await asyncio.gather(*closing, return_exceptions=True):
            if error:  # it must not interrupt closing the others
                log.warning("task closed with an error", stage=self.topology.name, error=causes.described(error))
        await self.effects.hand_over(partitions, self.context)

    async def is_member(self) -> bool:
        """Return whether the group has this worker as a member; False without an answer."""
        try:
            async with asyncio.timeout(self.settings.session_timeout):
                return await membership.is_member(self.settings.kafka, self._group, self._worker)
        except (KafkaError, TimeoutError):
            return False

    async def is_replaced(self) -> bool:
        """Return, before joining again, whether another worker has its instance's name; then crash."""
        if not self._worker.instance or not self.assignments or self.should_stop:
            return False
        try:
            async with asyncio.timeout(self.settings.session_timeout / 3):
                replaced = await membership.is_replaced(self.settings.kafka, self._group, self._worker)
        except (KafkaError, TimeoutError):
            return False
        if replaced:
            await self.crash(
                Replaced(
                    f"Another worker has joined {self._group} as {self.settings.instance} and has taken this one's "
                    "place. If both are meant to run, each needs a RONDO_INSTANCE of its own."
                )
            )
        return replaced

    async def check(self, number: int, positions: dict[str, int]) -> None:
        """Raise ``Ahead`` if positions are beyond the topics' ends: records would be skipped unnoticed."""
        read = {TopicPartition(topic.name, number): positions.get(topic.name, 0) for topic in self.topology.reads}
        ahead.check(self.topology.name, read, await ends(self.settings.kafka, read))  # not behind a fetch

    def seek(self, partition: StreamTask) -> None:
        """Ask the fetch loop to seek to a partition's positions; it calls ``on_sought`` afterwards."""
        self._seeks.append(partition)

    def resume(self, topic: str, number: int) -> None:
        """Resume fetching a topic's partition, if it was paused."""
        assert self._consumer
        tp = TopicPartition(topic, number)
        if tp in self._consumer.paused():
            self._consumer.resume(tp)

    # Watching.

    async def fetched(self, topic: str, number: int) -> int:
        """Return the offset up to which an input was fetched, markers included. Raises KafkaError if it is not ours."""
        assert self._consumer
        return int(await self._consumer.position(TopicPartition(topic, number)))

    @Service.task
    async def _look(self) -> None:
        try:
            while not self.should_stop:
                await self.sleep(self._watch.every)
                for partition in self.partitions.values():
                    partition.closed.report(self.topology.name, partition.number)
                await self._watch.look()  # a stall crashes the service, and so the process
        finally:
            await self._watch.close()

    # Fetching.

    @Service.task
    async def _fetch(self) -> None:
        assert self._consumer
        while not self.should_stop:
            if self._joins_again:  # not in the callback: aiokafka's fetcher would fail on the revoked assignment
                self._joins_again = False
                self._assignor.insist()
                self._subscribe()
            self._seek_requested()
            quiet = self._is_quiet()
            # aiokafka has no public way to change that.
            self._consumer._fetcher._fetch_max_wait_ms = QUIET_MS if quiet else BUSY_MS
            self.fetches += 1
            try:
                fetched = await self._consumer.getmany(timeout_ms=QUIET_FETCH_MS if quiet else FETCH_MS)
            except ConsumerStoppedError:
                return
            for tp, records in fetched.items():
                self._busy = self.loop.time()
                partition = self.partitions.get(tp.partition)
                if partition and partition.hold(tp.topic, records):
                    self._consumer.pause(tp)

    def _is_quiet(self) -> bool:
        """Return whether nothing has happened for a while."""
        now = self.loop.time()
        if not all(partition.accepting for partition in self.partitions.values()):
            self._busy = now
        return self.joined and now - self._busy >= QUIET_SECONDS

    def _seek_requested(self) -> None:
        assert self._consumer
        seeks, self._seeks = self._seeks, []
        for partition in seeks:
            if self.partitions.get(partition.number) is not partition:
                continue
            for topic in self.topology.reads:
                tp = TopicPartition(topic.name, partition.number)
                self._consumer.seek(tp, partition.positions.get(topic.name, 0))
                self._consumer.resume(tp)
            partition.on_sought()
