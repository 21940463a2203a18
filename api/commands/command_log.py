"""Appends users' commands to the log: a command is accepted when every in-sync replica has it."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError
from aiokafka.producer.message_accumulator import BatchBuilder

from common import causes
from domain import entities
from schemas.codec import Codec
from schemas.envelope import Envelope, Source, batches, seal
from schemas.kafka import clients
from schemas.kafka.latest import Latest
from schemas.kafka.log_reader import LogReader
from schemas.kafka.stopping import stop
from schemas.names import partition_of
from schemas.records import ChangeTasks
from schemas.registry.client import Registry
from schemas.topics import TASK_COMMANDS

Single = entities.Asked
"""A command on one entity."""
Command = Single | ChangeTasks

TOPIC = TASK_COMMANDS.name
_MARGIN = 4096  # bytes for a batch's framing
_log = structlog.get_logger("api.commands")


class Unavailable(ConnectionError):
    """The log can't be reached: the command was not appended."""


class OutcomeUnknown(TimeoutError):
    """The broker did not acknowledge in time: the command may be on the log, or may still be appended.

    ``appended`` is the number of commands before it in the same call that are certainly there.
    """

    def __init__(self, appended: int) -> None:
        super().__init__()
        self.appended = appended


class CommandLog:
    """The writer of task-commands. ``run`` keeps it connected; ``append`` may be called at any time.

    The broker has ``timeout`` seconds to acknowledge one ``append``, including the wait for those before it; aiokafka
    itself would wait forever for an unreachable broker.
    """

    def __init__(self, kafka: str, registry: Registry, timeout: float, pause: float) -> None:
        self._kafka, self._registry, self.timeout, self._pause = kafka, registry, timeout, pause
        self._codec = Codec(registry)
        self._producer: AIOKafkaProducer | None = None
        self._broken = asyncio.Event()
        self._appending = asyncio.Lock()
        self._adding = defaultdict[int, asyncio.Lock](
            asyncio.Lock
        )  # by partition: appends in the order of the timestamps
        self._latest = defaultdict[int, Latest](Latest)  # by partition
        self.trouble = "starting"

    async def run(self) -> None:
        """Stay connected until cancelled; replace a producer that failed."""
        while True:
            try:
                async with self._connection() as self._producer:
                    self.trouble = ""
                    await self._broken.wait()
            except Exception as error:  # noqa: BLE001 - whatever it is, the next attempt may succeed
                self.trouble = causes.described(error)
                _log.warning("the log can't be reached", reason=self.trouble)
            finally:
                self._producer = None
            await asyncio.sleep(self._pause)

    async def append(self, commands: Sequence[Command]) -> None:
        """Append commands of one user in their order, and wait until they are acknowledged.

        A single command shares its batch with others'. Several are appended in as few batches as they fit into, each
        as a whole or not at all, and in sequence: aiokafka begins a batch only while nothing else waits for the
        partition, so calls wait for each other. Raises ``Unavailable`` where none was appended, or ``OutcomeUnknown``.
        """
        producer, user = self._producer, commands[0].user
        if producer is None:
            raise Unavailable(self.trouble)
        progress = _Progress()
        try:
            async with asyncio.timeout(self.timeout):
                target = partition_of(user, len(await producer.partitions_for(TOPIC)))
                envelopes = await self._sealed(commands)
                if len(envelopes) == 1:
                    await self._send(producer, envelopes[0], target, progress)
                    return
                async with self._appending:
                    left = batches(producer.create_batch, envelopes, partial(self._latest[target].stamp, TOPIC))
                    while await self._send_next(producer, left, target, progress):
                        pass
        except (TimeoutError, KafkaError) as error:
            if isinstance(error, KafkaError):
                self._broken.set()  # an idempotent producer that saw an error it could not retry won't send again
            if progress.begun:
                raise OutcomeUnknown(progress.appended) from error
            raise Unavailable(causes.described(error)) from error

    async def _sealed(self, commands: Sequence[Command]) -> list[Envelope]:
        """Seal commands; several in a thread, since a bulk's chunks take some milliseconds each."""
        if len(commands) == 1:
            return [self._seal(commands[0])]
        return await asyncio.to_thread(lambda: [*map(self._seal, commands)])

    def _seal(self, command: Command) -> Envelope:
        return seal(command, self._codec.encode(TOPIC, command), Source.API)

    async def _send(self, producer: AIOKafkaProducer, one: Envelope, target: int, progress: "_Progress") -> None:
        async with self._adding[target]:
            at, progress.begun = self._latest[target].stamp(TOPIC, one.at), True
            delivery = await producer.send(TOPIC, one.value, one.key, target, at, one.headers)
        await delivery

    async def _send_next(
        self, producer: AIOKafkaProducer, left: Iterator[BatchBuilder], target: int, progress: "_Progress"
    ) -> bool:
        """Stamp and append the next batch; return whether there was one."""
        async with self._adding[target]:
            if (batch := next(left, None)) is None:
                return False
            was, progress.begun = progress.begun, True
            try:
                delivery = await producer.send_batch(batch, TOPIC, partition=target)
            except KafkaTimeoutError as error:  # it was never begun: other commands kept the partition busy
                reason = "too many commands at once"
                raise (OutcomeUnknown(progress.appended) if was else Unavailable(reason)) from error
        await delivery
        progress.appended += batch.record_count()
        return True

    async def reachable(self) -> bool:
        """Return whether the broker answers now."""
        producer = self._producer
        return producer is not None and bool(await producer.client.force_metadata_update())

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AIOKafkaProducer]:
        self._broken.clear()
        await self._codec.publish([TASK_COMMANDS])
        producer = clients.producer(
            self._kafka,
            client_id="rondo-api",
            enable_idempotence=True,
            acks="all",
            request_timeout_ms=int(self.timeout * 1000),
            max_batch_size=TASK_COMMANDS.max_bytes - _MARGIN,
        )
        try:
            async with asyncio.timeout(self.timeout):
                await producer.start()
                async with LogReader.of(self._kafka, "read_uncommitted") as reader:
                    for number in await producer.partitions_for(TOPIC):
                        self._latest[number] = await reader.latest([TOPIC], number)
            yield producer
        finally:
            await stop(producer, self.timeout)


@dataclass
class _Progress:
    """The progress of an append: whether the producer has any of it, and the number of acknowledged records."""

    begun: bool = False
    appended: int = 0
