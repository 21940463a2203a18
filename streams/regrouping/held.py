"""The topologies that a log has states of, by the positions on their changelogs."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from schemas import records as r
from schemas.codec import Codec
from schemas.kafka.log_reader import LogReader
from schemas.topics import CHANGELOG
from streams.runtime import ownership

_CURRENT = (r.Standing.OPEN, r.Standing.FROZEN)


@dataclass(frozen=True)
class Held:
    """A topology that the log has a state of, and its positions by partition, where there are any."""

    name: str
    stages: tuple[str, ...]
    positions: Mapping[int, r.Position]

    @property
    def is_current(self) -> bool:
        """Whether its stages have not gone on in others."""
        return any(at.standing in _CURRENT and not ownership.is_claim(at) for at in self.positions.values())

    @property
    def claimed(self) -> list[int]:
        """The partitions that it claims, in which it has done nothing."""
        return [number for number, at in self.positions.items() if ownership.is_claim(at)]

    @property
    def is_open(self) -> bool:
        """Whether its workers may go on in every partition."""
        return all(at.standing is r.Standing.OPEN for at in self.positions.values())


async def read(reader: LogReader, codec: Codec, stages: Collection[str]) -> list[Held]:
    """Return the topologies of these stages that the log has a state of.

    Raises RegistryUnavailable, and ``OtherGrouping`` for states of a version that did not group stages.
    """
    await ownership.check_earlier(reader, stages)
    found = await ownership.held_of(reader, codec, stages, await ownership.changelogs(reader))
    positions: dict[str, dict[int, r.Position]] = {}
    for tp, at in found.items():
        positions.setdefault(tp.topic.removesuffix(CHANGELOG), {})[tp.partition] = at
    return [Held(name, next(iter(by.values())).stages, by) for name, by in sorted(positions.items())]
