"""One worker's hold of a partition, by hand: what a partition does with its store, step by step."""

import asyncio

from aiokafka.errors import ProducerFenced

from schemas import records as r
from schemas.codec import Codec
from streams.runtime import Block, Context
from streams.runtime.kafka_store import KafkaStore
from tests.integration.runtime.counting import Counting, outcome


class Owner:
    """One worker's hold of partition 0, by hand: what a partition does, step by step."""

    def __init__(self, counting: Counting, codec: Codec) -> None:
        self.counting = counting
        self.stage = counting.stage.name
        self.context = Context(counting.settings, codec)
        self.store = KafkaStore(counting.topology, self.context, 0)
        self.positions: dict[str, int] = {}
        self.fenced = False

    async def open(self) -> "Owner":
        async with asyncio.timeout(20):  # a restore that never ends is a failure
            self.positions = await self.store.open()
        return self

    async def count(self, user: str, number: int, kept: str = "h") -> None:
        """Commit a block that keeps and emits a number."""
        with (block := self.block()):
            self.counting.heads[user] = r.AuditHead(number, kept)
            block.emit(self.counting.counts, outcome(user, 1_000, f"{user}-{number}", number, "t"))
            block.keep()
        await self.store.commit(block, {self.counting.commands.name: number})

    def block(self) -> Block:
        """A block without records."""
        return Block(self.counting.topology, self.context, 0, [], state=self.store.state, now=1_000)

    async def next(self) -> bool:
        """Commit the next number of ann's by what this owner knows; return whether it was committed."""
        if self.fenced:  # a worker would not use these producers again
            return False
        number = self.positions.get(self.counting.commands.name, 0) + 1
        try:
            await self.count("ann", number)
        except ProducerFenced:
            self.fenced = True
            return False
        self.positions = {self.counting.commands.name: number}
        return True

    def kept(self, user: str) -> int | None:
        """Return the number that the state holds."""
        with self.block():
            head = self.counting.heads.get(user)
        return head.sequence if head else None
