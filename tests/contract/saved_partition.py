"""A partition of ``core`` in a file: the records of its topics, the blocks that they were folded in, and its state.

``tests/logs/core-<version>.json`` has what Rondo of a decision version wrote; its bytes are as a broker and RocksDB
have them, with the schemas that they were written under. Files are only ever added.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import msgspec
from aiokafka.structs import ConsumerRecord
from msgspec import Struct

from domain.decision import VERSION
from schemas.codec import Codec
from schemas.contract import Schema
from schemas.envelope import Envelope, Source, seal
from schemas.registry.client import Registry
from schemas.topics import TASK_COMMANDS
from streams.replay.dead_letters import DeadLetters
from streams.replay.fold import ReplayedBlock, fold
from streams.replay.recorded_blocks import RecordedBlock
from streams.runtime import Block, Context
from streams.runtime.rocksdb import StateStore
from streams.runtime.settings import Settings
from streams.topologies import parsed
from tests.contract.golden import bare

LOGS = Path(__file__).parents[1] / "logs"
[CORE] = (one for one in parsed("") if one.name == "core")


class Message(Struct, frozen=True):
    """A record as a topic has it; ``value`` is hexadecimal, ``headers`` are text."""

    key: str
    at: int
    headers: dict[str, str]
    value: str


class Cut(Struct, frozen=True):
    """A block: the records of a topic from ``first`` to ``last``, folded at ``now`` (ms since 1970)."""

    topic: str
    first: int
    last: int
    now: int


class Saved(Struct, frozen=True):
    """What is in a file. ``schemas`` are numbered from 1; keys and values of ``state`` are hexadecimal."""

    version: str
    schemas: list[Any]
    topics: dict[str, list[Message]]
    blocks: list[Cut]
    state: dict[str, str]


class Schemas:
    """A registry in memory, which has some schemas from the beginning."""

    def __init__(self, known: Iterable[Schema] = ()) -> None:
        self.known = [*known]

    async def register(self, _subject: str, schema: Schema) -> int:
        """Return the number of a schema, which is kept without its docs."""
        if (kept := bare(schema)) not in self.known:
            self.known.append(kept)
        return self.known.index(kept) + 1

    async def schema(self, number: int) -> Schema:
        """Return the schema that has a number."""
        return self.known[number - 1]


class Partition:
    """A partition that today's ``core`` folds, from its beginning, or going on from a saved one."""

    def __init__(self, at: Path, saved: Saved | None = None) -> None:
        self.schemas = Schemas(saved.schemas if saved else ())
        self.codec = Codec(cast("Registry", self.schemas))
        self.context = Context(Settings(kafka="", registry="", data=at, partitions=1), self.codec)
        self.state = StateStore(at / "state", CORE.timers)
        self.topics = _topics(saved) if saved else {}
        self.blocks = [*saved.blocks] if saved else []
        self._saved = saved

    async def open(self) -> None:
        """Register today's schemas, take over the saved state, and build the indexes that it lacks."""
        await self.codec.publish(CORE.topics)
        if self._saved:
            held = {bytes.fromhex(key): bytes.fromhex(value) for key, value in self._saved.state.items()}
            await self.codec.learn([*held.values(), *(each.value for each in self._all())])
            self.state.write(cast("dict[bytes, bytes | None]", held), 0, 0)
        for backfill in CORE.backfills:
            while block := await backfill.next(self.context, lambda: self._block([], 0)):
                self.state.write(block.changes, 0, 0)

    def does(self, *commands: Any) -> None:
        """Append commands, and fold each in a block of its own, at its time."""
        for command in commands:
            out = seal(command, self.codec.encode(TASK_COMMANDS.name, command), Source.API)
            self._append(TASK_COMMANDS.name, [out])
            raw = self.topics[TASK_COMMANDS.name][-1]
            fold(block := self._block([raw], command.at))
            self.blocks.append(Cut(raw.topic, raw.offset, raw.offset, command.at))
            self._committed(block)

    def waits(self, until: int) -> None:
        """Fire all timers that are due at an instant, and those that these set."""
        while sum(self._fires(stage, until) for stage in CORE.timed):
            pass

    def wakes(self, now: int) -> None:
        """Let the stages notice what has changed outside the log, as when a task is opened."""
        for stage in CORE.opened:
            with (block := self._block([], now)):
                block.open(stage)
            self._noted(block)

    def written(self, topic: str) -> list[Any]:
        """Return the records of a topic."""
        return [self.codec.decode(raw.value) for raw in self.topics.get(topic, ())]

    def replay(self, saved: Saved) -> None:
        """Fold the blocks of a saved log again, by the decision version of that log."""
        topics = _topics(saved)
        for cut in saved.blocks:
            raws = topics[cut.topic][cut.first : cut.last + 1]
            recorded = RecordedBlock(raws, cut.now, version=saved.version)
            fold(block := ReplayedBlock(CORE, self.context, 0, self.state, recorded, DeadLetters(since=0)))
            self.topics.setdefault(cut.topic, []).extend(raws)
            self._committed(block)

    def closed(self) -> Saved:
        """Close it, and return all that is to be written to a file."""
        topics = {topic: [*map(_message, raws)] for topic, raws in self.topics.items()}
        state = {key.hex(): value.hex() for key, value in self.state.items()}
        self.state.close()
        return Saved(VERSION, self.schemas.known, topics, self.blocks, state)

    def kept(self) -> dict[bytes, Any]:
        """Return the decoded state, but for how far timers were taken, which is on no record."""
        return {key: self.codec.decode(value) for key, value in self.state.items() if not key.startswith(b"cursor\x00")}

    def _fires(self, stage: Any, now: int) -> bool:
        with (block := self._block([], now)):
            block.begin(stage)
            for timer in (due := list(stage.timers.due(now, 100))):
                block.fire(stage, timer)
            block.end()
        self._noted(block)
        return bool(due)

    def _noted(self, block: Block) -> None:
        """Commit a block of timers, and note which notices they emitted."""
        first = len(self.topics.get(block.notices or "", ()))
        self._committed(block)
        if block.notices:
            self.blocks.append(Cut(block.notices, first, len(self.topics[block.notices]) - 1, block.now))

    def _block(self, raws: list[ConsumerRecord], now: int) -> Block:
        return Block(CORE, self.context, 0, raws, state=self.state, now=now)

    def _committed(self, block: Block) -> None:
        block.folded.result()
        assert len(block.dead) == 0
        for topic, outputs in block.outputs.items():
            self._append(topic, outputs)
        self.state.write(block.changes, 0, 0)

    def _append(self, topic: str, outputs: Iterable[Envelope]) -> None:
        them = self.topics.setdefault(topic, [])
        them += _raws(topic, len(them), outputs)

    def _all(self) -> Iterable[ConsumerRecord]:
        return (raw for raws in self.topics.values() for raw in raws)


