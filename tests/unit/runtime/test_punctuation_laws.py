"""When punctuations come, what each takes, and for whom room is kept: one law at a time."""

import asyncio
from pathlib import Path
from typing import Any, cast

import pytest

from schemas import records as r
from streams.runtime import Context, Stage
from streams.runtime.effects import Effect
from tests.unit.runtime.punctuated import LEASE, MOST, NOW, SLOTS, TICK, TOLD, Law, ids, sender, timed


@pytest.fixture
async def law(tmp_path: Path) -> Any:
    made: list[Law] = []

    async def make(*stages: Stage, **settings: Any) -> Law:
        made.append(Law(tmp_path / str(len(made)), *stages, **settings))
        await made[-1].begin()
        return made[-1]

    yield make
    for one in made:
        assert one.state
        one.state.close()


# When.


async def test_while_timers_are_due_they_alternate_with_records(law: Any):
    made = await law(timed("a"))
    made.set([NOW])
    assert [bool(made.all.next()) for _ in range(4)] == [True, False, True, False]


async def test_stages_whose_timers_are_due_take_turns_and_one_that_is_alone_has_every_turn(law: Any):
    made = await law(timed("a"), timed("b"))
    made.set([NOW])
    assert [stage and stage.name for stage in (made.all.next() for _ in range(4))] == ["a", None, "a", None]
    made.set([NOW], stage=1)
    made.all.each[1].committed(made._block())
    assert [stage and stage.name for stage in (made.all.next() for _ in range(5))] == ["b", None, "a", None, "b"]


async def test_timers_of_any_stage_are_due_at_their_time_and_the_first_of_all_is_waited_for(law: Any):
    made = await law(timed("a"), timed("b"))
    for one in made.all.each:
        one.opened()
    assert (made.all.is_due(), made.all.seconds()) == (False, TICK)
    made.set([NOW + 1_500])
    made.set([NOW + 500], stage=1)
    for one in made.all.each:
        one.opened()
    assert (made.all.is_due(), made.all.seconds(), made.one.seconds()) == (False, 0.5, 1.5)
    made.now += 499
    assert not made.all.is_due()
    made.now += 1
    assert made.all.is_due()
    made.now += 10_000
    assert made.all.seconds() == 0.0


async def test_a_timer_beyond_the_tick_is_looked_for_again_after_it(law: Any):
    made = await law(timed("a"))
    made.set([NOW + 1_000_000])
    made.one.opened()
    assert made.all.seconds() == TICK


async def test_after_each_block_the_next_one_is_planned(law: Any):
    made = await law(timed("a"))
    made.one.opened()
    made.set([NOW + 200])
    assert made.all.seconds() == TICK
    made.one.committed(made._block())
    assert made.all.seconds() == 0.2


async def test_until_then_the_state_is_not_looked_at(law: Any):
    made = await law(timed("a"))
    made.one.opened()
    made.set([NOW])  # without a block
    assert not made.all.is_due()
    made.now += TICK * 1000
    assert made.all.is_due()


async def test_what_was_planned_before_and_is_gone_is_not_due(law: Any):
    made = await law(timed("a"))
    made.set([NOW])
    made.one.opened()
    made.punctuate()
    assert not made.all.is_due()


# What.


async def test_one_takes_as_many_as_a_block_has_records_and_fewer_after_an_error(law: Any):
    made = await law(timed("a"))
    made.set(range(NOW - 5, NOW + 1))
    block = made.punctuate()
    assert (ids(block), block.taken, block.earliest) == (["t0", "t1", "t2"], MOST, NOW - 5)
    assert made.effects.expected[0] == 0  # they lead to no effects
    made.intake.halve(block)
    assert ids(made.punctuate()) == ["t3"]


async def test_a_wait_that_is_over_is_taken_alone_and_is_late_by_nothing(law: Any):
    made = await law(timed("a"))
    made.set([NOW])
    block = made.punctuate(waited=r.Timer("w", "ann", "t", NOW + 9))
    assert (ids(block), block.taken, block.earliest) == (["w"], 1, None)


@pytest.mark.parametrize(
    ("timers", "queued", "taken"),
    [
        (9, 9, ["t0", "t1", "q0", "q1"]),
        (9, 1, ["t0", "t1", "q0", "t2"]),
        (1, 9, ["t0", "q0", "q1", "q2"]),
        (0, 9, ["q0", "q1", "q2", "q3"]),
        (9, 0, ["t0", "t1", "t2", "t3"]),
    ],
)
async def test_the_queue_and_the_clock_share_the_room(law: Any, timers: int, queued: int, taken: list[str]):
    """The queue's entries are always due."""
    made = await law(sender(), block_records=100)
    made.set([NOW] * timers)
    made.set([NOW + 10**9] * queued, queued=True)
    assert made.all.is_due()
    assert ids(made.punctuate()) == taken


async def test_of_three_places_the_clock_has_two(law: Any):
    made = await law(sender())
    made.set([NOW] * 9)
    made.set([NOW] * 9, queued=True)
    assert ids(made.punctuate()) == ["t0", "t1", "q0"]


