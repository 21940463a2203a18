"""Detects and reports that this process's wall clock jumped or differs from the broker's.

Correctness doesn't depend on the clock: no record is refused for its time. But reminders fire by it, hence the warning.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from common import causes
from common.clock import steady
from schemas.kafka import clients
from schemas.kafka.stopping import stop
from schemas.topics import CLOCK

LOUD = 60.0
"""The least jump or difference that is reported, in seconds."""
SHOWN = 3600.0
"""Seconds for which a jump is reported."""
_LOOK = 1.0  # seconds between two looks at the process's own clocks
_ASK = 60.0  # seconds between two questions to the broker
_PATIENCE = 10.0  # seconds for an answer
_BROKERS = 1  # a record's time is the broker's own (LogAppendTime)

log = structlog.get_logger("clock")


@dataclass(frozen=True, slots=True)
class Jump:
    """The wall clock was set forward by ``seconds``, or back if negative, ``at`` a time of the steady clock."""

    seconds: float
    at: float


class ClockWatch:
    """Watches one process's clock. ``run`` ends only when cancelled; ``name`` identifies the process on the topic.

    The broker's clock is read from ``rondo-clock``, a topic whose records the broker timestamps (LogAppendTime).
    """

    def __init__(
        self, kafka: str, name: str, wall: Callable[[], float] = time.time, steady: Callable[[], float] = steady
    ) -> None:
        self.ahead: float | None = None
        """Seconds that the clock is ahead of the broker's, None while unknown."""
        self.jump: Jump | None = None
        """The last jump."""
        self.jumps = 0
        self._kafka, self._name, self._wall, self._steady = kafka, name, wall, steady
        self._seen = wall() - steady()
        self._differs = False

    def warnings(self) -> list[str]:
        """Return what is wrong with the clock, one sentence each."""
        found = []
        if self.ahead is not None and abs(self.ahead) >= LOUD:
            way = "ahead of" if self.ahead > 0 else "behind"
            found.append(f"The clock is {abs(self.ahead):.0f} s {way} the broker's. Set whichever is wrong.")
        if self.jump and (ago := self._steady() - self.jump.at) < SHOWN:
            way = "on" if self.jump.seconds > 0 else "back"
            found.append(f"The clock was set {way} by {abs(self.jump.seconds):.0f} s, {ago:.0f} s ago.")
        return found

    def look(self) -> bool:
        """Compare the wall clock with the steady one; return whether it has jumped since the last call."""
        seen = self._wall() - self._steady()
        moved, self._seen = seen - self._seen, seen
        if abs(moved) < LOUD:
            return False
        self.jump, self.jumps = Jump(moved, self._steady()), self.jumps + 1
        log.warning("clock jumped", seconds=round(moved, 1))
        return True

    async def ask(self) -> None:
        """Ask the broker for its time; without an answer keep the last known difference."""
        producer = clients.producer(self._kafka, acks=1)
        try:
            async with asyncio.timeout(_PATIENCE):
                await producer.start()
                await producer.partitions_for(CLOCK.name)
                began = self._steady()
                appended = await producer.send_and_wait(CLOCK.name, key=self._name.encode(), partition=0)
            if appended.timestamp_type != _BROKERS:
                return
            self.ahead = self._wall() - (self._steady() - began) / 2 - appended.timestamp / 1000
        except Exception as error:  # noqa: BLE001  # an unknown clock must not stop anything
            log.debug("the broker's clock is not known", error=causes.described(error))
            return
        finally:
            await stop(producer, 1)  # the broker may be away
        self._report()

    def _report(self) -> None:
        assert self.ahead is not None
        before, self._differs = self._differs, abs(self.ahead) >= LOUD
        if self._differs:
            log.warning("clock differs from the broker's", seconds_ahead=round(self.ahead, 1))
        elif before:
            log.info("clock agrees with the broker's again")

    async def run(self, each: Callable[["ClockWatch"], None] = lambda _: None) -> None:
        """Check the clock every second until cancelled; ask the broker every minute and after each jump."""
        asked = -_ASK
        while True:
            if self.look() or self._steady() - asked >= _ASK:
                await self.ask()
                asked = self._steady()
            each(self)
            await asyncio.sleep(_LOOK)
