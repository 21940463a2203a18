"""A stage whose state is damaged in any way, while it runs and while it stands, counts on as if nothing had been."""

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


class UserLimit:
    """A stage that counts a command of each user in each turn, with a timer for some."""

    def __init__(self, settings: Settings, log: Log) -> None:
        self.settings, self.log, self.turns = settings, log, 0
        self.name = uuid4().hex[:8]

    def counting(self) -> Counting:
        return Counting(self.settings, self.name)

    async def turn(self, counting: Counting) -> None:
        """Count, and wait until all is counted."""
        self.turns += 1
        await self.log.put(counting.commands, [command(user, self.turns) for user in USERS])
        counts = numbers(await self.log.wait_for(counting.counts, self.turns * len(USERS), 60))
        assert set(map(tuple, counts.values())) == {tuple(range(1, self.turns + 1))}

    def damage(self, kind: str, damage: Callable[[Path, float], None]) -> None:
        for path in filter(Path.is_file, sorted(state_of(self.settings, self.name).glob(kind))):
            damage(path, 0.5)


@pytest.mark.deep
@pytest.mark.parametrize(("kind", "damage"), list(product(KINDS, DAMAGES)))
async def test_a_stage_whose_state_is_damaged_counts_on(worker_settings, log: Log, kind: str, damage):
    turns = UserLimit(worker_settings, log)
    counting = await prepared(turns.counting())
    async with running(counting.app):
        await turns.turn(counting)
    flushed(state_of(worker_settings, turns.name))
    counting = turns.counting()
    async with running(counting.app):
        turns.damage(kind, damage)
        await turns.turn(counting)
        assert not counting.app.crashed
    turns.damage(kind, damage)
    counting = turns.counting()
    async with running(counting.app):
        await turns.turn(counting)
        assert not counting.app.crashed
