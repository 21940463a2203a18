"""A stage that writes Postgres: its rows and its position are one, and only the owner moves it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from copy import copy
from functools import cached_property, partial
from uuid import uuid4

import asyncpg
import pytest

from postgres.migrate import migrate
from postgres.writer import Put, Rows
from schemas import records as r
from schemas.codec import Codec
from schemas.kafka import admin
from schemas.kafka.log_reader import committed
from schemas.registry.client import Registry
from schemas.topics import Topic
from streams.runtime import App, Block, Context, Record, Stage, Topology
from streams.runtime.failpoints import Point
from streams.runtime.postgres_store import PostgresStore
from streams.runtime.settings import Settings
from streams.runtime.store import LostPosition
from tests.integration.runtime.counting import Log, command, running, until
from tests.integration.runtime.faults import failing, pausing
from tests.integration.runtime.test_metrics import figures, of


class Journal:
    """A stage that writes a row for each command; a command that is written twice has two."""

    def __init__(self, settings: Settings, connection: asyncpg.Connection) -> None:
        unique = uuid4().hex[:8]
        self.connection = connection
        self.commands = Topic(f"commands-{unique}", "test", (r.CompleteTask,))
        self.stage = Stage(f"journal-{unique}", reads=(self.commands,), store=partial(PostgresStore, put=self.put))
        self.settings = settings
        self.stage.on(self.commands)(self.fold)

    @cached_property
    def topology(self) -> Topology:
        """The topology of the stage alone, as it is declared by then."""
        return Topology.of(self.stage)

    @cached_property
    def app(self) -> App:
        """What runs the stage, as it is declared by then."""
        return App(self.topology, self.settings)

    @property
    def context(self) -> Context:
        """What a store of the stage gets: it decodes nothing."""
        return Context(self.settings, Codec(Registry(self.settings.registry)))

    def fold(self, block: Block, command: r.CompleteTask) -> None:
        block.row("journal", (self.stage.name, command.id))

    async def put(self, connection: asyncpg.Connection, rows: Rows) -> None:
        given = [row for _, row in rows]
        await connection.executemany("insert into public.journal (stage, command) values ($1, $2)", given)

    async def commands_written(self) -> list[str]:
        """Return what was written, in order."""
        query = "select command from public.journal where stage = $1 order by number"
        return [row["command"] for row in await self.connection.fetch(query, self.stage.name)]

    async def wait_for(self, count: int) -> list[str]:
        return await until(self.commands_written, lambda found: len(found) >= count)


@pytest.fixture
async def journal(worker_settings: Settings, new_database: Callable[[], str]) -> AsyncIterator[Journal]:
    dsn = new_database()
    migrate(dsn)
    settings = worker_settings.model_copy(update={"postgres": dsn, "block_records": 10})
    connection = await asyncpg.connect(dsn)
    await connection.execute("create table public.journal (number bigserial, stage text, command text)")
    await connection.execute("grant all on public.journal, public.journal_number_seq to rondo_views")
    journal = Journal(settings, connection)
    await admin.create(settings.kafka, settings.partitions, Topology.of(copy(journal.stage)).topics)
    yield journal
    await connection.close()


def ids(*numbers: int) -> list[str]:
    return [command("ann", n).id for n in numbers]


async def test_an_error_at_any_point_writes_every_row_once_and_in_order(journal: Journal, log: Log):
    points = (Point.STATED, Point.ROWS_COMMITTED, Point.ACKNOWLEDGED)
    async with running(journal.app):
        for turn, point in enumerate(points):
            with failing(journal.stage.name, point) as failed:
                await log.put(journal.commands, [command("ann", 40 * turn + n) for n in range(40)])
                await asyncio.wait_for(failed.wait(), 20)
        written = await journal.wait_for(40 * len(points))
    assert written == ids(*range(40 * len(points)))


async def test_a_block_that_takes_too_long_is_done_again_in_smaller_ones(journal: Journal, log: Log):
    slow = partial(slowly, journal.put)
    journal.stage.store = partial(PostgresStore, put=slow)
    journal.settings = journal.settings.model_copy(update={"block_timeout": 1.0})
    await log.put(journal.commands, [command("ann", n) for n in range(12)])
    async with running(journal.app):
        written = await journal.wait_for(12)
    assert written == ids(*range(12))


async def test_a_block_of_rows_is_bounded_by_their_bytes(journal: Journal, log: Log):
    journal.settings = journal.settings.model_copy(update={"block_bytes": 2000})
    await log.put(journal.commands, [command("ann", n, task="t" * 900) for n in range(10)])
    async with running(journal.app):
        await journal.wait_for(10)
        await until(of(journal.app, "rondo_block_records_sum"), lambda records: records == 10)
        told = figures(journal.app)
    assert told["rondo_block_records_bucket", "3.0"] == told["rondo_block_records_count",]
    assert told["rondo_block_bytes_sum",] > 10 * 900


async def slowly(put: Put, connection: asyncpg.Connection, rows: Rows) -> None:
    """Write rows to a database that takes 0.12 s for each: ten are too many for a second."""
    await connection.execute(f"select pg_sleep({0.12 * len(rows)})")
    await put(connection, rows)


async def test_a_zombies_block_is_refused_whole_and_it_goes_on_from_postgress_position(journal: Journal, log: Log):
    await log.put(journal.commands, [command("ann", n) for n in range(50)])
    with pausing(journal.stage.name, Point.FOLDED) as block:
        async with running(journal.app):
            await block.reached()  # with the first ten records
            await heir(journal, log, until=5)
            block.go()
            written = await journal.wait_for(50)
    assert written == ids(*range(50))


async def test_a_position_that_was_read_before_it_moved_writes_nothing(journal: Journal, log: Log):
    await log.put(journal.commands, [command("ann", n) for n in range(10)])
    zombie = PostgresStore(journal.topology, journal.context, 0, put=journal.put)
    await zombie.open()
    block = await folded(journal, log, 10)
    await heir(journal, log, until=5)
    with pytest.raises(LostPosition):
        await zombie.commit(block, {journal.commands.name: 10})
    await zombie.close()
    assert await journal.commands_written() == ids(*range(5))


async def heir(journal: Journal, log: Log, until: int) -> None:
    """Write the first commands as another owner."""
    store = PostgresStore(journal.topology, journal.context, 0, put=journal.put)
    await store.open()
    await store.commit(await folded(journal, log, until), {journal.commands.name: until})
    await store.close()


async def folded(journal: Journal, log: Log, until: int) -> Block:
    """Return a block of the first commands as the agent leaves it."""
    raws = [raw async for raw in committed(log.kafka, journal.commands.name)][:until]
    block = Block(journal.topology, journal.context, 0, raws, state=None, now=1_000)
    for n, raw in enumerate(raws):
        block.record = Record(raw, command("ann", n))
        block.row("journal", (journal.stage.name, command("ann", n).id))
    return block


async def test_a_block_is_not_waited_for_for_ever(journal: Journal, log: Log):
    journal.settings = journal.settings.model_copy(update={"block_timeout": 1.0})
    await log.put(journal.commands, [command("ann", n) for n in range(10)])
    with pausing(journal.stage.name, Point.STATED) as stated:
        async with running(journal.app):
            await stated.reached()
            written = await journal.wait_for(10)
            stated.go()
    assert written == ids(*range(10))
