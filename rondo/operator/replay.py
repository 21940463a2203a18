"""Replays and verifies a Rondo that is found where it runs."""

from collections.abc import Sequence
from typing import Any, BinaryIO

import msgspec

from rondo.operator.location import Place
from schemas.settings import load
from streams import replay, worker
from streams.replay import Report, Scope
from streams.runtime.settings import Settings


class Nothing(LookupError):
    """The log leads to nothing of what was asked for."""


def settings(place: Place, stages: Sequence[str]) -> Settings:
    """Return what a replay needs to know; Postgres only for stages that write rows."""
    postgres = "" if all(worker.find(stage).keeps_state for stage in stages) else place.postgres
    return load(Settings, kafka=place.kafka, registry=place.registry, postgres=postgres)


async def show(place: Place, stage: str, wanted: Scope, file: BinaryIO) -> None:
    """Write what a stage keeps by the log alone, one JSON object a line; the same log gives the same bytes.

    Raises ``Nothing`` where a user was asked for of whom the stage keeps nothing.
    """
    entries = 0
    async for entry in replay.replay(settings(place, [stage]), worker.find(stage), wanted):
        file.write(line(entry))
        entries += 1
    if wanted.user and not entries and not wanted.since:
        raise Nothing(f"The log leads to nothing of user {wanted.user} in {stage}.")


def line(entry: dict[str, Any]) -> bytes:
    """Return an entry as a line of JSON, its keys sorted."""
    return msgspec.json.encode(entry, order="sorted") + b"\n"


async def verify(place: Place, stages: Sequence[str]) -> Report:
    """Compare what stages keep with what the log leads to."""
    return await replay.verify(settings(place, stages), [worker.find(stage) for stage in stages])
