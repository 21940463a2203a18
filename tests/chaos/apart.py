"""A Rondo whose broker, registry and Postgres are elsewhere, behind a network that fails."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, cast

import psutil

from tests.acceptance.stack import Stack
from tests.chaos.faults import Ground, Kind, kinds
from tests.integration.runtime.proxy import proxied
from tests.network import Fault, Link, linked

BELOW = ("broker", "postgres", "registry")
NETWORK = 1.0, 20.0
"""Seconds that the network fails."""
SLOW = 0.2
"""Seconds by which a slow network is late."""


@dataclass
class Apart:
    """API and workers on one directory, what they rest on in another, and links between."""

    above: Stack
    below: Stack
    links: Mapping[str, Link]

    @property
    def data(self) -> Path:
        """The directory of the workers."""
        return self.above.data

    @property
    def segments(self) -> Path:
        """The directory of the broker's log."""
        return self.below.segments

    @property
    def secret(self) -> str:
        """What signs tokens here."""
        return self.above.secret

    @property
    def run(self) -> dict[str, Any]:
        """The addresses of all, not by way of the links."""
        return {**self.above.run, **self.below.run}

    @property
    def settings(self) -> Mapping[str, str]:
        """What its workers were started with."""
        return self.above.settings

    def part(self, name: str) -> psutil.Process | None:
        """Return the process of a part, None while none runs."""
        return (self.below if name in BELOW else self.above).part(name)

    def start(self) -> None:
        """Start what does not run."""
        for stack in (self.below, self.above):
            if not stack.runs:
                stack.start()

    def kill(self) -> None:
        """Kill all of it."""
        self.above.kill()
        self.below.kill()

    def stop(self) -> None:
        """Stop everything in order."""
        self.above.stop()
        self.below.stop()

    def end(self) -> None:
        """End all of it however it is."""
        self.above.end()
        self.below.end()

    def told(self) -> str:
        """Return the end of its report on its parts."""
        return f"{self.below.told()}\n{self.above.told()}"


async def lose(ground: Ground, part: str, chance: Random) -> None:
    """Let the network to a part fail, in one of its ways."""
    link = cast("Apart", ground).links[part]
    link.fail(chance.choice(list(Fault)), SLOW)
    await asyncio.sleep(chance.uniform(*NETWORK))
    link.heal()
    link.cut()


@asynccontextmanager
async def apart(**settings: str) -> AsyncIterator[Apart]:
    """A Rondo that is not started yet, but for what it rests on."""
    below = Stack(Path(tempfile.mkdtemp(prefix="rondo-below-")), only="kafka,postgres,registry")
    try:
        await asyncio.to_thread(below.start)
        run = below.run
        async with (
            proxied(run["kafka"]) as broker,
            linked(run["postgres"].rpartition("@")[2].partition("/")[0]) as postgres,
            linked(run["registry"].removeprefix("http://")) as registry,
        ):
            above = Stack(
                Path(tempfile.mkdtemp(prefix="rondo-above-")),
                RONDO_KAFKA=broker.kafka,
                RONDO_POSTGRES=postgres.of(run["postgres"]),
                RONDO_REGISTRY=registry.of(run["registry"]),
                RONDO_INSTANCE="apart",
                **settings,
            )
            yield Apart(above, below, {"broker": broker, "postgres": postgres, "registry": registry})
    finally:
        await asyncio.to_thread(below.end)


APART: Mapping[str, Kind] = {**kinds(), "network": Kind(12, BELOW, lose)}
"""What can happen to a Rondo whose parts are apart."""
