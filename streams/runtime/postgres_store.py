"""Positions and rows in Postgres: a block's commit is one Postgres transaction that begins with the position's move."""

import asyncpg
from aiokafka import AIOKafkaProducer

from postgres import writer
from schemas import causes
from schemas.topics import DEAD_LETTERS
from streams.kafka.latest import Latest
from streams.kafka.stopping import stop
from streams.runtime import failpoints
from streams.runtime.block import Block
from streams.runtime.context import Context
from streams.runtime.failpoints import Point
from streams.runtime.restoring import Progress
from streams.runtime.rocksdb import StateStore
from streams.runtime.stage import Stage
from streams.runtime.store import LostPosition, Refused
from streams.transactions import settlement

UNFIT = (
    asyncpg.InvalidTextRepresentationError,  # as an id that is no UUID
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,  # NUL in a text; what else there is, a database in UTF-8 can hold
    asyncpg.StringDataRightTruncationError,
    asyncpg.NumericValueOutOfRangeError,
    asyncpg.InvalidDatetimeFormatError,
    asyncpg.DatetimeFieldOverflowError,
    asyncpg.NotNullViolationError,
    asyncpg.CheckViolationError,
    asyncpg.ProgramLimitExceededError,  # as a text that is too long for its index
    UnicodeEncodeError,
    OverflowError,
)
"""Errors that lie in the rows, whatever the server is like: each named, since the classes of SQLSTATE that they belong
to have others that lie outside, as a role that is missing (22023) or an index that is damaged (23505)."""

_ENCODING = "UTF8"


class WrongEncoding(RuntimeError):
    """The database can't hold every text."""


class PostgresStore:
    """One turn with a partition of a stage that writes views and produces nothing but dead letters.

    ``put`` writes a block's rows, within the transaction that moves the position.
    """

    state: StateStore | None = None
    progress: Progress | None = None

    def __init__(self, stage: Stage, context: Context, partition: int, put: writer.Put = writer.put_views) -> None:
        self._stage = stage
        self._settings = context.settings
        self._partition = partition
        self._put = put
        self._connection: asyncpg.Connection | None = None
        self._dead_letters: AIOKafkaProducer | None = None
        self._positions: dict[str, int] = {}
        self.latest = Latest()

    async def open(self) -> dict[str, int]:
        """Connect and return the positions as Postgres has them; the guard in each write keeps other owners out.

        What others have left half done in the inputs is settled first: nothing behind it could be read.
        """
        await settlement.settle(self._settings.kafka, self._stage.partitions(self._partition))
        self._connection = await asyncpg.connect(self._settings.postgres, timeout=self._settings.block_timeout)
        if (encoding := self._connection.get_settings().server_encoding) != _ENCODING:
            raise WrongEncoding(f"The database's encoding is {encoding}; Rondo needs {_ENCODING}. Take another.")
        topics = [topic.name for topic in self._stage.reads]
        self._positions = await writer.positions(self._connection, self._partition, topics)
        return self._positions

    async def commit(self, block: Block, positions: dict[str, int]) -> None:
        """Write the block's rows and move its topic's position, or raise ``LostPosition`` and change nothing."""
        if block.topic is None:
            return
        await self._set_aside(block)
        read, following = self._positions[block.topic], positions[block.topic]
        try:
            async with writer.moving(self._connection, block.topic, self._partition, read, following):
                await self._put_fit(block)
                for topic, offset in block.rewinds.items():
                    await writer.rewind(self._connection, topic, self._partition, offset)
                await failpoints.reach(self._stage.name, Point.STATED)
        except writer.Moved:
            raise LostPosition(f"Another worker writes the views of {block.topic}/{self._partition}.") from None
        await failpoints.reach(self._stage.name, Point.ROWS_COMMITTED)
        self._positions = positions

    async def _put_fit(self, block: Block) -> None:
        try:
            await self._put(self._connection, block.rows)
        except asyncpg.StatementTooComplexError:  # the server's stack is small: an UNFIT one by its class alone
            raise
        except UNFIT as error:
            raise Refused(f"Postgres can't hold it ({causes.described(error)})") from error

    async def _set_aside(self, block: Block) -> None:
        """Produce the dead letters first: a crash before the rows repeats them under the same key, it loses none."""
        if not block.dead:
            return
        if self._dead_letters is None:
            self._dead_letters = AIOKafkaProducer(
                bootstrap_servers=self._settings.kafka, enable_idempotence=True, max_request_size=DEAD_LETTERS.max_bytes
            )
            await self._dead_letters.start()
        for letter in block.dead_letters():
            await self._dead_letters.send_and_wait(DEAD_LETTERS.name, letter.value, letter.key, timestamp_ms=letter.at)

    async def close(self) -> None:
        """Close the connection and the producer."""
        connection, self._connection = self._connection, None
        producer, self._dead_letters = self._dead_letters, None
        if connection:
            connection.terminate()
        await stop(producer)
