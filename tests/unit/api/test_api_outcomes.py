"""When a client waits for an outcome, the views are asked once it is there; who asks at once asks together."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from api.commands.outcomes import Answered, Outcomes
from api.views import ViewsAway
from postgres.reader import Outcome, Task
from schemas.records import OutcomeKind

POLL = 60.0


class Views:
    """Outcomes by command, and which were looked for together, by user; ``opens`` lets a look begin."""

    def __init__(self) -> None:
        self.known: set[str] = set()
        self.looks: list[tuple[str, set[str]]] = []
        self.opens = asyncio.Event()
        self.opens.set()
        self.fault: Exception | None = None

    @asynccontextmanager
    async def of(self, user: str, seconds: float | None = None) -> AsyncIterator["View"]:  # noqa: ARG002
        await self.opens.wait()
        if self.fault:
            raise self.fault
        yield View(self, user)


class View:
    """The views of one user."""

    def __init__(self, views: Views, user: str) -> None:
        self._views, self._user = views, user

    async def answers(self, commands: Sequence[str]) -> dict[str, tuple[Outcome, Task | None]]:
        self._views.looks.append((self._user, set(commands)))
        return {command: (outcome(command), None) for command in commands if command in self._views.known}


def outcome(command: str) -> Outcome:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Outcome(command, at, OutcomeKind.ACCEPTED, None, "", None, None, None, None, None, None)


def answer(command: str) -> Answered:
    return Answered(outcome(command), None)


def outcomes(*, listening: bool) -> tuple[Views, Outcomes]:
    views = Views()
    made = Outcomes("", cast("Any", views), POLL, 1.0, 10)
    made.listening = listening
    return views, made


async def settled() -> None:
    """Let all tasks go on until they wait."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_an_outcome_that_is_heard_of_is_looked_up_once():
    views, made = outcomes(listening=True)
    with made.expecting("one") as expected:
        waiting = asyncio.create_task(made.wait("ann", "one", POLL, expected))
        await settled()
        assert not views.looks
        views.known.add("one")
        made._wake(["one"])
        assert await waiting == answer("one")
    assert views.looks == [("ann", {"one"})]


async def test_an_outcome_is_not_missed_that_comes_before_its_client_waits():
    views, made = outcomes(listening=True)
    with made.expecting("one") as expected:
        views.known.add("one")
        made._wake(["one"])
        assert await asyncio.wait_for(made.wait("ann", "one", POLL, expected), 5) == answer("one")
    assert len(views.looks) == 1


async def test_a_command_that_may_be_answered_already_is_looked_up_first():
    views, made = outcomes(listening=True)
    views.known.add("one")
    assert await asyncio.wait_for(made.wait("ann", "one", POLL), 5) == answer("one")


async def test_without_listening_a_look_comes_first():
    views, made = outcomes(listening=False)
    with made.expecting("one") as expected:
        waiting = asyncio.create_task(made.wait("ann", "one", POLL, expected))
        await settled()
        assert len(views.looks) == 1
        made.stop()
        assert await waiting is None


async def test_each_looks_again_once_it_listens_again():
    views, made = outcomes(listening=False)
    waiting = asyncio.create_task(made.wait("ann", "one", POLL))
    await settled()
    views.known.add("one")
    made._began()
    assert await asyncio.wait_for(waiting, 5) == answer("one")


async def test_a_wait_that_is_over_ends_with_a_look():
    views, made = outcomes(listening=True)
    with made.expecting("one") as expected:
        assert await made.wait("ann", "one", 0.001, expected) is None
    assert len(views.looks) == 1


async def test_all_who_are_woken_at_once_look_together_each_user_alone():
    views, made = outcomes(listening=True)
    commands = [("ann", "one"), ("ann", "two"), ("bob", "three")]
    waiting = [asyncio.create_task(made.wait(user, command, POLL)) for user, command in commands]
    await settled()
    views.looks.clear()
    views.known.update(["one", "two", "three"])
    made._wake(["one", "two", "three"])
    assert await asyncio.gather(*waiting) == [answer(command) for _, command in commands]
    assert sorted(views.looks, key=str) == [("ann", {"one", "two"}), ("bob", {"three"})]


async def test_who_looks_after_a_look_has_begun_begins_another():
    views, made = outcomes(listening=True)
    views.opens.clear()
    first = asyncio.create_task(made.look("ann", "one"))
    await settled()
    second = asyncio.create_task(made.look("ann", "two"))
    await settled()
    views.opens.set()
    await asyncio.gather(first, second)
    views.known.add("three")
    assert await made.look("ann", "three") == answer("three")
    assert views.looks == [("ann", {"one", "two"}), ("ann", {"three"})]


async def test_who_leaves_a_look_spoils_it_for_nobody():
    views, made = outcomes(listening=True)
    views.opens.clear()
    views.known.update(["one", "two"])
    first = asyncio.create_task(made.look("ann", "one"))
    second = asyncio.create_task(made.look("ann", "two"))
    await settled()
    first.cancel()
    await settled()
    views.opens.set()
    assert await second == answer("two")


async def test_a_look_ends_after_its_own_time():
    views, made = outcomes(listening=True)
    views.opens.clear()
    patient = asyncio.create_task(made.look("ann", "two"))
    assert await made.look("ann", "one", 0.001) is None
    views.known.add("two")
    views.opens.set()
    assert await patient == answer("two")


@pytest.mark.parametrize("fault", [ViewsAway("away"), ValueError("wrong")], ids=lambda fault: type(fault).__name__)
async def test_after_a_look_that_failed_the_next_one_is_another(fault: Exception):
    views, made = outcomes(listening=True)
    views.fault = fault
    if isinstance(fault, ViewsAway):
        assert await made.look("ann", "one") is None
    else:
        with pytest.raises(ValueError, match="wrong"):
            await made.look("ann", "one")
    views.fault = None
    views.known.add("one")
    assert await made.look("ann", "one") == answer("one")


async def test_nothing_is_kept_of_who_waited():
    views, made = outcomes(listening=True)
    views.known.add("one")
    with made.expecting("two"):
        await made.wait("ann", "one", POLL)
    await settled()
    assert not made._waiters
    assert not made._looks
    assert not made._waiting
