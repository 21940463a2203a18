"""Replays and verifies a running Rondo."""

from collections.abc import Sequence
from typing import Any, BinaryIO

import msgspec

from common.settings import load
from rondo.location import Place
from rondo.operator import grouping
from streams import replay
from streams.replay import Report, Scope
from streams.runtime import Topology
from streams.runtime.settings import Settings


class Nothing(LookupError):
    """Replay has no entries for a user."""


def settings(place: Place, topologies: Sequence[Topology]) -> Settings:
    """Return the settings of a replay; Postgres only for topologies that write rows."""
    postgres = "" if all(one.keeps_state for one in topologies) else place.postgres
    return load(Settings, kafka=place.kafka, registry=place.registry, postgres=postgres)


async def show(place: Place, stage: str, wanted: Scope, file: BinaryIO) -> None:
    """Write a stage's state as replayed from the log, one JSON object per line; the same log gives the same bytes.

    Raises ``Nothing`` if the stage has no entries of the user.
    """
    entries = 0
    [topology] = grouping.of(place, [stage])
    async for entry in replay.replay(settings(place, [topology]), topology, stage, wanted, grouping.stages()):
        file.write(line(entry))
        entries += 1
    if wanted.user and not entries and not wanted.since:
        raise Nothing(f"The stage {stage} has no entries of user {wanted.user}.")


def line(entry: dict[str, Any]) -> bytes:
    """Return an entry as a line of JSON, its keys sorted."""
    return msgspec.json.encode(entry, order="sorted") + b"\n"


async def verify(place: Place, stages: Sequence[str]) -> Report:
    """Compare the state of the topologies of these stages, by default of all, with the replayed log."""
    topologies = grouping.of(place, stages)
    return await replay.verify(settings(place, topologies), topologies, grouping.stages())
