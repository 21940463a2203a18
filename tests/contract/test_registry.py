"""Rondo's own registry: what it keeps, what it refuses, and that it outlives its process."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from fastapi.routing import APIRoute

from local import ports
from local.process import Command, Process
from schemas.registry.client import CONTENT_TYPE
from schemas.registry.server import router
from tests.contract.conftest import Serve

EMPTY = '{"type":"record","name":"A","fields":[]}'
WITH_X = '{"type":"record","name":"A","fields":[{"name":"x","type":"long","default":0}]}'
WITH_Y = '{"type":"record","name":"A","fields":[{"name":"y","type":"long"}]}'


async def register(rest: httpx.AsyncClient, subject: str, text: str) -> httpx.Response:
    return await rest.post(f"/subjects/{subject}/versions", json={"schema": text})


def refusal(answer: httpx.Response) -> tuple[int, int]:
    assert answer.headers["content-type"] == CONTENT_TYPE
    assert answer.json()["message"]
    return answer.status_code, answer.json()["error_code"]


async def test_a_restart_keeps_ids_versions_levels_and_deletions(serve: Serve, subject: str):
    before = await serve()
    first = (await register(before, subject, EMPTY)).json()
    second = (await register(before, subject, WITH_X)).json()
    await before.put(f"/config/{subject}", json={"compatibility": "NONE"})
    await before.delete(f"/subjects/{subject}/versions/1")
    after = await serve()
    assert (await after.get(f"/schemas/ids/{first['id']}")).json() == {"schema": EMPTY}
    assert (await after.get(f"/subjects/{subject}/versions/latest")).json() == second
    assert (await after.get(f"/subjects/{subject}/versions")).json() == [2]
    assert (await after.get(f"/config/{subject}")).json() == {"compatibilityLevel": "NONE"}
    assert (await register(after, subject, WITH_X)).json() == second


async def test_registrations_at_the_same_time_get_ids_of_their_own(rest: httpx.AsyncClient, subject: str):
    texts = [f'{{"type":"enum","name":"E","symbols":["S{number}"]}}' for number in range(10)]
    await rest.put(f"/config/{subject}", json={"compatibility": "NONE"})
    answers = [answer.json() for answer in await asyncio.gather(*(register(rest, subject, text) for text in texts * 2))]
    assert sorted({answer["version"] for answer in answers}) == list(range(1, 11))
    assert len({answer["id"] for answer in answers}) == 10
    assert answers[:10] == answers[10:]


async def test_two_registries_on_one_broker_never_give_an_id_twice(serve: Serve, subject: str):
    one, other = await serve(), await serve()
    texts = [f'{{"type":"enum","name":"F{subject[6:38]}{number}","symbols":["S"]}}' for number in range(3)]
    given = []
    for rest, text in zip((one, other, one), texts, strict=True):
        given.append((await register(rest, f"{subject}-{len(given)}", text)).json()["id"])
    assert len(set(given)) == 3
    assert [(await one.get(f"/schemas/ids/{number}")).json()["schema"] for number in given] == texts


async def test_one_schema_has_one_id_under_every_subject(rest: httpx.AsyncClient, subject: str):
    first = (await register(rest, subject, WITH_X)).json()
    second = (await register(rest, f"{subject}-2", WITH_X.replace(":", " : "))).json()
    assert first["id"] == second["id"]
    places = (await rest.get(f"/schemas/ids/{first['id']}/versions")).json()
    assert {"subject": subject, "version": 1} in places
    assert {"subject": f"{subject}-2", "version": 1} in places


async def test_a_schema_that_cannot_read_existing_records_is_refused(rest: httpx.AsyncClient, subject: str):
    await register(rest, subject, EMPTY)
    refused = await register(rest, subject, WITH_Y)
    assert refusal(refused) == (409, 409)
    assert "version 1" in refused.json()["message"]
    assert (await rest.get(f"/subjects/{subject}/versions")).json() == [1]


async def test_compatibility_is_asked_about_without_registering(rest: httpx.AsyncClient, subject: str):
    await register(rest, subject, EMPTY)
    for path in (f"/compatibility/subjects/{subject}/versions", f"/compatibility/subjects/{subject}/versions/latest"):
        assert (await rest.post(path, json={"schema": WITH_X})).json() == {"is_compatible": True}
        verdict = (await rest.post(path, params={"verbose": True}, json={"schema": WITH_Y})).json()
        assert verdict["is_compatible"] is False
        assert "no default (y, at /fields/0)" in verdict["messages"][0]


async def test_a_subjects_level_counts_before_everyones(rest: httpx.AsyncClient, subject: str):
    assert (await rest.get("/config")).json() == {"compatibilityLevel": "BACKWARD_TRANSITIVE"}
    await register(rest, subject, EMPTY)
    await rest.put(f"/config/{subject}", json={"compatibility": "none"})
    assert (await register(rest, subject, '"string"')).status_code == 200
    assert (await rest.delete(f"/config/{subject}")).json() == {"compatibilityLevel": "NONE"}
    assert refusal(await register(rest, subject, '"long"')) == (409, 409)
    shown = await rest.get(f"/config/{subject}", params={"defaultToGlobal": True})
    assert shown.json() == {"compatibilityLevel": "BACKWARD_TRANSITIVE"}


async def test_a_deleted_subject_is_gone_but_its_schemas_stay_readable(rest: httpx.AsyncClient, subject: str):
    number = (await register(rest, subject, EMPTY)).json()["id"]
    assert (await rest.delete(f"/subjects/{subject}")).json() == [1]
    assert subject not in (await rest.get("/subjects")).json()
    assert subject in (await rest.get("/subjects", params={"deleted": True})).json()
    assert (await rest.get(f"/schemas/ids/{number}/schema")).json() == {"type": "record", "name": "A", "fields": []}
    assert (await register(rest, subject, WITH_Y)).json()["version"] == 2


@pytest.mark.parametrize(
    ("asked", "body", "code"),
    [
        ("GET /subjects/{none}/versions", None, (404, 40401)),
        ("POST /subjects/{none}", {"schema": EMPTY}, (404, 40401)),
        ("DELETE /subjects/{none}", None, (404, 40401)),
        ("GET /subjects/{subject}/versions/9", None, (404, 40402)),
        ("GET /subjects/{subject}/versions/first", None, (422, 42202)),
        ("POST /subjects/{subject}", {"schema": WITH_Y}, (404, 40403)),
        ("GET /schemas/ids/2147483647", None, (404, 40403)),
        ("GET /schemas/ids/first", None, (422, 422)),
        ("GET /config/{subject}", None, (404, 40408)),
        ("PUT /config/{subject}", {"compatibility": "SOME"}, (422, 42203)),
        ("POST /subjects/{subject}/versions", {"schema": "{"}, (422, 42201)),
        ("POST /subjects/{subject}/versions", {"schema": "{}", "schemaType": "JSON"}, (422, 42201)),
        ("POST /subjects/{subject}/versions", {}, (422, 422)),
        ("POST /subjects/{subject}/versions", {"schema": "[" * 60_000}, (422, 42201)),
        ("POST /subjects/{subject}", {"schema": "[" * 60_000}, (422, 42201)),
        ("POST /compatibility/subjects/{subject}/versions", {"schema": '{"a":' * 2000}, (422, 42201)),
        ("POST /compatibility/subjects/{subject}/versions/1", {"schema": '"' + "x" * 70_000 + '"'}, (422, 42201)),
        ("POST /subjects/{subject}/versions", {"schema": " " * 300_000}, (413, 413)),
        ("POST /compatibility/subjects/{subject}/versions", {"schema": " " * 300_000}, (413, 413)),
        ("PUT /config/{subject}", {"compatibility": "X" * 300_000}, (413, 413)),
        ("PUT /config/{long}", {"compatibility": "NONE"}, (422, 42208)),
        ("POST /subjects/{long}/versions", {"schema": EMPTY}, (422, 42208)),
        ("GET /subjects/{subject}/versions/{digits}", None, (422, 42202)),
        ("GET /schemas/ids/{digits}", None, (422, 422)),
        ("DELETE /subjects/{subject}?permanent=true", None, (422, 422)),
        ("GET /nowhere", None, (404, 404)),
        ("PATCH /subjects", None, (405, 405)),
    ],
)
async def test_every_refusal_has_confluents_code_and_a_message(
    rest: httpx.AsyncClient, subject: str, asked: str, body: object, code: tuple[int, int]
):
    await register(rest, subject, EMPTY)
    named = {"subject": subject, "none": f"{subject}-none", "long": "x" * 1000, "digits": "9" * 5000}
    method, path = asked.format_map(named).split()
    answer = await rest.request(method, path, json=body)
    assert refusal(answer) == code
    assert len(answer.content) < 4096


@pytest.mark.parametrize("content", [b"[" * 200_000, b'{"schema":' * 20_000, b'{"schema": "\xff"}'])
async def test_a_body_that_is_no_json_is_refused(rest: httpx.AsyncClient, subject: str, content: bytes):
    answer = await rest.post(f"/subjects/{subject}/versions", content=content)
    assert refusal(answer) in ((400, 400), (422, 422))


async def test_half_of_a_surrogate_pair_is_answered_as_it_was_asked(rest: httpx.AsyncClient, subject: str):
    for text in (b'\\"\\ud800\\"', b'{\\"type\\": \\"string\\", \\"doc\\": \\"\\ud800\\"}'):
        answer = await rest.post(f"/subjects/{subject}", content=b'{"schema": "%s"}' % text)
        assert refusal(answer) in ((422, 42201), (404, 40401))


async def test_whatever_is_read_by_get_is_read_by_head(rest: httpx.AsyncClient, subject: str):
    known = {"subject": subject, "version": "1", "number": (await register(rest, subject, EMPTY)).json()["id"]}
    await rest.put(f"/config/{subject}", json={"compatibility": "NONE"})
    paths = {route.path for route in router.routes if isinstance(route, APIRoute) and "GET" in route.methods}
    assert len(paths) > 10
    for path in (path.format_map(known) for path in paths):
        got, asked = await rest.get(path), await rest.head(path)
        assert (got.status_code, asked.status_code, asked.content) == (200, 200, b""), path
        assert (asked.headers, asked.headers["x-content-type-options"]) == (got.headers, "nosniff")


async def test_it_says_what_it_is(rest: httpx.AsyncClient):
    assert (await rest.get("/")).json() == {}
    assert (await rest.get("/schemas/types")).json() == ["AVRO"]
    assert (await rest.get("/mode")).json() == {"mode": "READWRITE"}


@pytest.fixture
def process(kafka: str, tmp_path: Path) -> Callable[[], Iterator[tuple[Process, str]]]:
    """A function that runs `python -m schemas.registry` on the broker, at the same address each time."""
    url = f"http://{ports.HOST}:{ports.choose(['registry'], {})['registry']}"
    environment = {"RONDO_KAFKA": kafka, "RONDO_REGISTRY": url}
    command = Command("The registry", [sys.executable, "-m", "schemas.registry"], tmp_path / "log", environment)

    @contextmanager
    def run() -> Iterator[tuple[Process, str]]:
        started = Process(command)
        try:
            started.wait_until(lambda: answers(url), 30)
            yield started, url
        finally:
            started.stop()

    return run


def answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


def test_a_process_that_is_killed_has_kept_what_it_answered(
    process: Callable[[], Iterator[tuple[Process, str]]], subject: str
):
    with process() as (running, url):
        given = httpx.post(f"{url}/subjects/{subject}/versions", json={"schema": EMPTY}).json()
        os.kill(running.pid, signal.SIGKILL)
    with process() as (running, url):
        kept = httpx.get(f"{url}/subjects/{subject}/versions/1")
        assert (kept.json(), "server" in kept.headers) == (given, False)


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"RONDO_REGISTRY": "http://127.0.0.1:1"}, "The setting RONDO_KAFKA is missing: "),
        ({"RONDO_KAFKA": "127.0.0.1:1", "RONDO_REGISTRY": "here"}, "The setting RONDO_REGISTRY is not usable: "),
        ({"RONDO_KAFKA": "127.0.0.1:1", "RONDO_REGISTRY": "http://127.0.0.1:1"}, "Kafka at 127.0.0.1:1 can't be used"),
    ],
)
def test_what_is_wrong_at_the_start_is_one_sentence(environment: dict[str, str], sentence: str):
    clean = {name: value for name, value in os.environ.items() if not name.startswith("RONDO_")}
    ended = subprocess.run(
        [sys.executable, "-m", "schemas.registry"],
        env=clean | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(sentence)
    assert ended.stderr.count("\n") == 1
