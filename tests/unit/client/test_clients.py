"""Both clients, against an API with scripted answers: what is sent, what is sent again, what is raised."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from api.http.problems import CATALOGUE
from rondo.client import (
    AsyncRondo,
    NotRondo,
    OutcomeUnknown,
    Pending,
    Problem,
    Rondo,
    Unavailable,
    Unreachable,
    settled,
    wire,
)
from rondo.client.errors import BY_KIND, problem
from tests.unit.client.scripted import HANG_UP, Asked, Says, Scripted, refusal
from tests.unit.client.tasks import ACCEPTED, PENDING, TASK

Way = Callable[..., Any]
TOKEN = "a token"
AWAY = refusal("unavailable", 503)


def blocking(url: str, method: str, *arguments: Any, **named: Any) -> Any:
    with Rondo(url, TOKEN) as rondo:
        answer = getattr(rondo, method)(*arguments, **named)
        return list(answer) if hasattr(answer, "__next__") else answer


def asynchronous(url: str, method: str, *arguments: Any, **named: Any) -> Any:
    async def ask() -> Any:
        async with AsyncRondo(url, TOKEN) as rondo:
            answer = getattr(rondo, method)(*arguments, **named)
            return [item async for item in answer] if hasattr(answer, "__anext__") else await answer

    return asyncio.run(ask())


@pytest.fixture(params=[blocking, asynchronous])
def ask(request: pytest.FixtureRequest) -> Way:
    """A way to ask the API: through the one client or the other."""
    way: Way = request.param
    return way


def keys(asked: list[Asked]) -> list[str]:
    return [request.headers["Idempotency-Key"] for request in asked]


@pytest.mark.parametrize("trouble", [AWAY, refusal("outcome-unknown", 503), Says(502, "<html>", "text/html"), HANG_UP])
def test_a_command_is_sent_again_under_the_same_key(ask: Way, trouble: Says | None) -> None:
    with Scripted(trouble, Says(202, PENDING)) as api:
        assert ask(api.url, "create", "Buy milk") == PENDING
    first, second = keys(api.asked)
    assert first == second


def test_each_command_has_a_key_of_its_own(ask: Way) -> None:
    with Scripted(Says(202, PENDING), Says(202, PENDING)) as api:
        ask(api.url, "complete", "1")
        ask(api.url, "complete", "1")
    first, second = keys(api.asked)
    assert first != second


def test_a_key_that_is_given_is_the_one_that_is_sent(ask: Way) -> None:
    with Scripted(Says(202, PENDING)) as api:
        ask(api.url, "create", "Buy milk", key="monday")
    assert keys(api.asked) == ["monday"]


def test_waiting_is_asked_for_as_a_preference(ask: Way) -> None:
    with Scripted(Says(200, ACCEPTED), Says(202, PENDING)) as api:
        ask(api.url, "complete", "1", wait=20)
        ask(api.url, "complete", "1")
    assert [request.headers.get("Prefer") for request in api.asked] == ["wait=20", None]


@pytest.mark.parametrize("method", ["update", "complete", "reopen", "delete"])
def test_a_version_is_sent_as_the_tag_that_the_task_must_match(method: str) -> None:
    with Scripted(Says(202, PENDING), Says(202, PENDING)) as api:
        blocking(api.url, method, "1", version=3)
        blocking(api.url, method, "1")
    assert [request.headers.get("If-Match") for request in api.asked] == ['"3"', None]


@pytest.mark.parametrize(("kind", "status"), [("conflict", 409), ("too-much", CATALOGUE["too-much"].status)])
def test_a_refusal_is_not_sent_again(ask: Way, kind: str, status: int) -> None:
    with Scripted(refusal(kind, status)) as api, pytest.raises(Problem):
        ask(api.url, "complete", "1")
    assert len(api.asked) == 1


@pytest.mark.parametrize(("trouble", "raised"), [(AWAY, Unavailable), (HANG_UP, Unreachable)])
def test_what_stays_away_is_given_up(ask: Way, trouble: Says | None, raised: type[Exception]) -> None:
    with Scripted(*[trouble] * wire.ATTEMPTS) as api, pytest.raises(raised):
        ask(api.url, "task", "1")
    assert len(api.asked) == wire.ATTEMPTS


@pytest.mark.parametrize(
    ("doubt", "raised"),
    [
        (refusal("outcome-unknown", 503), OutcomeUnknown),
        (Says(504, "<html>", "text/html"), OutcomeUnknown),
        (HANG_UP, Unreachable),
    ],
)
def test_what_may_have_been_done_is_not_denied_because_a_later_attempt_did_nothing(
    ask: Way, doubt: Says | None, raised: type[Exception]
) -> None:
    with Scripted(doubt, *[AWAY] * (wire.ATTEMPTS - 1)) as api, pytest.raises(raised):
        ask(api.url, "complete", "1")
    assert len(api.asked) == wire.ATTEMPTS


def test_a_list_is_read_page_by_page(ask: Way) -> None:
    pages = [Says(200, {"items": [1, 2], "next": "c&c"}), Says(200, {"items": [3], "next": None})]
    with Scripted(*pages) as api:
        assert ask(api.url, "tasks", "open", limit=2) == [1, 2, 3]
    assert [request.path for request in api.asked] == [
        "/v1/tasks?limit=2&filter=open",
        "/v1/tasks?limit=2&filter=open&cursor=c%26c",
    ]


def test_an_id_can_not_lead_elsewhere(ask: Way) -> None:
    with Scripted(Says(200, TASK)) as api:
        ask(api.url, "task", "../reminders?limit=1")
    assert api.asked[0].path == "/v1/tasks/..%2Freminders%3Flimit%3D1"


@pytest.mark.parametrize(
    "says",
    [
        Says(200, "<html>", "text/html"),
        Says(200, "[]"),
        Says(200, "{"),
        Says(301, "", headers={"Location": "https://elsewhere.example"}),
        Says(404, "nothing", "application/problem+json"),
    ],
)
def test_what_the_api_would_never_say_is_not_taken_for_it(ask: Way, says: Says) -> None:
    with Scripted(says) as api, pytest.raises(NotRondo, match=api.url):
        ask(api.url, "task", "1")


@pytest.mark.parametrize(
    ("asked", "pause"), [("3", 3.0), ("3600", wire.LONGEST_PAUSE), ("0", True), ("", True), ("Mon, 23 Nov", True)]
)
def test_the_pause_is_the_one_that_the_api_asks_for_within_bounds(asked: str, pause: float) -> None:
    with (
        Scripted(refusal("unavailable", 503, Retry_After=asked)) as api,
        Rondo(api.url, TOKEN, attempts=1) as rondo,
        pytest.raises(Unavailable) as refused,
    ):
        rondo.task("1")
    assert wire.again(refused.value) == pause


@pytest.mark.parametrize("kind", BY_KIND)
def test_a_problem_of_the_catalogue_is_raised_as_its_own_error(kind: str) -> None:
    document = {"type": f"/problems/{kind}", "status": CATALOGUE[kind].status, "detail": "Why."}
    raised = problem(document)
    assert type(raised) is BY_KIND[kind]
    assert (raised.kind, raised.code, raised.status, raised.detail) == (kind, kind, CATALOGUE[kind].status, "Why.")


def test_a_problem_that_is_not_known_is_a_problem_all_the_same() -> None:
    assert type(problem({"type": "/problems/teapot", "status": 418})) is Problem


def test_a_rejection_says_its_own_code_and_its_fields() -> None:
    errors = [{"field": "due.date", "detail": "There is no such day."}]
    raised = problem({"type": "/problems/conflict", "status": 409, "code": "deleted", "errors": errors})
    assert (raised.code, raised.fields) == ("deleted", {"due.date": "There is no such day."})


def test_an_answer_gives_its_task_once_that_is_known() -> None:
    assert settled(ACCEPTED) == TASK  # type: ignore[arg-type]
    with pytest.raises(Pending):
        settled(PENDING)  # type: ignore[arg-type]
