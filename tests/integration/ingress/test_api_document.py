"""Every operation is asked in every way that there is to refuse it, and each answer is as the OpenAPI document says."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from uuid import uuid4

import asyncpg
import httpx
import pytest

from api.http import document, tokens
from tests.integration.ingress import walk
from tests.integration.ingress.conftest import SECRET
from tests.integration.ingress.standin import User
from tests.integration.ingress.test_api_faults import known
from tests.integration.ingress.test_api_without_parts import serving, until_ready

NOBODY = "5d1a1c1e-6d3f-4d7a-9a55-0d9f3e6b7c21"
STRICT = "handling=strict"
WAITING = {"Prefer": f"wait=20, {STRICT}"}
TAGS = ('"77"', 'W/"1"', '"7", "8"', "*")


def asks(names: dict[str, str]) -> list[walk.Ask]:
    """Every operation, with each example of its body and each choice of its query."""
    wanted = [each for each in walk.asks(names) if not each.headers]
    problem = "/problems/validation"
    return [replace(each, path=problem) if each.path.startswith("/problems/") else each for each in wanted]


def first(wanted: Iterable[walk.Ask]) -> list[walk.Ask]:
    """Each operation once."""
    return list({each.documented["operationId"]: each for each in reversed(list(wanted))}.values())


def preferring(ask: walk.Ask) -> Iterator[walk.Ask]:
    for preference in ("", STRICT, f"wait=20, {STRICT}"):
        yield replace(ask, headers={"Prefer": preference})


def refused(ask: walk.Ask) -> Iterator[walk.Ask]:
    """A request in each way in which it is refused, or answered without that anything is done or shown."""
    for name, tags in [("If-None-Match", "*"), *(("If-Match", each) for each in TAGS)]:
        yield replace(ask, headers={name: tags, **WAITING})
    yield replace(ask, headers={"Authorization": "Bearer nonsense"})
    yield replace(ask, query={**ask.query, "unknown": "x"})
    yield replace(ask, path=f"{ask.path}?q=%FF", query={})
    yield replace(ask, path=_template(ask).format_map(dict.fromkeys(_NAMES, NOBODY)), headers={"Prefer": "wait=1"})
    if "requestBody" in ask.documented:
        for body in ({"unknown": 1}, {"title": "x" * 3_000_000}):
            yield replace(ask, body=body)
    if ask.is_command:
        key = {"Idempotency-Key": str(uuid4())}
        yield from (replace(ask, headers=key | more) for more in ({}, {"If-Match": '"55"'}, {"If-Match": '"56"'}))


_NAMES = ("task", "list_id", "filter_id", "target_id", "bulk", "command", "name")


def _template(ask: walk.Ask) -> str:
    """The path that the document has for a request."""
    paths = walk.DOCUMENT["paths"].items()
    return next(path for path, methods in paths if ask.documented in methods.values())


async def sent(http: httpx.AsyncClient, wanted: Sequence[walk.Ask], at_once: int = 20) -> list[walk.Answer]:
    """Send some at a time."""
    slices = [wanted[at : at + at_once] for at in range(0, len(wanted), at_once)]
    return [answer for some in slices for answer in await walk.sent(http, some)]


async def raw(http: httpx.AsyncClient, ask: walk.Ask, content: bytes, media: str) -> walk.Answer:
    """What is answered to a body that is no JSON, or does not say so."""
    return walk.Answer(
        ask, await http.request(ask.method, ask.path, content=content, headers={"Content-Type": media}), 0.0
    )


@pytest.mark.usefixtures("stages")
async def test_every_answer_is_documented_with_its_problem_and_its_headers_and_these_are_sent(user: User):
    wanted = asks(await known(user.http))
    answers = await sent(user.http, [each for ask in wanted for each in preferring(ask)])
    answers += await sent(user.http, [each for ask in first(wanted) for each in refused(ask)])
    for ask in first(each for each in wanted if each.body is not None):
        answers.append(await raw(user.http, ask, b"{", "application/json"))
        answers.append(await raw(user.http, ask, b"{}", "text/plain"))

    assert walk.undocumented(answers) == []
    assert {each for each in walk.unsent(answers) if each[1] < "300"} == set()
    seen = {each.type.rpartition("/")[2] for each in answers if each.type}
    assert seen >= {"request", "unauthorized", "not-found", "conflict", "version", "malformed", "too-large"}
    assert seen >= {"media-type", "validation", "idempotency-key-reused"}


@asynccontextmanager
async def slow(database: str, user: str) -> AsyncIterator[None]:
    """Looking at a task of a user takes half a second."""
    policy = f"""create policy slow on rondo.tasks as restrictive for select to rondo_api
        using (user_id <> '{user}' or pg_sleep(0.5)::text is not null)"""
    connection = await asyncpg.connect(database)
    await connection.execute(policy)
    try:
        yield
    finally:
        await connection.execute("drop policy slow on rondo.tasks")
        await connection.close()


def user_of(client: httpx.AsyncClient) -> str:
    return tokens.user_of(SECRET, client.headers["authorization"].partition(" ")[2])


def told(answers: Iterable[walk.Answer]) -> set[str]:
    """The operations that answered that there is too much to look through."""
    return {each.ask.documented["operationId"] for each in answers if each.type == "/problems/too-much"}


@pytest.mark.usefixtures("stages")
async def test_every_answer_is_documented_where_reading_takes_too_long(log: str, registry: str, database: str):
    parts = {"kafka": log, "registry": registry, "postgres": database}
    documented = {each["operationId"] for _, each in document.operations(walk.DOCUMENT) if "TooMuch" in str(each)}
    answers: list[walk.Answer] = []
    async with (
        asyncio.timeout(240),
        serving(**parts, query_timeout=30) as patient,
        serving(**parts, query_timeout=0.4, reads=100) as client,
    ):
        client.headers = patient.headers
        await until_ready(client, "broker", "registry", "postgres")
        while left := documented - told(
            answers
        ):  # on a busy machine a query may begin too late, which is another answer
            wanted = asks(await known(patient))
            again = [each for each in wanted if each.documented["operationId"] in left]
            async with slow(database, user_of(client)):
                answers += await sent(client, again if answers else wanted, at_once=8)
    assert walk.undocumented(answers) == []
    assert told(answers) == documented
    assert {"delete_task", "delete_list", "rename_tag", "delete_tag"} < documented
