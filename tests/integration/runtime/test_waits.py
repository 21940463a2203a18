"""Waits go by the clock, and a clock that is set back holds none of them up."""

from tests.integration.runtime.counting import Counting, Log, command, prepared, running

DAY = 24 * 60 * 60 * 1000


def waiting(settings, name: str | None = None) -> Counting:
    """A stage whose timers are waits: of a second from each command."""
    counting = Counting(settings, name)
    counting.stage.began = lambda timer: timer.due - 1_000
    return counting


async def test_a_wait_that_a_clock_began_which_was_set_back_is_over_in_its_time(worker_settings, log: Log):
    counting = await prepared(waiting(worker_settings))
    now = [2 * DAY]
    counting.app.now = lambda: now[0]
    async with running(counting.app):
        await log.put(counting.commands, [command("ann", n, "1000", 2 * DAY) for n in range(3)])
        await log.wait_for(counting.counts, 3)
        now[0] = DAY
        counts = await log.wait_for(counting.counts, 6, 20)
    assert [count.task for count in counts] == ["1000"] * 3 + ["timer"] * 3


async def test_a_wait_that_began_on_a_clock_that_was_set_back_while_all_was_stopped_is_over_in_its_time(
    worker_settings, log: Log
):
    before = await prepared(waiting(worker_settings))
    before.app.now = lambda: 2 * DAY
    async with running(before.app):
        await log.put(before.commands, [command("ann", 0, "1000", 2 * DAY)])
        await log.wait_for(before.counts, 1)
    after = waiting(worker_settings, before.commands.name.removeprefix("commands-"))
    after.app.now = lambda: DAY
    async with running(after.app):
        counts = await log.wait_for(after.counts, 2, 20)
    assert [count.task for count in counts] == ["1000", "timer"]


async def test_a_time_that_people_named_comes_by_the_clock_as_it_is_set(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    now = [2 * DAY]
    counting.app.now = lambda: now[0]
    async with running(counting.app):
        await log.put(counting.commands, [command("ann", 0, str(DAY), 0), command("ann", 1, str(3 * DAY), 0)])
        await log.wait_for(counting.counts, 3)  # the first of the two has come
        for now[0] in (DAY // 2, DAY + 1, 2 * DAY):  # back and on again: it comes no second time, the other not yet
            await log.put(counting.commands, [command("bob", now[0])])
        await log.wait_for(counting.counts, 6)
        now[0] = 3 * DAY
        counts = await log.wait_for(counting.counts, 7)
    fired = [count.command for count in counts if count.task == "timer"]
    assert fired == [command("ann", 0).id, command("ann", 1).id]
