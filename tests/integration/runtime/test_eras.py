"""What was before a regrouping, on a real broker: a stage that is added later reads it, and it is still verified."""

import pytest

from schemas import records as r
from schemas.kafka.log_reader import committed
from streams.progress import positions
from streams.regrouping import NotRegroupable, regroup
from streams.replay import verify
from tests.integration.runtime.counting import Log, command, numbers, prepared
from tests.integration.runtime.pair import Pair
from tests.integration.runtime.test_regrouping import Clock, alone, holds, working


async def test_a_stage_that_is_added_later_reads_the_log_from_its_beginning_and_is_then_grouped(
    worker_settings, log: Log
):
    pair, clock = await prepared(Pair(worker_settings)), Clock()
    first, added = alone(pair)
    async with working(pair, [first], clock):
        await log.put(pair.commands, [command("ann", n) for n in range(5)])
        counted = await log.wait_for(pair.counts, 5)
    with pytest.raises(NotRegroupable, match=rf"Let {pair.telling.name} run as a topology of its own"):
        await regroup(pair.settings, [pair.topology])
    await positions.check(pair.settings.kafka, pair.settings.registry, "", [first, added])
    async with working(pair, [first, added], clock):
        told = await log.wait_for(pair.told, 5)
        assert [(one.command, one.version) for one in told] == [(one.command, one.version) for one in counted]
        await log.put(pair.commands, [command("ann", 5)])
        await log.wait_for(pair.told, 6)
    await regroup(pair.settings, [pair.topology])
    async with working(pair, [pair.topology], clock):
        await log.put(pair.commands, [command("ann", 6)])
        assert numbers(await log.wait_for(pair.told, 7)) == {"ann": [*range(1, 8)]}
    await holds(pair, [pair.topology])


async def test_what_was_wrong_before_a_regrouping_is_named_after_it(worker_settings, log: Log):
    """A record that nothing led to, and a changed state: by a verification, and by the next regrouping."""
    pair, clock = await prepared(Pair(worker_settings)), Clock()
    async with working(pair, [pair.topology], clock):
        await log.put(pair.commands, [command("ann", 1)])
        await log.put(pair.commands, [command("bob", 1)], partition=1)
        await log.wait_for(pair.told, 2)
    await log.put(pair.counts, [r.CommandOutcome("ann", 1, "planted", r.OutcomeKind.ACCEPTED, "t")])
    await change_state(pair, log, "bob", partition=1)
    await regroup(pair.settings, alone(pair), verified=False)
    async with working(pair, alone(pair), clock):
        await log.put(pair.commands, [command("ann", 2)])
        await log.wait_for(pair.told, 3)
    report = await verify(pair.settings, alone(pair), [pair.stage, pair.telling])
    first, changed, as_first = (one.describe() for one in report.differences)
    place = [f"{raw.topic}/0/{raw.offset}" async for raw in committed(log.kafka, pair.counts.name)][1]
    assert first.startswith(f"{pair.topology.name}, partition 0: {place}: the record is there, but the stage did not")
    assert as_first == first  # what each stage goes on with has the same beginning
    assert changed.startswith(f"{pair.stage.name}, partition 1: key {pair.stage.name}/heads bob: the state is not")
    assert "it is 'planted'" in changed
    with pytest.raises(NotRegroupable) as said:
        await regroup(pair.settings, [pair.topology])
    assert str(said.value) == f"The state is not what the log leads to. {first}"


async def change_state(pair: Pair, log: Log, user: str, partition: int) -> None:
    """Change the count of a user of whom nothing more comes."""
    changelog = pair.topology.changelog
    await log.codec.publish([changelog])
    value = log.codec.encode(changelog.name, r.AuditHead(99, "planted"))
    await log.producer.send_and_wait(changelog.name, value, pair.heads.prefix + user.encode(), partition=partition)
