"""When a client waits for an outcome, the views are asked once it is there."""

import asyncio
from typing import Any, cast

from api.commands.outcomes import FIRST, Answered, Outcomes

POLL = 60.0


class Views:
    """Outcomes by command, and how often one was looked for."""

    def __init__(self) -> None:
        self.known: dict[str, Answered] = {}
        self.looks = 0


class Looking(Outcomes):
    """Outcomes that are looked for in memory."""

    def __init__(self, views: Views) -> None:
        super().__init__("", cast("Any", views), POLL, 1.0, 10)
        self._known = views

    async def look(self, user: str, command: str, seconds: float | None = None) -> Answered | None:  # noqa: ARG002
        self._known.looks += 1
        return self._known.known.get(command)


ANSWER = Answered(cast("Any", "accepted"), None)


def outcomes(*, listening: bool) -> tuple[Views, Looking]:
    views = Views()
    made = Looking(views)
    made.listening = listening
    return views, made


async def test_an_outcome_that_is_heard_of_is_looked_up_once():
    views, made = outcomes(listening=True)
    waiting = asyncio.create_task(made.wait("ann", "one", POLL))
    await asyncio.sleep(0)
    views.known["one"] = ANSWER
    made._wake(["one"])
    assert await waiting is ANSWER
    assert views.looks == 1


async def test_an_outcome_that_is_not_heard_of_is_found_by_the_first_look():
    views, made = outcomes(listening=True)
    views.known["one"] = ANSWER
    assert await asyncio.wait_for(made.wait("ann", "one", POLL), 100 * FIRST) is ANSWER


async def test_without_listening_a_look_comes_first():
    views, made = outcomes(listening=False)
    waiting = asyncio.create_task(made.wait("ann", "one", POLL))
    await asyncio.sleep(0)
    assert views.looks == 1
    made.stop()
    assert await waiting is None


async def test_a_wait_that_is_over_ends_with_a_look():
    views, made = outcomes(listening=True)
    assert await made.wait("ann", "one", FIRST / 10) is None
    assert views.looks == 1
