"""A stage whose state is damaged in any way, running or stopped, counts on as if nothing had happened."""

from collections.abc import Callable
from itertools import product
from pathlib import Path
from uuid import uuid4

import pytest

from streams.runtime.settings import Settings
from tests.integration.runtime.counting import Counting, Log, command, numbers, prepared, running
from tests.integration.runtime.test_disk import flushed, state_of
from tests.unit.runtime.test_damage import DAMAGES, KINDS

USERS = [f"user-{n}" for n in range(500)]


class Rounds:
    """A stage that counts a command of each user in each round, with a timer for some."""

    def __init__(self, settings: Settings, log: Log) -> None:
        self.settings, self.log, self.rounds = settings, log, 0
        self.name = uuid4().hex[:8]

    def counting(self) -> Counting:
        return Counting(self.settings, self.name)

    async def count(self, counting: Counting) -> None:
        """Count, and wait until all is counted."""
        self.rounds += 1
        await self.log.put(counting.commands, [command(user, self.rounds) for user in USERS])
        counts = numbers(await self.log.wait_for(counting.counts, self.rounds * len(USERS), 60))
        assert set(map(tuple, counts.values())) == {tuple(range(1, self.rounds + 1))}

    def damage(self, kind: str, damage: Callable[[Path, float], None]) -> None:
        for path in filter(Path.is_file, sorted(state_of(self.settings, self.name).glob(kind))):
            damage(path, 0.5)


@pytest.mark.deep
@pytest.mark.parametrize(("kind", "damage"), list(product(KINDS, DAMAGES)))
async def test_a_stage_whose_state_is_damaged_counts_on(worker_settings, log: Log, kind: str, damage):
    rounds = Rounds(worker_settings, log)
    counting = await prepared(rounds.counting())
    async with running(counting.app):
        await rounds.count(counting)
    flushed(state_of(worker_settings, rounds.name))
    counting = rounds.counting()
    async with running(counting.app):
        rounds.damage(kind, damage)
        await rounds.count(counting)
        assert not counting.app.crashed
    rounds.damage(kind, damage)
    counting = rounds.counting()
    async with running(counting.app):
        await rounds.count(counting)
        assert not counting.app.crashed