# Room.


async def emitted(law: Any) -> Law:
    """A sender that has just claimed two of five, which are not folded yet."""
    made: Law = await law(sender(), block_records=2)
    made.one.opened()
    made.set([NOW] * 5, queued=True)
    block = made.punctuate()
    made.told = [cast("bytes", out.value) for out in block.outputs[TOLD.name]]
    assert len(made.told) == 2
    return made


async def test_the_next_one_waits_until_the_last_record_of_this_one_has_been_folded(law: Any):
    made = await emitted(law)
    assert (made.all.is_held_up(), made.all.is_due(), made.all.seconds()) == (True, False, TICK)
    assert made.effects.expected[0] == 2
    made.one.expect_no_more()
    made.takes(0)
    assert (made.all.is_held_up(), made.effects.expected[0]) == (True, 2)
    made.takes(1)
    assert (made.all.is_held_up(), made.all.is_due(), made.all.seconds()) == (False, True, 0.0)
    assert made.effects.expected[0] == 0


async def test_one_that_emits_nothing_meanwhile_changes_nothing_of_that(law: Any):
    made = await emitted(law)
    assert (made.punctuate().taken, made.effects.expected[0]) == (0, 2)
    assert made.all.is_held_up()


async def test_what_a_block_of_records_emits_holds_nothing_up(law: Any):
    made = await emitted(law)
    made.takes(0, 1, emits=b"other")
    assert not made.all.is_held_up()


async def test_one_whose_timers_lead_to_nothing_takes_no_room(law: Any):
    made = await law(sender())
    made.set([NOW], subject="silent")
    assert made.punctuate().taken == 1
    assert (made.all.is_held_up(), made.effects.expected[0]) == (False, 0)


async def test_without_room_none_is_due_nor_waited_for(law: Any):
    made = await law(sender())
    made.set([NOW], queued=True)
    made.fill()
    assert (made.all.is_held_up(), made.all.is_due(), made.all.seconds()) == (True, False, TICK)
    assert not (await law(timed("a"))).all.is_held_up()


async def test_a_stage_without_effects_is_held_up_by_no_other_and_its_topology_is(law: Any):
    made = await law(timed("a"), sender())
    made.set([NOW])
    made.fill()
    assert (made.all.is_held_up(), made.one.is_held_up(), made.all.is_due()) == (True, False, True)


async def test_another_owner_begins_with_nothing_that_is_waited_for(law: Any):
    made = await emitted(law)
    made.one.opened()
    assert (made.all.is_held_up(), made.effects.expected[0], made.all.seconds()) == (False, 0, 0.0)


async def test_a_wait_that_is_over_waits_for_room_as_well(law: Any):
    """It began later than it is now: the clock was set back."""
    made = await law(sender())
    made.set([NOW + 5_000])
    made.fill()
    assert made.all.waited() is None
    made.full, made.effects.expected[1] = False, 0
    stage, timer = made.all.waited()
    assert (stage.name, timer.due) == ("sends", NOW + 5_000)


# Effects that nobody performs.


@pytest.fixture
async def later(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Puts the clock of the loop forward by seconds."""
    loop, ahead = asyncio.get_running_loop(), [0.0]
    real = loop.time
    monkeypatch.setattr(loop, "time", lambda: real() + ahead[0])

    def put(seconds: float) -> None:
        ahead[0] += seconds

    return put


async def test_room_is_kept_from_the_opening_on_for_what_a_dead_worker_was_sending(law: Any):
    made = await law(sender())
    made.claim("lost")
    made.one.opened()
    assert made.effects.room(0, 1) == SLOTS - 1
    made.one.keep_room(made.claim("lost", task=None))
    assert made.effects.room(0, 1) == SLOTS


async def test_it_is_answered_after_its_leases_although_timers_are_held_up(law: Any, later: Any):
    made = await law(sender())
    made.claim("lost")
    made.claim("slow", task="handed over")
    made.one.opened()
    made.fill()
    assert (made.all.is_due(), made.punctuate().taken) == (False, 0)
    later(LEASE + 1)
    assert made.all.is_due()
    assert made.punctuate(waited=r.Timer("w", "ann", "t", NOW)).taken == 1  # looks at no effect
    block = made.punctuate()
    assert (ids(block), block.taken) == (["again lost"], 1)
    later(LEASE + 1)
    assert ids(made.punctuate()) == ["again lost", "again slow"]


async def test_one_that_ends_without_an_outcome_is_looked_for(law: Any, later: Any):
    made = await law(sender())
    made.claim("own")

    async def act(_: Context) -> None:
        return None

    performing = made.effects.begin(Effect(act, 0, "own"), made.context)
    made.one.opened()
    later(LEASE + 1)
    assert not made.all.is_due()
    await performing
    made.one.lost()
    assert made.effects.room(0, 1) == SLOTS - 1
    later(LEASE + 1)
    assert ids(made.punctuate()) == ["again own"]
