# ruff: noqa: RUF001 - it is about letters that are taken for others
"""Words of every script are found, and what takes long to look through holds up nobody."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg
import httpx
import pytest

from api.http import tokens
from schemas.records import Task
from tests.integration.ingress.conftest import SECRET
from tests.integration.ingress.standin import StandIn, User
from tests.integration.ingress.test_api_finding import a_task, found, page, put
from tests.integration.ingress.test_api_without_parts import serving
from tests.unit.test_words import TITLES, own_words

HELD_UP = 0.25
"""Seconds that one request may keep others waiting."""


def tasks(user: User, *titles: str) -> list[Task]:
    return [a_task(user, title) for title in titles]


async def test_a_title_is_found_by_each_of_its_own_words(user: User, stages: StandIn) -> None:
    await put(stages, *tasks(user, *TITLES))
    for title in TITLES:
        for word in own_words(title):
            titles, corrected = await found(user, word)
            assert (title in titles, corrected) == (True, None), word


async def test_what_is_written_without_spaces_is_found_by_its_parts(user: User, stages: StandIn) -> None:
    await put(stages, *tasks(user, "牛乳を買う", "东京出差准备材料", "프로젝트회의에서", "ซื้อนม"))
    for typed, title in {
        "買う": "牛乳を買う",
        "買": "牛乳を買う",
        "出差": "东京出差准备材料",
        "准备材料 东京": "东京出差准备材料",
        "회의": "프로젝트회의에서",
        "นม": "ซื้อนม",
    }.items():
        assert await found(user, typed) == ([title], None)
    assert await found(user, "差出") == ([], None)


async def test_words_are_found_in_their_other_forms_and_marked(user: User, stages: StandIn) -> None:
    await put(stages, a_task(user, "ＡＣＭＥ ﬁles", notes="牛乳を買う: H₂O"))
    for typed, marked in {
        "acme": "ＡＣＭＥ",
        "files": "ﬁles",
        "h2o": "H₂O",
        "買う": "買う",
        "乳を買う": "乳を買う",
    }.items():
        [task] = (await page(user, q=typed))["items"]
        parts = [*task["highlights"]["title"], *task["highlights"]["notes"]]
        assert [part["text"] for part in parts if part["match"]] == [marked], typed
    assert await found(user, "ａｃｍｅ", filter="title ~ “acme” and notes ~ «h2o»") == (["ＡＣＭＥ ﬁles"], None)


async def test_a_page_whose_texts_take_long_to_mark_has_no_marks_at_its_end(user: User, stages: StandIn) -> None:
    long = "1½ " * 5_000 + "x"  # each word is folded to several
    await put(stages, *(a_task(user, f"long {n}", notes=long) for n in range(40)))
    marks = [task["highlights"] for task in (await page(user, q="x", limit=40))["items"]]
    assert (len(marks), marks[0] is None, marks[-1]) == (40, False, None)


async def test_what_is_indexed_of_notes_is_marked_and_what_is_not_is_not(user: User, stages: StandIn) -> None:
    await put(stages, a_task(user, "long", notes="here " + "㍿" * 16_000 + " there"))  # each letter becomes four
    [task] = (await page(user, q="here"))["items"]
    assert {"text": "here", "match": True} in task["highlights"]["notes"]
    assert await found(user, "there") == (["long"], "here")  # the only word that is like it
    assert (await found(user, "long", filter="notes ~ here"))[0] == ["long"]


_ROWS = """
    insert into rondo.tasks (
        id, user_id, title, notes, notes_folded, words, priority, reminders, status, version, created_at, changed_at
    )
    select gen_random_uuid(), $1, 'many', $3 || n, $3 || n, made.words, 'NONE', '[]', 'OPEN', 1, now(), now()
    from generate_series(1, $2) as n cross join lateral (
        select array_to_tsvector(array_agg($4 || 'abc' || md5(n || ' ' || m))) as words from generate_series(1, $5) as m
    ) as made"""


@asynccontextmanager
async def somebody(database: str, nobody: str, seconds: float) -> AsyncIterator[tuple[str, httpx.AsyncClient]]:
    """A user of an API in this process, whose reads have ``seconds``; rows go into Postgres directly."""
    connected = {"kafka": nobody, "registry": f"http://{nobody}", "postgres": database}
    async with serving(**connected, query_timeout=seconds) as client:
        user = str(uuid4())
        client.headers["Authorization"] = f"Bearer {tokens.issue(SECRET, user)}"
        yield user, client


async def fill(database: str, user: str, tasks: int, *, notes: str = "", words: int = 1) -> None:
    """Give the user tasks with these notes, and ``words`` words each that nobody else has."""
    connection = await asyncpg.connect(database)
    key = user[:3].translate(str.maketrans("0123456789", "ghijklmnop"))
    await connection.execute("set role rondo_views")
    await connection.execute(_ROWS, user, tasks, notes, key, words)
    await connection.close()


async def longest_turn(over: asyncio.Event) -> float:
    """The most CPU that the event loop spends before it serves somebody else: a busy machine does not count."""
    most, before = 0.0, time.thread_time()
    while not over.is_set():
        await asyncio.sleep(0)
        most, before = max(most, time.thread_time() - before), time.thread_time()
    return most


async def test_long_notes_are_looked_through_within_their_time(database: str, nobody: str) -> None:
    async with somebody(database, nobody, 10) as (user, client):
        await fill(database, user, 1000, notes="é ü ñ ç — " * 1638)
        listed = ", ".join(f"w{number}" for number in range(245))
        for asked in ("notes ~ nowhere", f"notes in ({listed})", f"notes not in ({listed}) and notes ~ nowhere"):
            began = time.monotonic()
            answer = await client.get("/v1/tasks", params={"filter": asked})
            assert (answer.status_code, answer.json()["items"]) == (200, []), asked
            assert time.monotonic() - began < 5, asked


async def test_unknown_words_beside_very_many_hold_up_nobody(database: str, nobody: str) -> None:
    async with somebody(database, nobody, 10) as (user, client):
        await fill(database, user, 60, words=2000)
        unknown, over = " ".join(f"abcxyz{number}{'q' * number}" for number in range(10)), asyncio.Event()
        watched = asyncio.create_task(longest_turn(over))
        began = time.monotonic()
        answer = await client.get("/v1/tasks", params={"q": unknown})
        took = time.monotonic() - began
        over.set()
        assert (answer.status_code, answer.json()["items"], answer.json()["corrected"]) == (200, [], None)
        assert await watched < HELD_UP
        assert took < 6


async def test_too_much_to_look_through_is_said_so_and_ends_in_postgres_too(database: str, nobody: str) -> None:
    async with somebody(database, nobody, 0.8) as (user, client):
        await fill(database, user, 1000, notes="é ü ñ ç — " * 1638)
        much = " or ".join(f"notes ~ w{number}" for number in range(120))
        for answer in (
            await client.get("/v1/tasks", params={"filter": much}),
            await client.get("/v1/tasks/facets", params={"filter": much}),
            await client.post("/v1/bulks/count", json={"filter": much, "action": "complete"}),
        ):
            assert (answer.status_code, answer.json()["type"]) == (422, "/problems/too-much"), answer.text
            assert "Retry-After" not in answer.headers
        assert (await client.get("/v1/tasks", params={"filter": "notes ~ w1", "limit": 1})).status_code == 200
        connection = await asyncpg.connect(database)
        running = "select count(*) from pg_stat_activity where state = 'active' and query like '%notes_folded like%'"
        assert await connection.fetchval(f"{running} and pid <> pg_backend_pid()") == 0
        await connection.close()


async def test_a_table_that_somebody_has_locked_is_away_and_not_too_much(database: str, nobody: str) -> None:
    async with somebody(database, nobody, 0.8) as (_, client):
        connection = await asyncpg.connect(database)
        async with connection.transaction():
            await connection.execute("lock table rondo.tasks in access exclusive mode")
            answer = await client.get("/v1/tasks", params={"filter": "open"})
        await connection.close()
        assert (answer.status_code, answer.json()["type"]) == (503, "/problems/unavailable")


@pytest.fixture
def nobody() -> str:
    """An address at which nobody listens."""
    from local import ports

    return f"127.0.0.1:{ports.choose(['nobody'], {})['nobody']}"
