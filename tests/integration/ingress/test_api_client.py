"""The typed client, against the API."""

import asyncio
from collections.abc import Iterator
from uuid import uuid4

import pytest

from api.http import tokens
from local import ports
from rondo.client import AsyncRondo, Invalid, Pending, Rondo, Unauthorized, Unreachable, settled
from tests.integration.ingress.conftest import SECRET
from tests.integration.ingress.standin import StandIn


@pytest.fixture
def rondo(api: str) -> Iterator[Rondo]:
    """A new user's client."""
    with Rondo(api, tokens.issue(SECRET, str(uuid4()))) as client:
        yield client


async def test_a_task_goes_its_whole_way(rondo: Rondo, stages: StandIn) -> None:
    def story() -> list[str]:
        task = rondo.create("Report", wait=20, key="1", tags=["work"])["task"]["id"]
        rondo.update(task, wait=20, title="Annual report")
        rondo.complete(task, wait=20)
        rondo.reopen(task, wait=20)
        assert rondo.task(task)["title"] == "Annual report"
        rondo.delete(task, wait=20)
        return [entry["event"] for entry in rondo.history(task, limit=2)]

    assert await asyncio.to_thread(story) == [
        "TaskCreated",
        "TaskUpdated",
        "TaskCompleted",
        "TaskReopened",
        "TaskDeleted",
    ]


async def test_a_command_is_followed_by_its_id(rondo: Rondo, stages: StandIn) -> None:
    def story() -> str:
        command = rondo.create("Follow me")["command"]
        assert command["status"] == "pending"
        return str(rondo.command(command["id"], wait=20)["status"])

    assert await asyncio.to_thread(story) == "accepted"


async def test_lists_are_read_to_their_end(rondo: Rondo, stages: StandIn) -> None:
    def story() -> list[str]:
        for title in ("one", "two", "three"):
            rondo.create(title, wait=20)
        assert list(rondo.reminders()) == list(rondo.notifications()) == []
        return [task["title"] for task in rondo.tasks("open", limit=2)]

    assert await asyncio.to_thread(story) == ["three", "two", "one"]


async def test_the_client_for_asyncio_does_the_same(api: str, stages: StandIn) -> None:
    async with AsyncRondo(api, tokens.issue(SECRET, str(uuid4()))) as rondo:
        for title in ("one", "two", "three"):
            task = settled(await rondo.create(title, wait=20, priority="high"))
        assert (task["title"], task["priority"]) == ("three", "high")
        assert await rondo.task(task["id"]) == task | {"words": None}
        assert [task["title"] async for task in rondo.tasks("open", limit=2)] == ["three", "two", "one"]


async def test_an_answer_that_is_pending_has_no_task_yet(rondo: Rondo, stages: StandIn) -> None:
    answer = await asyncio.to_thread(rondo.create, "Follow me")
    with pytest.raises(Pending) as pending:
        settled(answer)
    assert pending.value.command == answer["command"]["id"]


def test_a_refusal_is_raised_as_the_problem_it_is(rondo: Rondo) -> None:
    with pytest.raises(Invalid) as refused:
        rondo.create("")
    assert (refused.value.kind, refused.value.code, refused.value.status) == ("validation", "validation", 422)
    assert refused.value.fields.keys() == {"title"}


def test_a_token_that_was_not_signed_there_is_refused(api: str) -> None:
    forged = tokens.issue("another secret, as long as it must be", str(uuid4()))
    with Rondo(api, forged) as rondo, pytest.raises(Unauthorized):
        next(rondo.tasks(), None)


def test_an_api_that_is_away_is_no_problem_but_unreachable() -> None:
    nobody = ports.choose(["nobody"], {})["nobody"]
    with Rondo(f"http://127.0.0.1:{nobody}", "token") as rondo, pytest.raises(Unreachable):
        rondo.task(str(uuid4()))
