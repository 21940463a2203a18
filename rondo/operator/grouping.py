"""The topologies of a Rondo, and letting its log go on in others while its workers are stopped."""

from collections.abc import Iterable, Sequence

from common.settings import load
from rondo.location import Place
from streams import regrouping, topologies
from streams.regrouping import Regrouped
from streams.runtime import Stage, Topology
from streams.runtime.settings import Settings


def of(place: Place, names: Iterable[str] = ()) -> list[Topology]:
    """Return the topologies that have these names or stages, by default all. Raises ``WrongTopology``."""
    return topologies.chosen(topologies.parsed(place.known.get("topologies", "")), names)


def stages() -> list[Stage]:
    """Return every stage, in whatever topology it runs."""
    return [topologies.find(name) for name in topologies.STAGES]


async def regroup(place: Place, *, verified: bool) -> list[Regrouped]:
    """Let the log go on in the place's topologies. Raises as ``regrouping.regroup``."""
    settings = load(Settings, kafka=place.kafka, registry=place.registry)
    return await regrouping.regroup(settings, of(place), verified=verified)


def describe(begun: Sequence[Regrouped]) -> str:
    """Return what a regrouping did, a line for each topology that begins."""
    if not begun:
        return "The log is grouped like this already."
    lines = (f"{one.topology} goes on from {', '.join(one.former)}: {one.records} entries of state" for one in begun)
    return "\n".join(lines)
