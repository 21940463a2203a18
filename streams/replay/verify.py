"""Verifies topologies: folds the log again, and compares the result with current outputs and state."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from schemas.kafka import admin
from schemas.registry.client import Registry
from streams.replay import verify_state, verify_views
from streams.replay.dead_letters import DeadLetters
from streams.replay.difference import Difference
from streams.replay.target import Target, Verified, cut
from streams.runtime import Context, Topology
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
    where = part.stage if part.partition is None else f"{part.stage}, partition {part.partition}"
    compared = f"{part.records} records folded, {part.outputs} outputs and {part.kept} kept values compared"
    verdict = "differs" if part.difference else "holds as far as it can be decided again" if part.undecided else "holds"
    undecided = (f"{part.undecided}, so from there on only invariants and disk were checked",) if part.undecided else ()
    return "; ".join((f"{where} {verdict}: {compared}", *part.notes, *undecided))


async def verify(settings: Settings, topologies: Sequence[Topology]) -> Report:
    """Fold the log again for these topologies, which may be running, and compare the result with outputs and state.

    A part that was decided by another decision version is reported as such. Raises the errors of the broker's and the
    registry's clients.
    """
    return Report(tuple([part for topology in topologies async for part in _verify(settings, topology)]))


async def _verify(settings: Settings, topology: Topology) -> AsyncIterator[Verified]:
    async with context_of(settings, topology) as context:
        if not topology.keeps_state:
            yield await verify_views.verify(context, topology)
            return
        numbers = range(context.settings.partitions)
        fixed = await cut(settings.kafka, topology, numbers)
        dead_letters = await DeadLetters.read(settings.kafka, context.codec, topology)
        for number in numbers:
            yield await verify_state.verify(Target(context, topology, number, fixed, dead_letters))


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
