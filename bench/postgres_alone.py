"""Baseline of Postgres alone: the rows of the events, from memory, in blocks like the runtime's.

Four connections, one per partition, which begin on a notification.
"""

import asyncio
import signal
import sys

import asyncpg

from bench import table
from bench.run import Run, arguments
from bench.task_commands import Row, Task, apply, row
from bench.workload import Workload, seeded, warming
from schemas.names import partition_of

_BLOCK = 1000  # rows, as by default in the runtime

Blocks = list[list[Row]]


def blocks(work: Workload, partitions: int) -> list[Blocks]:
    """Return the rows that commands produce, in order, by partition and block."""
    tasks: dict[str, Task] = {}
    rows: list[list[Row]] = [[] for _ in range(partitions)]
    for command in work.commands:
        tasks[command.task] = task = apply(tasks.get(command.task), command)
        rows[partition_of(command.user, partitions)].append(row(task))
    return [[each[at : at + _BLOCK] for at in range(0, len(each), _BLOCK)] for each in rows]


async def write(connection: asyncpg.Connection, given_blocks: Blocks) -> None:
    """Write blocks, each in a transaction."""
    for block in given_blocks:
        await table.put(connection, [("tasks", each) for each in block])


async def main(run: Run) -> None:
    """Build all rows, write those of the warm-up, and the others on a notification."""
    warm, work = (blocks(each, run.partitions) for each in (warming(run.plan), seeded(run.plan)))
    notified = asyncio.Event()
    connections = [await asyncpg.connect(run.postgres) for _ in range(run.partitions)]
    for connection in connections:
        await connection.execute("set synchronous_commit = off")
    await connections[0].add_listener(run.id, lambda *_: notified.set())
    await asyncio.gather(*map(write, connections, warm))
    await notified.wait()
    await asyncio.gather(*map(write, connections, work))
    await asyncio.Event().wait()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    asyncio.run(main(arguments(sys.argv)[1]))
