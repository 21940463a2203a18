"""Restore: the time until a stage that lost its disk has its state again."""

import asyncio
import time
from dataclasses import dataclass

import msgspec

from bench import log, runtime
from bench.run import Run
from bench.task_commands import Json
from bench.trial import Started
from streams.runtime import Context, Topology
from streams.runtime.kafka_store import KafkaStore


@dataclass(frozen=True)
class Restored:
    """A restore of all partitions, concurrently in one process."""

    keys: int  # distinct
    records: int  # of the changelog, with its markers
    seconds: float


def measure(it: Started) -> Restored:
    """Stop the runtime, and open its partitions on a new disk."""
    for process in it.processes.values():
        process.stop()
    run = msgspec.structs.replace(it.run, directory=f"{it.run.directory}/lost")
    topology = Topology.of(runtime.stage_of("tasks", run))
    keys, seconds = asyncio.run(_restore(topology, run))
    return Restored(keys, log.length(run.kafka, topology.changelog_name), seconds)


async def _restore(topology: Topology, run: Run) -> tuple[int, float]:
    context = Context(runtime.settings_of(run), Json(), "restored")
    stores = [KafkaStore(topology, context, number) for number in range(run.partitions)]
    try:
        began = time.monotonic()
        await asyncio.gather(*(store.open() for store in stores))
        took = time.monotonic() - began
        return sum(len(store.state.scan(b"", b"\xff", 10**9)) for store in stores if store.state), took
    finally:
        for store in stores:
            await store.close()
