"""Three workers share twelve partitions and come, go, die, freeze and wake under load."""

from pathlib import Path

from tests.chaos.torture import plan, torture
from tests.chaos.trial import trial

SHORT = 6.0
"""Seconds of the short torture; `make chaos` takes longer."""


async def test_workers_that_join_leave_die_and_wake_as_zombies_lose_nothing(kafka, registry, tmp_path: Path):
    async with trial(kafka, registry, tmp_path) as on:
        first, second, third = on.swarm.awake()
        on.swarm.join()
        await on.balanced()
        assignments = len(on.swarm.assigned(first))
        await on.swarm.freeze(first)
        await on.swarm.kill(second)
        await on.swarm.leave(third)
        await on.balanced()  # without the frozen one
        await on.swarm.woken()
        await on.balanced()  # with it
    assert on.swarm.zombies == 1
    assert len(on.swarm.assigned(first)) > assignments


async def test_a_rolling_restart_of_workers_with_names_moves_no_partition(kafka, registry, tmp_path: Path):
    async with trial(kafka, registry, tmp_path, named=True) as on:
        before = {worker.disk: on.swarm.assigned(worker)[-1] for worker in on.swarm.awake()}
        again = []
        for worker in on.swarm.awake():
            again.append(await on.swarm.restart(worker))
            await on.balanced()
    assert {worker.disk: on.swarm.assigned(worker) for worker in again} == {disk: [own] for disk, own in before.items()}


async def test_workers_in_a_short_torture_lose_nothing(kafka, registry, tmp_path: Path):
    async with trial(kafka, registry, tmp_path) as on:
        await torture(on, plan("short", SHORT, stops=1))
    assert on.swarm.zombies >= 1
