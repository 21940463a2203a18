"""Effects: a limited number at a time, so that no partition delays another; and those left undone are found."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.folds import Numbers
from schemas.codec import Codec
from schemas.registry.client import Registry
from streams.runtime.context import Context
from streams.runtime.effects import Effect, Effects, Orphans
from streams.runtime.metrics import Metrics
from streams.runtime.rocksdb import StateStore
from streams.runtime.settings import Settings
from streams.runtime.stage import Stage

METRICS = Metrics(Stage("effecting", reads=()))
CONTEXT = Context(Settings(kafka="", registry="", data=Path()), Codec(cast("Registry", Numbers())))


async def never(_: Context) -> None:
    await asyncio.Event().wait()


async def fail(_: Context) -> None:
    raise ZeroDivisionError


def effects(slots: int = 4) -> Effects:
    return Effects("effecting", slots, METRICS.effects)


def begun(some: Effects, *what: Effect) -> list[asyncio.Task[bool]]:
    return [asyncio.ensure_future(some.begin(effect, CONTEXT)) for effect in what]


@given(st.integers(1, 40), st.integers(1, 9), st.lists(st.integers(0, 8), max_size=80))
def test_partitions_that_take_what_room_there_is_never_have_more_than_all_slots_and_always_their_own(
    slots, partitions, wishes
):
    some, ends = effects(slots), []
    for number in wishes:
        own = slots // (2 * partitions)
        taken = sum(effect.partition == number for effect in ends)
        assert some.room(number, partitions) >= max(0, own - taken) or number >= partitions
        if number < partitions and some.room(number, partitions):
            ends.append(Effect(never, number))
            some.begin(ends[-1], CONTEXT).close()  # type: ignore[attr-defined]  # it is a coroutine, and counts already
    assert some.running <= slots


@pytest.mark.parametrize(("slots", "partitions", "room"), [(128, 4, 80), (128, 1, 128), (1, 4, 1), (8, 2, 6)])
def test_a_partition_alone_has_its_own_slots_and_all_that_are_shared(slots: int, partitions: int, room: int):
    assert effects(slots).room(0, partitions) == room


async def test_an_effect_is_performed_from_the_moment_it_begins_until_it_ends():
    some, end = effects(), asyncio.Event()

    async def wait(_: Context) -> None:
        await end.wait()

    (task,) = begun(some, Effect(wait, 0, "a"))
    assert (some.performs("a"), some.performs("b"), some.running) == (True, False, 1)
    end.set()
    assert await task
    assert (some.performs("a"), some.running, some.ended) == (False, 0, 1)


async def test_one_that_fails_tells_so_and_has_ended():
    some = effects()
    (task,) = begun(some, Effect(fail, 0, "a"))
    assert not await task
    assert not some.performs("a")


async def test_those_beyond_the_slots_wait_in_their_order():
    some, done, end = effects(1), [], asyncio.Event()

    def noting(name: str) -> Effect:
        async def note(_: Context) -> None:
            await end.wait()
            done.append(name)

        return Effect(note)

    tasks = begun(some, *map(noting, "abc"))
    assert some.is_full()
    end.set()
    await asyncio.gather(*tasks)
    assert done == ["a", "b", "c"]


def test_room_is_kept_for_what_may_have_to_be_performed_again_until_it_begins_or_ends_elsewhere():
    some = effects(8)
    some.keep_room(0, "abcd")
    assert (some.room(0, 2), some.room(1, 2)) == (2, 4)
    some.begin(Effect(never, 0, "a"), CONTEXT).close()  # type: ignore[attr-defined]  # it is a coroutine, and counts already
    assert some.room(0, 2) == 2
    some.keep_room(0, "ab")
    assert some.room(0, 2) == 4
    some.keep_room(0, ())
    assert some.room(0, 2) == 5


def test_a_punctuation_has_room_for_its_output_before_it_begins_whichever_partition_asks():
    some = effects(8)
    some.expected[0] += 6
    assert (some.room(0, 2), some.room(1, 2)) == (0, 2)
    some.forget(0)
    assert some.room(1, 2) == 6


async def test_what_room_is_kept_for_waits_for_no_slot_and_no_more_than_once():
    some, done = effects(1), []

    async def note(_: Context) -> None:
        done.append(1)

    some.keep_room(0, "a")
    tasks = begun(some, Effect(never), *[Effect(note, 0, key) for key in "aba"])
    await asyncio.sleep(0)
    assert (done, some.running) == ([1], 3)
    for task in tasks:
        task.cancel()


async def test_to_stop_ends_what_runs_and_begins_nothing_that_waits():
    some, done, end = effects(1), [], asyncio.Event()

    async def first(_: Context) -> None:
        await end.wait()
        done.append("first")

    async def second(_: Context) -> None:
        done.append("second")

    tasks = begun(some, Effect(first), Effect(second))
    await asyncio.sleep(0)
    stopping = asyncio.create_task(some.finish(30))
    await asyncio.sleep(0)
    end.set()
    await asyncio.gather(stopping, *tasks)
    assert (done, some.running) == (["first"], 0)


async def test_what_does_not_end_is_left_after_its_time():
    some = effects()
    (task,) = begun(some, Effect(never))
    await asyncio.sleep(0)
    await some.finish(0.01)
    assert some.running == 1
    task.cancel()


async def test_only_the_effects_of_partitions_that_are_given_away_are_handed_over_and_one_that_fails_stops_none():
    some, handed = effects(), []

    async def hand_over(_: Context) -> None:
        handed.append(1)

    tasks = begun(
        some,
        Effect(never, 0, "a", fail),
        Effect(never, 0, "b", hand_over),
        Effect(never, 1, "c", hand_over),
        Effect(never, 0, "d"),
    )
    await some.hand_over([0], CONTEXT)
    assert handed == [1]
    for task in tasks:
        task.cancel()


@pytest.fixture
def state(tmp_path: Path) -> Iterator[StateStore]:
    """A state with four effects that have begun, each with as many leases as its entry is long; others beside them."""
    with closing(StateStore(tmp_path)) as state:
        state.write(
            {
                b"claims\x00a": b"1",
                b"claims\x00b": b"1",
                b"claims\x00c": b"1",
                b"claims\x00d": b"22",
                b"claimt\x00x": b"1",
            },
            0,
            0,
        )
        state.write({b"claims\x00a": b"1", b"claims\x00b": b"1", b"claims\x00c": b"1", b"claims\x00d": b"22"}, 0, 0)
        state.write({b"claimr\x00x": b"1", b"claimt\x00x": b"1"}, 0, 0)
        yield state


async def test_an_effect_that_nobody_performs_and_that_stays_the_same_from_one_look_to_the_next_is_an_orphan(
    state: StateStore,
):
    some, orphans = effects(), Orphans(b"claims\x00", 0.0, len)
    tasks = begun(some, Effect(never, 0, "a"))
    orphans.watch(state, some)
    state.write({b"claims\x00b": b"2"}, 0, 0)
    assert orphans.is_due()
    assert orphans.look(state, some) == ["c"]
    assert orphans.look(state, some) == ["b", "c", "d"]
    tasks[0].cancel()


async def test_what_ends_meanwhile_is_watched_no_longer(state: StateStore):
    orphans = Orphans(b"claims\x00", 0.0, len)
    orphans.watch(state, effects())
    orphans.forget({b"claims\x00a": None, b"claims\x00b": b"2", b"claimt\x00x": None})
    assert orphans.watched == {"b", "c", "d"}


async def test_nobody_looks_again_once_all_are_performed_or_gone(state: StateStore):
    some, orphans = effects(), Orphans(b"claims\x00", 0.0, len)
    orphans.watch(state, some)
    state.write(dict.fromkeys(b"claims\x00%c" % letter for letter in b"abcd"), 0, 0)
    assert orphans.look(state, some) == []
    assert not orphans.is_due()
