"""Replays and verifies a running Rondo."""

from collections.abc import Sequence
from typing import Any, BinaryIO

import msgspec

from common.settings import load
from rondo.location import Place
from streams import replay, worker
from streams.replay import Report, Scope
from streams.runtime.settings import Settings


class Nothing(LookupError):
    """Replay has no entries for a user."""


def settings(place: Place, stages: Sequence[str]) -> Settings:
    """Return the settings of a replay; Postgres only for stages that write rows."""
    postgres = "" if all(worker.find(stage).keeps_state for stage in stages) else place.postgres
    return load(Settings, kafka=place.kafka, registry=place.registry, postgres=postgres)


async def show(place: Place, stage: str, wanted: Scope, file: BinaryIO) -> None:
    """Write a stage's state as replayed from the log, one JSON object per line; the same log gives the same bytes.

    Raises ``Nothing`` if the stage has no entries of the user.
    """
    entries = 0
    async for entry in replay.replay(settings(place, [stage]), worker.find(stage), wanted):
        file.write(line(entry))
        entries += 1
    if wanted.user and not entries and not wanted.since:
        raise Nothing(f"The stage {stage} has no entries of user {wanted.user}.")


def line(entry: dict[str, Any]) -> bytes:
    """Return an entry as a line of JSON, its keys sorted."""
    return msgspec.json.encode(entry, order="sorted") + b"\n"


async def verify(place: Place, stages: Sequence[str]) -> Report:
    """Compare the stages' state with the replayed log."""
    return await replay.verify(settings(place, stages), [worker.find(stage) for stage in stages])
