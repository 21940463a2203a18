"""Plain Faust, with the settings that its guide calls safe: one event, one table write, one send; the sink in batches.

It is at-least-once: after a kill between table, output and offset, it repeats work that the runtime does not.
"""

import asyncio
import sys

import asyncpg
import faust
import msgspec
from mode import Worker

from bench import table
from bench.run import Run, arguments
from bench.task_commands import Changed, Complete, Create, Task, Update, change, row
from common import logs
from schemas import topics
from schemas.kafka.admin import create
from schemas.topics import Topic

_MIB = 1024 * 1024
_SMALL = {"write_buffer_size": 4 * _MIB, "max_write_buffer_number": 2, "block_cache_size": 8 * _MIB}
"""As in the runtime. Faust's defaults would use 2 GiB per partition."""
_AT_ONCE, _WITHIN = 1000, 0.05  # events per batch, and seconds to wait for more


def app(part: str, run: Run) -> faust.App:
    """Return a Faust app that creates no topics, so that its changelog is like the runtime's."""
    return faust.App(
        f"{part}-{run.id}",
        broker=f"aiokafka://{run.kafka}",
        store="rocksdb://",
        datadir=run.path / part,
        processing_guarantee="at_least_once",
        topic_partitions=run.partitions,
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        producer_acks=-1,
        web_enabled=False,
        autodiscover=False,
    )


def tasks(run: Run) -> faust.App:
    """Return the app that turns commands into events."""
    it = app("tasks", run)
    commands = it.topic(run.commands, value_type=bytes, value_serializer="raw", key_type=bytes)
    events = it.topic(run.events, value_type=bytes, value_serializer="raw", key_type=bytes)
    held = it.Table("tasks", key_type=bytes, value_type=bytes, partitions=run.partitions, options=_SMALL)
    read = msgspec.json.Decoder(Create | Update | Complete).decode
    read_task = msgspec.json.Decoder(Task).decode
    write = msgspec.json.Encoder().encode

    @it.agent(commands)
    async def decide(values: faust.StreamT[bytes]) -> None:
        async for key, value in values.items():
            command = read(value)
            id_ = command.task.encode()
            before = held.get(id_)
            event = change(read_task(before) if before else None, command)
            held[id_] = write(event.task)
            await events.send(key=key, value=write(event), timestamp=command.at / 1000)

    return it


def sink(run: Run) -> faust.App:
    """Return the app that writes events to Postgres."""
    it = app("sink", run)
    events = it.topic(run.events, value_type=bytes, value_serializer="raw", key_type=bytes)
    read = msgspec.json.Decoder(Changed).decode

    @it.agent(events)
    async def fold(values: faust.StreamT[bytes]) -> None:
        connection = await asyncpg.connect(run.postgres)
        await connection.execute("set synchronous_commit = off")
        async for batch in values.take(_AT_ONCE, within=_WITHIN):
            await table.put(connection, [("tasks", row(read(value).task)) for value in batch])

    return it


async def _prepare(run: Run) -> None:
    made = topics.changelog("", ())
    name = f"tasks-{run.id}-tasks-changelog"
    await create(run.kafka, run.partitions, [Topic(name, "bench", (), compacted=made.compacted)])


if __name__ == "__main__":
    logs.configure("info")
    part, run = arguments(sys.argv)
    asyncio.run(_prepare(run))
    worker = Worker(
        {"tasks": tasks, "sink": sink}[part](run), override_logging=False, redirect_stdouts=False, quiet=True
    )
    worker.execute_from_commandline()
