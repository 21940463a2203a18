"""What the bench of timers loads and measures: reminders as their stage keeps them, each of which fires once."""

from collections.abc import Iterator
from contextlib import closing
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import cast

import pytest
from rich.console import Console

from bench import firing, pending
from bench.folds import Numbers
from bench.lateness import Fired, Load, Measured, show
from bench.meter import Usage
from bench.pending import CORE, Encode, Pending, shares
from bench.workload import PARTITIONS
from schemas.codec import Codec
from schemas.registry.client import Registry
from streams.runtime import Context
from streams.runtime.rocksdb import StateStore
from streams.runtime.settings import Settings

FIRST = 1_800_000_000_000


@pytest.fixture
async def context(tmp_path: Path) -> Context:
    codec = Codec(cast("Registry", Numbers()))
    await codec.publish(CORE.topics)
    return Context(Settings(kafka="", registry="http://unasked", data=tmp_path, partitions=PARTITIONS), codec)


@pytest.fixture
def state(tmp_path: Path, context: Context) -> Iterator[StateStore]:
    """A state with 300 pending reminders that were ingested, and 50 that were written and are due before."""
    encode = Encode(context.codec)
    StateStore(tmp_path / "0", CORE.timers).close()
    pending.ingest(tmp_path / "0", Pending(0, 50, 300, FIRST, 7), encode)
    with closing(StateStore(tmp_path / "0", CORE.timers)) as opened:
        pending.write(opened, Pending(0, 0, 50, FIRST - 1000, 0), encode)
        yield opened


async def test_reminders_that_are_loaded_fire_once_when_they_are_due(state: StateStore, context: Context):
    assert state.timers == 350
    fired = [(await firing.fire(state, context, 0, now, 1000))[0] for now in (FIRST - 1001, FIRST - 1, FIRST + 7 * 99)]
    assert fired == [0, 50, 100]
    assert state.timers == 200


async def test_a_reminder_that_fired_is_decided_in_the_state_of_its_task(state: StateStore, context: Context):
    await firing.fire(state, context, 0, FIRST + 7 * 300, 1000)
    kept = [context.codec.decode(value) for key, value in state.items() if key.startswith(b"reminders/held")]
    assert len(kept) == 350
    assert all(len(one.decisions) == 1 and not one.standing for one in kept)


def test_all_shares_of_the_partitions_are_due_one_after_another():
    dues = sorted(share.timer(n).due for share in shares(1001, FIRST, 4) for n in range(share.size))
    assert dues == [FIRST + 4 * n for n in range(1001)]


def test_entries_are_in_the_order_of_their_keys(context: Context):
    some, encode = Pending(1, 9, 6000, FIRST, 3), Encode(context.codec)
    for entries in (some.of_tasks(encode), some.of_timers(encode)):
        assert all(one < other for (one, _), (other, _) in pairwise(entries))


def test_what_was_measured_is_shown_beside_the_first_number_of_pending_ones():
    console = Console(file=StringIO(), width=200)
    fired = Fired([1.0] * 98 + [150.0, 200.0], Usage(cpu=0.01, memory=64 << 20))
    more = Fired(fired.late, Usage(cpu=0.02, memory=96 << 20))
    load = Load(rate=10, seconds=10, burst=100, lead=1)
    show(console, load, [Measured(0, 1.5, fired, fired, 0), Measured(1000, 2.5, more, more, 70)])
    shown = cast("StringIO", console.file).getvalue()
    assert "ratio timers-fired-per-second@1000 500.000" in shown
    assert "ratio timers-cpu-us@1000 200.000" in shown
    assert "ratio timers-memory-mib:1000-0 32.000" in shown