def read(version: str) -> Saved:
    """Return the partition that a decision version wrote."""
    return msgspec.json.decode((LOGS / f"core-{version}.json").read_bytes(), type=Saved)


def write(saved: Saved) -> None:
    """Write the file of a decision version, unless there is one."""
    path = LOGS / f"core-{saved.version}.json"
    if not path.exists():
        path.write_bytes(msgspec.json.format(msgspec.json.encode(saved), indent=0))


def _topics(saved: Saved) -> dict[str, list[ConsumerRecord]]:
    return {topic: [*_raws(topic, 0, map(_envelope, them))] for topic, them in saved.topics.items()}


def _raws(topic: str, first: int, outputs: Iterable[Envelope]) -> Iterable[ConsumerRecord]:
    return (
        ConsumerRecord(topic, 0, offset, out.at, 0, out.key, out.value, None, 0, 0, tuple(out.headers))
        for offset, out in enumerate(outputs, first)
    )


def _envelope(of: Message) -> Envelope:
    headers = [(name, value.encode()) for name, value in of.headers.items()]
    return Envelope(of.key.encode(), bytes.fromhex(of.value), of.at, headers)


def _message(raw: ConsumerRecord) -> Message:
    headers = {name: value.decode() for name, value in raw.headers}
    return Message(raw.key.decode(), raw.timestamp, headers, raw.value.hex())
