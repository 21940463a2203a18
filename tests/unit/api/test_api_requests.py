"""An ambiguous request is refused, at every operation, before anything else of it is read."""

import re
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import pytest

from api.app import create_app, openapi
from api.configuration import Settings
from api.http import tokens

NOBODY, SECRET = "127.0.0.1:9", "s" * 32
OPERATIONS = [
    (method.upper(), re.sub(r"\{\w+\}", str(UUID(int=1, version=4)), path), operation)
    for path, methods in openapi()["paths"].items()
    for method, operation in methods.items()
    if path.startswith("/v1/")
]


@pytest.fixture(scope="module")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API without any of its parts."""
    settings = Settings(
        kafka=NOBODY, registry=f"http://{NOBODY}", postgres=f"postgresql://rondo@{NOBODY}/rondo", secret=SECRET
    )
    token = {"Authorization": f"Bearer {tokens.issue(SECRET, str(uuid4()))}"}
    app = create_app(settings)
    app.state.services = None  # no request comes so far that one is asked
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://rondo", headers=token) as client:
        yield client


@pytest.mark.parametrize("name", ["Authorization", "Content-Type", "Content-Encoding", "Idempotency-Key"])
async def test_a_header_that_is_given_twice_is_refused(name: str, http: httpx.AsyncClient):
    given = {"Authorization": http.headers["authorization"], "Content-Type": "application/json"}
    twice = [(name, given.get(name, "x")), (name, "y")]
    alone = [each for each in given.items() if each[0] != name]
    async with httpx.AsyncClient(transport=http._transport, base_url=http.base_url) as client:
        for method, path, _ in OPERATIONS:
            answer = await client.request(method, path, content=b"{}", headers=[*alone, *twice])
            assert (answer.status_code, answer.json()["type"], name in answer.json()["detail"]) == (
                400,
                "/problems/request",
                True,
            )


TAKEN = ("application/json", "Application/JSON", "application/json; charset=utf-8", 'application/json;charset="UTF8"')
REFUSED = ("text/json", "application/json; charset=latin-1", 'application/json; x=y; charset="utf-16"', "")


@pytest.mark.parametrize("media", [*TAKEN, *REFUSED])
async def test_a_body_is_json_in_utf_8_and_taken_unchanged(media: str, http: httpx.AsyncClient):
    bodies = [(method, path) for method, path, operation in OPERATIONS if "requestBody" in operation]
    assert len(bodies) > 8
    for method, path in bodies:
        answer = await http.request(method, path, content=b"[]", headers={"Content-Type": media})
        assert (answer.status_code == 415) == (media in REFUSED), (method, path)
        coded = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        assert (await http.request(method, path, content=b"[]", headers=coded)).status_code == 415


async def test_a_whole_number_is_written_in_digits(http: httpx.AsyncClient):
    asked = [
        (method, path, parameter["name"])
        for method, path, operation in OPERATIONS
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query" and parameter["schema"].get("type") == "integer"
    ]
    assert len(asked) > 10
    for method, path, name in asked:
        for text in ("1_0", "+5", " 5", "5.0", "5e0", "\u0665", "\uff15"):
            answer = await http.request(method, path, params={name: text})
            assert name in [error["field"] for error in answer.json()["errors"]], (path, text)
