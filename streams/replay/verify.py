"""Verifies topologies: folds the log again, and compares the result with current outputs and state."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from schemas.kafka import admin
from schemas.registry.client import Registry
from streams.replay import verify_state, verify_views
from streams.replay.dead_letters import DeadLetters
from streams.replay.difference import Difference
from streams.replay.eras import Era, Past, Stages, past
from streams.replay.target import Target, Verified, cut
from streams.runtime import Context, Stage, Topology
from streams.runtime.rocksdb import StateStore
from streams.runtime.settings import Settings


@dataclass(frozen=True)
class Report:
    """The result of a verification, by partition of a topology."""

    parts: tuple[Verified, ...]

    @property
    def differences(self) -> list[Difference]:
        """Return the first difference of each part that has one, in the order in which a command passes them."""
        return [part.difference for part in self.parts if part.difference]

    def describe(self) -> str:
        """Return the report as text."""
        return "\n".join([*map(_line, self.parts), self._conclusion()])

    def _conclusion(self) -> str:
        if self.differences:
            return f"The first difference: {self.differences[0].describe()}"
        if any(part.undecided for part in self.parts):
            return "Nothing differs, but some blocks can be decided again only by a Rondo of their decision version."
        return "Everything is as it follows from the log."


def _line(part: Verified) -> str:
    where = part.topology if part.partition is None else f"{part.topology}, partition {part.partition}"
    compared = f"{part.records} records folded, {part.outputs} outputs and {part.kept} kept values compared"
    verdict = "differs" if part.difference else "holds as far as it can be decided again" if part.undecided else "holds"
    undecided = (f"{part.undecided}, so from there on only invariants and disk were checked",) if part.undecided else ()
    return "; ".join((f"{where} {verdict}: {compared}", *part.notes, *undecided))


async def verify(settings: Settings, topologies: Sequence[Topology], stages: Iterable[Stage] = ()) -> Report:
    """Fold the log again for these topologies, which may be running, and compare the result with outputs and state.

    ``stages`` are others that theirs may have been grouped with before. A part that was decided by another decision
    version is reported as such. Raises ``OtherGrouping``, and the errors of the broker's and the registry's clients.
    """
    known = {stage.name: stage for stage in (*stages, *(stage for each in topologies for stage in each.stages))}
    with TemporaryDirectory(prefix="rondo-replay-") as at:
        earlier = _Earlier(settings)
        async with past(earlier.fold, Path(at)) as states:
            parts = [
                earlier.added(part) for each in topologies async for part in _verify(settings, each, known, states)
            ]
    return Report(tuple(parts))


async def _verify(settings: Settings, topology: Topology, stages: Stages, states: Past) -> AsyncIterator[Verified]:
    async with context_of(settings, topology) as context:
        if not topology.keeps_state:
            yield await verify_views.verify(context, topology)
            return
        numbers = range(context.settings.partitions)
        fixed = await cut(settings.kafka, topology, numbers)
        dead_letters = await DeadLetters.read(settings.kafka, context.codec, topology)
        for number in numbers:
            yield await verify_state.verify(Target(context, topology, number, fixed, dead_letters, stages, states))


class _Earlier:
    """Verifies what topologies wrote until their stages were regrouped, for those that go on with their state."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._records = self._outputs = 0

    async def fold(self, era: Era, state: StateStore, states: Past) -> set[str]:
        """Fold an era that is over into a new state, and compare its outputs. Raises ``Differs``, ``OtherVersion``."""
        async with context_of(self._settings, era.topology) as context:
            dead_letters = await DeadLetters.read(context.settings.kafka, context.codec, era.topology)
            fired, records, outputs = await verify_state.verify_over(context, era, state, states, dead_letters)
        self._records, self._outputs = self._records + records, self._outputs + outputs
        return fired

    def added(self, part: Verified) -> Verified:
        """Return a part with the numbers of what was folded for it."""
        part.records, part.outputs = part.records + self._records, part.outputs + self._outputs
        self._records = self._outputs = 0
        return part


_UNBOUNDED = {"block_bytes": 2**62, "block_seconds": 1e9}  # a block ends where it ended


@asynccontextmanager
async def context_of(settings: Settings, topology: Topology) -> AsyncIterator[Context]:
    """Connect to the registry, and adapt the settings to the log."""
    registry = Registry(settings.registry)
    try:
        codec = topology.serde(registry)
        await codec.publish(topology.topics)
        count = await admin.partition_count(settings.kafka, topology.reads[0].name)
        fitted = settings.model_copy(update={**_UNBOUNDED, "partitions": count})
        yield Context(fitted, codec, await admin.cluster(settings.kafka))
    finally:
        await registry.aclose()
