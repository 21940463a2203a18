"""The Faust app of a topology: it feeds the agents of its inputs, and reports its health."""

from collections.abc import Callable

from faust.app.base import BootStrategy
from faust.streams import Stream

from common import clock, settings
from streams.runtime import refusals
from streams.runtime.block import Block
from streams.runtime.consumer import Runtime
from streams.runtime.settings import Settings
from streams.runtime.stage import Stage
from streams.runtime.topology import Topology


class _Boot(BootStrategy):
    """Disables Faust's own consumer, producer, conductor, recovery and table manager: the runtime replaces them."""

    enable_kafka_consumer = False
    enable_kafka_producer = False
    enable_web = False


class App(refusals.App):
    """Runs a topology in this process, or a stage as one of its own.

    ``chosen`` are the settings, the environment's by default; ``now`` is the clock in milliseconds since 1970.
    """

    BootStrategy = _Boot

    def __init__(
        self, topology: Topology | Stage, chosen: Settings | None = None, now: Callable[[], int] = clock.now
    ) -> None:
        self.topology = Topology.of(topology) if isinstance(topology, Stage) else topology
        super().__init__(f"rondo-{self.topology.name}", autodiscover=False)
        self.settings = chosen
        self.now = now
        self.runtime: Runtime | None = None
        for topic in self.topology.reads:
            self.agent(self.topic(topic.name), name=f"{self.topology.name}.{topic.name}")(self.fold)  # type: ignore[arg-type]

    async def fold(self, blocks: Stream[Block]) -> None:
        """Fold one block after another: the agent of each input."""
        async for block in blocks.noack():
            with block:
                block.fold()

    def _time(self) -> int:
        return self.now()

    async def on_first_start(self) -> None:
        """Make no directories: Faust's are not used."""

    async def on_started_init_extra_services(self) -> None:
        """Start the runtime once the agents run."""
        await super().on_started_init_extra_services()
        chosen = self.settings = self.settings or settings.load(Settings)
        self.runtime = Runtime(self.topology, chosen, self._time, self, loop=self.loop, beacon=self.beacon)
        await self.add_runtime_dependency(self.runtime)

    async def on_stop(self) -> None:
        """Close the event loop that Faust opens for a consumer thread, though that thread never starts."""
        await super().on_stop()
        self.consumer._thread.thread_loop.close()  # type: ignore[attr-defined]  # Faust has no public way to it

    def ready(self) -> bool:
        """Return whether the topology runs and every assigned partition is open."""
        return self.runtime is not None and self.runtime.is_ready()

    def closed(self) -> list[str]:
        """Return why it is not ready, one sentence each."""
        return self.runtime.closed() if self.runtime else [f"{self.topology.name} has not started yet."]
