"""The topologies of a running Rondo."""

from collections.abc import Iterable

from rondo.location import Place
from streams import topologies
from streams.runtime import Topology


def of(place: Place, names: Iterable[str] = ()) -> list[Topology]:
    """Return the topologies that have these names or stages, by default all. Raises ``WrongTopology``."""
    return topologies.chosen(topologies.parsed(place.known.get("topologies", "")), names)
