"""The CPU of firing timers without a broker: a worker's blocks of timers, from the state and back into it."""

import time
from collections import deque
from functools import partial

from aiokafka.producer.message_accumulator import BatchBuilder

from bench.pending import CORE
from schemas.envelope import Envelope, batches
from streams import reminders
from streams.runtime import Block, Context
from streams.runtime.kafka_store import BATCH_BYTES
from streams.runtime.rocksdb import StateStore


async def fire(state: StateStore, context: Context, partition: int, now: int, most: int) -> tuple[int, float]:
    """Fire at most ``most`` timers that are due at ``now``; return their number and CPU seconds of the process."""
    began, fired = time.process_time(), 0
    while fired < most and (taken := _fired(Block(CORE, context, partition, [], state=state, now=now))):
        fired += taken
    return fired, time.process_time() - began


def _fired(block: Block) -> int:
    """Fold and commit a block of timers as a worker does, but for the broker; return their number."""
    stage = reminders.stage
    with block:
        block.begin(stage)
        assert stage.timers
        due = list(stage.timers.due(block.now, block.context.settings.block_records))
        block.taken += len(due)
        for timer in due:
            block.fire(stage, timer)
        block.end()
    block.folded.result()
    changed = [Envelope(key, value, block.now) for key, value in block.changes.items()]
    for outputs in (*block.outputs.values(), changed):
        deque(batches(partial(BatchBuilder, BATCH_BYTES, 0), outputs), maxlen=0)
    block.kept.write(block.changes, block.kept.changelog, block.now)
    return len(due)
