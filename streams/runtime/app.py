"""A stage's Faust app: it feeds the stage's agents, and reports its health."""

from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from faust.app.base import BootStrategy
from faust.streams import Stream

from common import clock, settings
from streams.runtime import refusals, retries
from streams.runtime.block import Block
from streams.runtime.consumer import Runtime
from streams.runtime.settings import Settings
from streams.runtime.stage import Fold, Stage

Agent: TypeAlias = Callable[[Any], Coroutine[Any, Any, None]]
"""A Faust agent: it gets the stream of an input's blocks."""


class _Boot(BootStrategy):
    """Disables Faust's own consumer, producer, conductor, recovery and table manager: the runtime replaces them."""

    enable_kafka_consumer = False
    enable_kafka_producer = False
    enable_web = False


class App(refusals.App):
    """Runs one stage in this process.

    ``chosen`` are the settings, the environment's by default; ``now`` is the clock in milliseconds since 1970.
    """

    BootStrategy = _Boot

    def __init__(self, stage: Stage, chosen: Settings | None = None, now: Callable[[], int] = clock.now) -> None:
        super().__init__(f"rondo-{stage.name}", autodiscover=False)
        stage.freeze()
        self.stage = stage
        self.settings = chosen
        self.now = now
        self.runtime: Runtime | None = None
        for topic in (*stage.folds, *([stage.retries.name] if stage.retries else ())):
            fold = retries.fold_of(stage, topic)
            self.agent(self.topic(topic), name=f"{stage.name}.{fold.__name__}.{topic}")(self.agent_of(fold))

    def agent_of(self, fold: Fold) -> Agent:
        """Return the agent that folds one block after another by a function."""

        async def agent(blocks: Stream[Block]) -> None:
            async for block in blocks.noack():
                with block:
                    fold(block)

        return agent

    def _time(self) -> int:
        return self.now()

    async def on_first_start(self) -> None:
        """Make no directories: Faust's are not used."""

    async def on_started_init_extra_services(self) -> None:
        """Start the runtime once the agents run."""
        await super().on_started_init_extra_services()
        chosen = self.settings = self.settings or settings.load(Settings)
        self.runtime = Runtime(self.stage, chosen, self._time, self, loop=self.loop, beacon=self.beacon)
        await self.add_runtime_dependency(self.runtime)

    async def on_stop(self) -> None:
        """Close the event loop that Faust opens for a consumer thread, though that thread never starts."""
        await super().on_stop()
        self.consumer._thread.thread_loop.close()  # type: ignore[attr-defined]  # Faust has no public way to it

    def ready(self) -> bool:
        """Return whether the stage runs and every assigned partition is open."""
        return self.runtime is not None and self.runtime.is_ready()

    def closed(self) -> list[str]:
        """Return why it is not ready, one sentence each."""
        return self.runtime.closed() if self.runtime else [f"{self.stage.name} has not started yet."]
