"""However stages are grouped and blocks are cut, the topics hold the same, also if folds fail and are put back."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from schemas import records as r
from schemas.topics import RETRIES
from tests.chaos.load import People
from tests.unit.runtime.failing import Failing, Faults
from tests.unit.runtime.test_grouping import CORE, PAUSE, Grouping, groupings

DAYS, COMMANDS = 2, 12


@contextmanager
def machine(grouping: Grouping, seed: int, faults: Faults) -> Iterator[Failing]:
    with TemporaryDirectory(prefix="rondo-test-") as at:
        made = Failing(grouping, Path(at), seed, faults)
        try:
            yield made
        finally:
            for state in made.states.values():
                state.close()


async def live(made: Failing, seed: int, *, at_once: bool) -> None:
    """Commands, and dead letters sent again at drawn places; then timers that are due, and again all that failed."""
    await made.prepare()
    people = People(f"failing {seed}", 1, by_calendar=False)
    for day in range(DAYS):
        for number in range(COMMANDS):
            made.say(people.next(made.now + number))
            again = made.faults.draw("again", day, number) % 4 == 0
            if again or not at_once:
                await made.work()
            if again:
                chosen = [one for one in made.dead if made.faults.draw("sent", day, number, one) % 2]
                await made.send_again(chosen, at_once=at_once)
        await made.work()
        made.now += PAUSE
        await made.timers_fire()
        await made.send_again([*made.dead], at_once=at_once)
    for _ in range(2):  # none fails more often
        await made.send_again([*made.dead], at_once=at_once)


async def lived(grouping: Grouping, faults: Faults, *, at_once: bool) -> tuple[Any, ...]:
    with machine(grouping, faults.seed, Faults(faults.seed, faults.stages)) as made:
        await live(made, faults.seed, at_once=at_once)
        return made.seen()


FAULTS = st.builds(Faults, st.integers(0, 10_000), st.frozensets(st.sampled_from(CORE), min_size=1))


@settings(max_examples=10, deadline=None)
@given(grouping=st.sampled_from([*groupings(CORE)]), faults=FAULTS)
async def test_what_fails_and_is_put_back_leads_to_the_same_in_every_grouping(grouping: Grouping, faults: Faults):
    assert await lived(grouping, faults, at_once=False) == await lived((CORE,), faults, at_once=True)


async def test_what_fails_is_of_every_kind():
    """Records of the log and such that were handed on, notices, timers, and what is sent again."""
    with machine((CORE,), 9, Faults(9, frozenset(CORE))) as made:
        await live(made, 9, at_once=True)
        topics = {"task-commands", "task-followups", "task-events", "task-notices", "reminder-notices", RETRIES.name}
        assert {topic for _, topic in made.died} == {*topics, "changelog"}
        assert any(cast("r.Retry", made.codec.decode(raw.value)).later for raw in made.topics[RETRIES.name])
