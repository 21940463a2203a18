"""Views write in one Postgres transaction what one Kafka transaction made visible: counted on a whole Rondo."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import click
import pytest

from schemas import records as r
from schemas.codec import Codec
from schemas.kafka.log_reader import committed
from schemas.registry.client import Registry
from schemas.topics import TASK_COMMANDS, blocks
from tests.acceptance.days import WAIT
from tests.acceptance.stack import PATIENCE, Stack, User
from tests.integration.pipeline.wire import partition_of
from tests.integration.runtime.counting import until

pytestmark = pytest.mark.deep
LONE, MANY = 100, 600
USUALLY = 0.9
"""The least part of Kafka transactions whose rows are one Postgres transaction. The others' topics came in two fetches:
the broker writes the markers of a transaction one partition after the other."""
CORE = blocks("core").name

ROWS = """
select c.id::text as command, array[c.xmin, t.xmin, a.xmin]::text[] as written
from rondo.commands c join rondo.tasks t on t.id = c.task_id join rondo.audit a on a.command = c.id
where c.user_id = $1::uuid
"""


@dataclass(frozen=True)
class Counted:
    """The Kafka transactions of core that decided a user's commands, and the Postgres ones that wrote their rows."""

    kafka: int
    postgres: int
    whole: int
    """Number of the former whose rows are of one of the latter."""


async def test_rows_of_a_lone_command_are_one_transaction(stack: Stack, user: User) -> None:
    for number in range(LONE):
        await asyncio.to_thread(user.rondo.create, f"Number {number}", wait=WAIT)
    counted = await count(stack, user, LONE)
    click.echo(f"One by one, {LONE} commands: {counted}")
    assert counted.kafka == LONE
    assert counted.whole >= USUALLY * counted.kafka


async def test_rows_of_a_block_are_one_transaction(stack: Stack, user: User) -> None:
    def hurry(begin: int) -> None:
        for number in range(begin, MANY, 4):
            user.rondo.create(f"Number {number}")

    await asyncio.gather(*(asyncio.to_thread(hurry, begin) for begin in range(4)))
    counted = await count(stack, user, MANY)
    click.echo(f"At once, {MANY} commands: {counted}")
    assert counted.whole >= USUALLY * counted.kafka
    assert counted.postgres <= counted.kafka / USUALLY


async def count(stack: Stack, user: User, commands: int) -> Counted:
    """Count transactions once the rows of all commands are there."""
    written = await until(lambda: rows(stack, user), lambda found: len(found) == commands, PATIENCE)
    decided = [ids async for ids in transactions(stack, user)]
    of_block = [{xid for one in ids for xid in written[one]} for ids in decided]
    return Counted(len(decided), len({*()}.union(*of_block)), sum(len(xids) == 1 for xids in of_block))


async def rows(stack: Stack, user: User) -> dict[str, list[str]]:
    """Return the Postgres transactions that wrote the rows of each command: its outcome, its task and its entry."""
    connection = await asyncpg.connect(stack.run["postgres"])
    try:
        async with connection.transaction():
            await connection.execute("set local role rondo_views")
            return {row["command"]: row["written"] for row in await connection.fetch(ROWS, user.id)}
    finally:
        await connection.close()


async def transactions(stack: Stack, user: User) -> AsyncIterator[list[str]]:
    """Yield the ids of a user's commands that core decided in each transaction, as it recorded its blocks."""
    registry, partition = Registry(stack.run["registry"]), partition_of(user.id)
    codec, commands = Codec(registry), {}
    async for raw in committed(stack.run["kafka"], TASK_COMMANDS.name):
        if raw.partition == partition and raw.key == user.id.encode():
            await codec.learn([raw.value])
            commands[raw.offset] = codec.decode(raw.value).id
    async for raw in committed(stack.run["kafka"], CORE):
        await codec.learn([raw.value])
        block = codec.decode(raw.value)
        if raw.partition == partition and isinstance(block, r.Block) and block.topic == TASK_COMMANDS.name:
            own = [commands[at] for at in range(block.first, block.last + 1) if at in commands]
            if own:
                yield own
    await registry.aclose()
