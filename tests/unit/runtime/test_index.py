"""An index is a set of names under each key, in order, with what the block has changed so far."""

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from bench.folds import Numbers
from schemas import records as r
from schemas.codec import Codec
from schemas.registry.client import Registry
from schemas.topics import Topic
from streams.runtime import Block, Context, Stage, Topology
from streams.runtime.rocksdb import StateStore
from streams.runtime.settings import Settings

IN = Topic("in", "test", (r.CompleteTask,))
KEYS = st.sampled_from(["ann/a", "ann/ab", "ann/b", "bob/a"])
CHANGES = st.lists(st.tuples(st.booleans(), KEYS, st.sampled_from("abcde")), max_size=12)
BLOCKS = st.lists(st.lists(st.tuples(st.booleans(), CHANGES), max_size=4), max_size=4)


@given(BLOCKS, st.integers(1, 6))
def test_an_index_has_what_was_added_and_neither_removed_nor_taken_back(blocks: Any, limit: int):
    """A block is folds, of which some are taken back."""
    with TemporaryDirectory() as at:
        asyncio.run(lives(Path(at), blocks, limit))


async def lives(at: Path, blocks: Any, limit: int) -> None:
    stage = Stage("indexing", reads=(IN,))
    index = stage.index("names")
    stage.on(IN)(lambda *_: None)
    topology, codec = Topology.of(stage), Codec(cast("Registry", Numbers()))
    await codec.publish(topology.topics)
    context, state = Context(Settings(kafka="", registry="", data=at), codec), StateStore(at)
    expected = set[tuple[str, str]]()
    for folds in blocks:
        with (block := Block(topology, context, 0, [], state=state, now=0)):
            for keeps, changes in folds:
                block.begin(stage)
                before = set(expected)
                for adds, key, name in changes:
                    (index.add if adds else index.remove)(key, name)
                    (expected.add if adds else expected.discard)((key, name))
                    assert index.names(key, limit) == names(expected, key)[:limit]
                block.keep() if keeps else block.take_back()
                expected = expected if keeps else before
                for key in ("ann/a", "ann/ab", "bob/a"):
                    assert index.names(key, limit) == names(expected, key)[:limit]
                    assert index.names(key, limit, after="b") == [n for n in names(expected, key) if n > "b"][:limit]
        state.write(block.changes, 0, 0)
    state.close()


def names(expected: set[tuple[str, str]], key: str) -> list[str]:
    return sorted(name for of, name in expected if of == key)
