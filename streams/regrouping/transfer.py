"""Ends and fills one partition: freezes the former topologies' states, and copies them to the new ones'.

The new topology's transactional ids are used, so that a second regrouping fences the first.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace as changed

from schemas import records as r
from schemas.kafka.log_reader import LogReader
from streams.regrouping.plan import Offsets, Plan, Reading
from streams.runtime import Block, Context, Topology
from streams.runtime.kafka_store import KafkaStore, held_positions
from streams.runtime.ownership import POSITION, WITHDRAWN, claim, is_claim
from streams.runtime.rocksdb import StateStore
from streams.runtime.tables import stage_of
from streams.runtime.topology import stages_of

_RECORDS, _BYTES = 5_000, 4 * 1024 * 1024  # of one transaction


@dataclass(frozen=True)
class Ended:
    """What has been done in one partition."""

    number: int
    positions: Mapping[str, Offsets]
    """The last positions of the former topologies."""
    begins: Mapping[str, Offsets]
    """The positions that the new topologies begin with."""
    records: Mapping[str, int]
    """The number of entries of each new topology's state."""


class _Store(KafkaStore):
    """A state that is frozen or filled, whosever it is; ``record`` is what is recorded of its positions."""

    record: r.Position

    async def _check_grouping(self) -> None:
        """Accept any state."""

    def _position(self, block: Block, positions: dict[str, int]) -> r.Position:  # noqa: ARG002 - they don't change
        return self.record

    async def write(self, changes: dict[bytes, bytes | None]) -> None:
        """Commit changes with the record, in a transaction."""
        context = self._context
        block = Block(self._topology, context, self._partition, [], state=self.state, now=context.clock())
        block.changes = changes
        await self.commit(block, {})


async def partition(context: Context, plan: Plan, number: int) -> Ended:
    """Freeze the former topologies in a partition, and fill the new ones. Idempotent.

    Raises ``NotRegroupable``, ProducerFenced if a worker or another regrouping opens it at the same time, KafkaError.
    """
    async with AsyncExitStack() as stack:
        formers = {one.name: await stack.enter_async_context(_opened(context, one, number)) for one in plan.former}
        positions = {name: store.record.offsets for name, store in formers.items()}
        async with LogReader.of(context.settings.kafka) as reader:
            found = await Reading(reader, context.codec, number).begins(plan, positions)
        for store in formers.values():
            store.record = changed(store.record, standing=r.Standing.FROZEN, grouping=plan.grouping)
            await store.write({})
        records = {one.name: await _fill(context, plan, one, number, formers) for one in plan.wanted}
    return Ended(number, positions, found, records)


async def withdraw(context: Context, topology: Topology, number: int) -> None:
    """Withdraw a topology's claim to a partition. Idempotent. Raises ProducerFenced, KafkaError."""
    async with _opened(context, topology, number) as store:
        if is_claim(store.record):  # else its worker has gone on meanwhile
            store.record = WITHDRAWN
            await store.write({})


@asynccontextmanager
async def _opened(context: Context, topology: Topology, number: int) -> AsyncIterator[_Store]:
    """Fence a topology's workers, and restore its state into a temporary directory; its record is the current one."""
    with TemporaryDirectory(prefix="rondo-regroup-") as at:
        settings = context.settings.model_copy(update={"data": Path(at)})
        store = _Store(topology, replace(context, settings=settings), number)
        try:
            await store.open()
            assert store.state is not None
            await context.codec.learn([store.state.get(POSITION)])
            store.record = held_positions(store.state, context.codec) or claim(topology)
            yield store
        finally:
            await store.close()


async def _fill(context: Context, plan: Plan, topology: Topology, number: int, formers: Mapping[str, _Store]) -> int:
    """Make a new topology's state what its stages had; return the number of its entries.

    Entries of other stages stay: of a former topology with its name they are still needed, and nobody reads them.
    """
    sources: dict[str, StateStore] = {}
    for stage in topology.stages:
        if (owner := plan.owner(stage)) and (state := formers[owner.name].state):
            sources[stage.name] = state
    async with _opened(context, topology, number) as store:
        if topology.name not in formers:  # else its record is that of the former one, which is frozen
            store.record = r.Position({}, stages_of(topology), r.Standing.FILLING, plan.grouping)
            await store.write({})
        assert store.state is not None
        for changes in _chunks(differing(topology, store.state, sources)):
            await store.write(changes)
        return sum(1 for key, _ in store.state.items() if topology.stage(stage_of(key)))


def differing(
    topology: Topology, state: StateStore, sources: Mapping[str, StateStore]
) -> Iterator[tuple[bytes, bytes | None]]:
    """Yield what has to be written to a state, so that it has its stages' entries and no others of theirs."""
    for source in dict.fromkeys(sources.values()):
        for key, value in source.items():
            if sources.get(stage_of(key)) is source and state.get(key) != value:
                yield key, value
    for key, value in state.items():
        stage = stage_of(key)
        if value and topology.stage(stage) and (stage not in sources or sources[stage].get(key) is None):
            yield key, None


def _chunks(changes: Iterable[tuple[bytes, bytes | None]]) -> Iterator[dict[bytes, bytes | None]]:
    """Yield changes in parts of the size of a transaction."""
    chunk: dict[bytes, bytes | None] = {}
    size = 0
    for key, value in changes:
        chunk[key] = value
        size += len(key) + len(value or b"")
        if len(chunk) >= _RECORDS or size >= _BYTES:
            yield chunk
            chunk, size = {}, 0
    if chunk:
        yield chunk
