"""``python -m bench.folds``: each topology's cost per command without broker and Postgres, and the share of Avro.

The pipeline's commands pass the stages one after another, in this process, in blocks of 500 on one partition: each
stage decodes, reads RocksDB, folds, encodes, builds its batches as for the broker, and writes RocksDB. Once with
Rondo's codec, once with MessagePack by msgspec, which is all C: the difference is what Avro costs.
"""

import asyncio
import tempfile
import time
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, cast

import click
import msgspec
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.structs import ConsumerRecord
from msgspec import Struct
from rich.console import Console

from bench.pipeline import record
from bench.report import ratio
from bench.workload import Plan, seeded
from common import logs
from schemas import records as r
from schemas.codec import Codec, Serde
from schemas.envelope import Envelope, batches
from schemas.registry.client import Registry
from schemas.topics import TASK_COMMANDS, Topic
from streams.replay.fold import fold
from streams.runtime import Block, Context, Topology
from streams.runtime.kafka_store import BATCH_BYTES
from streams.runtime.rocksdb import StateStore
from streams.runtime.settings import Settings
from streams.topologies import parsed

_BLOCK = 500
_NOW = 1_795_438_800_000

Raws = list[ConsumerRecord]


class Numbers:
    """A registry that only numbers schemas."""

    def __init__(self) -> None:
        self._last = 0

    async def register(self, _subject: str, _schema: object) -> int:
        """Return the next number."""
        self._last += 1
        return self._last


class MessagePack:
    """The cheapest serde: maps of fields, in C."""

    def __init__(self) -> None:
        self._prefixes: dict[type[Struct], bytes] = {}
        self._kinds: dict[bytes, type[Struct]] = {}
        self._readers: dict[bytes, Any] = {}
        self._encode = msgspec.msgpack.Encoder().encode

    async def publish(self, topics: Iterable[Topic]) -> None:
        """Assign a number to each record type."""
        for kind in (kind for topic in topics for kind in topic.records):
            prefix = self._prefixes.setdefault(kind, len(self._prefixes).to_bytes(5))
            self._kinds[prefix] = kind
            self._readers[prefix] = msgspec.msgpack.Decoder(kind).decode

    async def learn(self, values: Iterable[bytes | None], *, refresh: bool = False) -> None:
        """Do nothing: every type is known."""

    def encode(self, topic: str, record: Struct) -> bytes:  # noqa: ARG002 - one format for all topics
        """Return a record as its type's number and a map of its fields."""
        return self._prefixes[type(record)] + self._encode(record)

    def decode(self, data: bytes | None) -> Struct:
        """Return the record of a message."""
        assert data
        return cast("Struct", self._readers[data[:5]](memoryview(data)[5:]))

    def kind(self, data: bytes | None) -> type[Struct] | None:
        """Return the type of a message's record."""
        return self._kinds.get(data[:5]) if data else None


async def measure(serde: Serde, commands: Sequence[Struct]) -> dict[str, float]:
    """Return each topology's CPU microseconds per command."""
    for topology in parsed(""):
        await serde.publish(topology.topics)
    log: defaultdict[str, Raws] = defaultdict(list)
    log[TASK_COMMANDS.name] = _raws(TASK_COMMANDS.name, [_output(serde, command) for command in commands])
    return {one.name: _passed(one, serde, log) / len(commands) * 1e6 for one in parsed("")}


def _passed(topology: Topology, serde: Serde, log: defaultdict[str, Raws]) -> float:
    """Fold a topology's inputs and append its outputs to the log; return CPU seconds."""
    with tempfile.TemporaryDirectory(prefix="rondo-bench-") as directory:
        settings = Settings(kafka="", registry="http://unasked", data=Path(directory), partitions=1)
        context = Context(settings, serde)
        state = StateStore(Path(directory) / "state", topology.timers) if topology.keeps_state else None
        outputs: defaultdict[str, list[Envelope]] = defaultdict(list)
        began = time.process_time()
        for topic in topology.reads:
            for block in _blocks(topology, context, state, log[topic.name]):
                _committed(block, state)
                for name, produced in block.outputs.items():
                    outputs[name] += produced
        spent = time.process_time() - began
        if state:
            state.close()
    for name, produced in outputs.items():
        log[name] += _raws(name, produced)
    return spent


def _blocks(topology: Topology, context: Context, state: StateStore | None, raws: Raws) -> Iterable[Block]:
    while raws:
        block = Block(topology, context, 0, raws[:_BLOCK], state=state, now=_NOW)
        fold(block)
        yield block
        raws = raws[block.taken :]


def _committed(block: Block, state: StateStore | None) -> None:
    """Do a commit's work within the process."""
    changed = [Envelope(key, value, _NOW) for key, value in block.changes.items()]
    for outputs in (*block.outputs.values(), changed):
        deque(batches(partial(BatchBuilder, BATCH_BYTES, 0), outputs), maxlen=0)
    if state:
        state.write(block.changes, 0, _NOW)


def _output(serde: Serde, command: Struct) -> Envelope:
    user, at = cast("r.CreateTask", command).user, cast("r.CreateTask", command).at
    return Envelope(user.encode(), serde.encode(TASK_COMMANDS.name, command), at)


def _raws(topic: str, outputs: Iterable[Envelope]) -> Raws:
    return [
        ConsumerRecord(topic, 0, offset, out.at, 0, out.key, out.value, None, 0, 0, out.headers)
        for offset, out in enumerate(outputs)
    ]


async def _rounds(commands: Sequence[Struct], rounds: int) -> Mapping[str, list[dict[str, float]]]:
    found: dict[str, list[dict[str, float]]] = {"avro": [], "messagepack": []}
    for _ in range(rounds):
        found["avro"].append(await measure(Codec(cast("Registry", Numbers())), commands))
        found["messagepack"].append(await measure(MessagePack(), commands))
    return found


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option("--n", "size", default=10_000, help="Commands per round.")
@click.option("--rounds", default=3, help="Rounds of both codecs in turn.")
def main(size: int, rounds: int) -> None:
    """Measure each stage's cost per command, and the share of Avro."""
    logs.configure("info")
    console, commands = Console(), [record(command) for command in seeded(Plan(1, size, 0)).commands]
    found = asyncio.run(_rounds(commands, rounds))
    for name in (one.name for one in parsed("")):
        avro, packed = (median(one[name] for one in found[way]) for way in ("avro", "messagepack"))
        console.print(f"{name}: {avro:.1f} µs a command, with MessagePack {packed:.1f}", highlight=False)
    sums = {way: [sum(one.values()) for one in ones] for way, ones in found.items()}
    for way, totals in sums.items():
        ratio(console, f"folds-cpu-us:{way}", median(totals))
    ratio(console, "folds:messagepack/avro", median(p / a for a, p in zip(*sums.values(), strict=True)))


if __name__ == "__main__":
    main()
