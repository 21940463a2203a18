"""Positions and rows in Postgres: a block's commit is one Postgres transaction, which first moves the position."""

import asyncpg
from aiokafka import AIOKafkaProducer

from common import causes
from postgres import connections, writer
from schemas.kafka import clients
from schemas.kafka.latest import Latest
from schemas.kafka.stopping import stop
from schemas.topics import DEAD_LETTERS
from streams.runtime import failpoints
from streams.runtime.block import Block
from streams.runtime.context import Context
from streams.runtime.failpoints import Point
from streams.runtime.restoring import Progress
from streams.runtime.rocksdb import StateStore
from streams.runtime.store import LostPosition, Refused
from streams.runtime.topology import Topology
from streams.transactions import settlement

UNFIT = (
    asyncpg.InvalidTextRepresentationError,  # such as an id that is no UUID
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,  # NUL in a text; a database in UTF-8 can hold everything else
    asyncpg.StringDataRightTruncationError,
    asyncpg.NumericValueOutOfRangeError,
    asyncpg.InvalidDatetimeFormatError,
    asyncpg.DatetimeFieldOverflowError,
    asyncpg.NotNullViolationError,
    asyncpg.CheckViolationError,
    asyncpg.ProgramLimitExceededError,  # such as a text that is too long for its index
    UnicodeEncodeError,
    OverflowError,
)
"""Errors caused by the rows, on any server: each is listed, since their SQLSTATE classes contain others with outside
causes, such as a missing role (22023) or a damaged index (23505)."""

_ENCODING = "UTF8"


class WrongEncoding(RuntimeError):
    """The database can't hold every text."""


class PostgresStore:
    """The positions of one task of a stage that writes views and produces only dead letters.

    ``put`` writes a block's rows, within the transaction that moves the position.
    """

    state: StateStore | None = None
    progress: Progress | None = None

    def __init__(
        self, topology: Topology, context: Context, partition: int, put: writer.Put = writer.put_views
    ) -> None:
        self._topology = topology
        self._codec = context.codec
        self._settings = context.settings
        self._partition = partition
        self._put = put
        self._connection: asyncpg.Connection | None = None
        self._dead_letters: AIOKafkaProducer | None = None
        self._positions: dict[str, int] = {}
        self.latest = Latest()

    async def open(self) -> dict[str, int]:
        """Connect, and return the positions from Postgres. The guard in each write fences other owners.

        Unfinished transactions in the inputs are settled first: records behind them could not be read.
        """
        await settlement.settle(self._settings.kafka, self._topology.partitions(self._partition))
        self._connection = await connections.connect(self._settings.postgres, timeout=self._settings.block_timeout)
        if (encoding := self._connection.get_settings().server_encoding) != _ENCODING:
            raise WrongEncoding(f"The database's encoding is {encoding}; Rondo needs {_ENCODING}. Take another.")
        topics = [topic.name for topic in self._topology.reads]
        self._positions = await writer.positions(self._connection, self._partition, topics)
        return self._positions

    async def commit(self, block: Block, positions: dict[str, int]) -> dict[str, int]:
        """Write the block's rows and move its topics' positions, or change nothing and raise ``LostPosition``."""
        if not block.raws:
            return positions
        await self._send_dead_letters(block)
        moves = {topic: (self._positions[topic], block.behind[topic]) for topic in block.behind}
        try:
            async with writer.moving(self._connection, self._partition, moves):
                await self._put_fit(block)
                for topic, offset in block.rewinds.items():
                    await writer.rewind(self._connection, topic, self._partition, offset)
                await failpoints.reach(self._topology.name, Point.STATED)
        except writer.Moved:
            raise LostPosition(f"Another worker writes the views of partition {self._partition}.") from None
        await failpoints.reach(self._topology.name, Point.ROWS_COMMITTED)
        self._positions = positions
        return positions

    async def _put_fit(self, block: Block) -> None:
        try:
            await self._put(self._connection, block.rows)
        except asyncpg.StatementTooComplexError:  # the server's stack is small: UNFIT only by its class
            raise
        except UNFIT as error:
            raise Refused(f"Postgres can't hold it ({causes.described(error)})") from error

    async def _send_dead_letters(self, block: Block) -> None:
        """Produce dead letters before the rows: a crash in between repeats them under the same key, but loses none."""
        if not block.dead:
            return
        if self._dead_letters is None:
            self._dead_letters = clients.producer(
                self._settings.kafka, enable_idempotence=True, max_request_size=DEAD_LETTERS.max_bytes
            )
            await self._dead_letters.start()
        for dead in block.dead.envelopes(self._codec, _offset_of):
            await self._dead_letters.send_and_wait(DEAD_LETTERS.name, dead.value, dead.key, timestamp_ms=dead.at)

    async def close(self) -> None:
        """Close the connection and the producer."""
        connection, self._connection = self._connection, None
        producer, self._dead_letters = self._dead_letters, None
        if connection:
            connection.terminate()
        await stop(producer)


def _offset_of(topic: str, index: int) -> int:
    raise NotImplementedError(f"Nothing is handed on with views: {topic}, {index}.")
