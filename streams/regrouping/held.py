"""The topologies that a log has states of, by the positions on their changelogs."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass

from schemas import records as r
from schemas.codec import Codec, Undecodable
from schemas.kafka.log_reader import LogReader
from schemas.topics import BLOCKS, CHANGELOG
from streams.progress.lag import newest

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
        return any(at.standing in _CURRENT for at in self.positions.values())

    @property
    def is_open(self) -> bool:
        """Whether its workers may go on in every partition."""
        return all(at.standing is r.Standing.OPEN for at in self.positions.values())


async def read(reader: LogReader, codec: Codec, stages: Collection[str]) -> list[Held]:
    """Return the topologies of these stages that the log has a state of.

    Raises RegistryUnavailable.
    """
    existing = await reader.topics()
    names = [name.removesuffix(CHANGELOG) for name in existing if name.endswith(CHANGELOG)]
    own = [name for name in names if f"{name}{BLOCKS}" in existing]  # others' changelogs may be large
    found = await newest(reader, await reader.partitions(*(f"{name}{CHANGELOG}" for name in own)))
    await codec.learn(found.values())
    positions: dict[str, dict[int, r.Position]] = {}
    for tp, raw in found.items():
        with suppress(Undecodable):
            if isinstance(at := codec.decode(raw), r.Position) and {*at.stages} & {*stages}:
                positions.setdefault(tp.topic.removesuffix(CHANGELOG), {})[tp.partition] = at
    return [Held(name, next(iter(by.values())).stages, by) for name, by in sorted(positions.items())]
