"""The index of subtasks that an upgrade builds is, byte for byte, what the events of the tasks lead to."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from aiokafka.structs import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from bench.folds import Numbers
from schemas.codec import Codec
from schemas.registry.client import Registry
from schemas.topics import TASK_COMMANDS
from streams import tasks
from streams.replay.fold import fold
from streams.runtime import Block, Context, Topology
from streams.runtime.rocksdb import StateStore
from streams.runtime.settings import Settings
from tests.unit.domain.given import create, delete, restore, update

NAMES = st.sampled_from("abcdef")
TREES = st.lists(
    st.one_of(
        st.builds(lambda task, parent: create(task, parent=parent), NAMES, NAMES | st.none()),
        st.builds(lambda task, parent: update(task, parent=parent), NAMES, NAMES | st.none()),
        st.builds(delete, NAMES),
        st.builds(restore, NAMES),
    ),
    max_size=20,
)


@given(TREES, st.integers(1, 4))
def test_an_index_that_is_built_later_is_the_one_that_was_kept(commands: Sequence[object], most: int):
    with TemporaryDirectory() as at:
        asyncio.run(rebuilt(Path(at), [create("a"), create("b", parent="a"), *commands], most))


async def rebuilt(at: Path, commands: Sequence[object], most: int) -> None:
    topology, codec = Topology.of(tasks.stage), Codec(cast("Registry", Numbers()))
    await codec.publish(topology.topics)
    settings = Settings(kafka="", registry="", data=at, partitions=1, block_records=most)
    context, state = Context(settings, codec), StateStore(at, topology.timers)
    fold(block := Block(topology, context, 0, raws(codec, commands), state=state, now=0))
    state.write(block.changes, 0, 0)
    [backfill] = topology.backfills
    kept = dict(state.under(backfill.index.prefix))
    state.write(dict.fromkeys(kept), 0, 0)

    while built := await backfill.next(context, lambda: Block(topology, context, 0, [], state=state, now=0)):
        assert len(built.changes) <= most + 1
        state.write(built.changes, 0, 0)
    assert dict(state.under(backfill.index.prefix)) == kept
    state.close()


def raws(codec: Codec, commands: Sequence[object]) -> list[ConsumerRecord]:
    values = [(one.user.encode(), codec.encode(TASK_COMMANDS.name, one)) for one in commands]  # type: ignore[attr-defined, arg-type]
    return [
        ConsumerRecord(TASK_COMMANDS.name, 0, offset, 0, 0, key, value, None, len(key), len(value), ())
        for offset, (key, value) in enumerate(values)
    ]
