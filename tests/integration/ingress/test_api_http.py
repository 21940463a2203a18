"""HTTP as RFC 9110 and 9112 have it, over every operation: HEAD, entity tags, preconditions, and what is no request."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.integration.ingress import walk
from tests.integration.ingress.standin import Tail, User
from tests.integration.ingress.test_api_faults import known

pytestmark = pytest.mark.usefixtures("stages")
WAIT = {"Prefer": "wait=20"}
COUNT = "/v1/bulks/count"
"""Written to as nothing else is: it changes nothing, and there is nothing that preconditions could be about."""


def asks(names: dict[str, str]) -> list[walk.Ask]:
    """Every operation once, as it is asked for without anything that is left to choose."""
    first = {(each.method, each.path): each for each in reversed(list(walk.asks(names))) if not each.headers}
    return list(first.values())


async def reads(user: User) -> list[walk.Ask]:
    """Every read of something that is there."""
    found = [each for each in asks(await known(user.http)) if each.method == "GET"]
    problem = "/problems/validation"
    return [replace(each, path=problem) if each.path.startswith("/problems/") else each for each in found]


async def writes(user: User) -> list[walk.Ask]:
    return [each for each in asks(await known(user.http)) if each.method != "GET" and each.path != COUNT]


async def send(user: User, ask: walk.Ask, method: str = "", **headers: str) -> httpx.Response:
    """Send a request with these headers, whose names are written with underscores."""
    more: dict[str, Any] = {} if ask.body is None else {"json": ask.body}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await user.http.request(method or ask.method, ask.path, params=dict(ask.query), headers=named, **more)


async def test_whatever_is_read_by_get_is_read_by_head(user: User):
    for ask in await reads(user):
        got, asked = await send(user, ask), await send(user, ask, "HEAD")
        assert (asked.status_code, asked.content) == (got.status_code, b""), ask
        assert _lasting(asked) == _lasting(got), ask


def _lasting(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "date"}


async def test_what_is_read_again_unchanged_is_not_sent_again(user: User):
    for ask in await reads(user):
        tag = (await send(user, ask)).headers["etag"]
        for named in (tag, f'"other", {tag}', f"W/{tag.removeprefix('W/')}", "*"):
            answer = await send(user, ask, if_none_match=named)
            assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag), ask
        assert (await send(user, ask, if_none_match='"other"')).status_code == 200
        assert (await send(user, ask, if_match='"other"')).status_code == 412


async def test_a_write_whose_precondition_fails_is_412_and_not_on_the_log(user: User, tail: Tail):
    asked = await writes(user)
    before = await tail.ends()
    failing = [{"if_none_match": "*"}] + [
        {"if_match": tags} for tags in ('W/"1"', '"77", "78"', 'W/"1", "77"', '"x"', '"0"', "3", "", '"1" "2"', "~")
    ]
    for ask, headers in product(asked, failing):
        if (ask.path, headers) != ("/v1/settings", {"if_match": '"0"'}):  # they are of version 0 until they are set
            answer = await send(user, ask, **headers)
            assert (answer.status_code, answer.json().get("type")) == (412, "/problems/version"), (ask, headers)
    assert len(asked) > 20
    assert await tail.ends() == before


async def test_a_write_on_what_is_not_there_is_404_whatever_its_precondition_is(user: User):
    nothing = dict.fromkeys(IDS, "5d1a1c1e-6d3f-4d7a-9a55-0d9f3e6b7c21")
    for ask in asks({**nothing, "name": "nobody-has-it"}):
        if ask.method != "GET" and "{" in _template(ask):
            for headers in ({"if_none_match": "*"}, {"if_match": 'W/"1"'}, {"if_match": '"1", "2"'}):
                assert (await send(user, ask, **headers)).status_code == 404, (ask, headers)


async def test_what_has_no_version_is_not_made_by_a_write_that_asks_for_any(user: User):
    nothing = dict.fromkeys(IDS, "5d1a1c1e-6d3f-4d7a-9a55-0d9f3e6b7c21")
    for ask in asks({**nothing, "name": "nobody-has-it"}):
        if ask.method != "GET" and re.search("{(name|bulk|command)}", _template(ask)):
            assert (await send(user, ask, if_match="*")).status_code == 404, ask


def _template(ask: walk.Ask) -> str:
    """The path that the document has for a request."""
    paths = walk.DOCUMENT["paths"].items()
    return next(path for path, methods in paths if ask.documented in methods.values())


THINGS = [("tasks", {"title": "One"}, {"title": "Two"}), ("lists", {"name": "One"}, {"name": "Two"})]
TARGETS = ("targets", {"name": "One", "address": "ntfy://topic"}, {"name": "Two"})
IDS = ("task", "list_id", "filter_id", "target_id", "bulk", "command")
FILTERS = ("filters", {"name": "One", "filter": "open"}, {"name": "Two"})


@pytest.mark.parametrize(("kind", "made", "change"), [*THINGS, FILTERS, TARGETS])
async def test_one_of_several_tags_is_enough(kind: str, made: dict[str, str], change: dict[str, str], user: User):
    answer = await user.http.post(f"/v1/{kind}", json=made, headers=WAIT)
    href, tag = answer.headers["location"], answer.headers["etag"]

    stale = await user.http.patch(href, json=change, headers={**WAIT, "If-Match": f'"7", W/{tag}'})
    taken = await user.http.patch(href, json=change, headers={**WAIT, "If-Match": f'"7" , W/"x", {tag}'})
    again = await user.http.patch(href, json=made, headers={**WAIT, "If-Match": f'"7", {tag}'})

    assert [each.status_code for each in (stale, taken, again)] == [412, 200, 412]
    assert (await user.http.get(href)).headers["etag"] == taken.headers["etag"] != tag


async def test_a_request_that_was_answered_is_answered_so_again_though_its_tags_are_stale_by_now(user: User):
    task = (await user.http.post("/v1/tasks", json={"title": "One"}, headers=WAIT)).headers["location"]
    headers = {**WAIT, "Idempotency-Key": "change", "If-Match": '"1", "7"'}

    first, again = [await user.http.patch(task, json={"title": "Two"}, headers=headers) for _ in range(2)]
    other = await user.http.patch(task, json={"title": "Two"}, headers={**headers, "If-Match": '"1", "8"'})

    assert (first.status_code, again.status_code, again.json()) == (200, 200, first.json())
    assert (other.status_code, other.json()["type"]) == (422, "/problems/idempotency-key-reused")


async def test_the_tag_of_a_list_changes_with_what_it_shows(user: User):
    created = await user.http.post("/v1/lists", json={"name": "Home"}, headers=WAIT)
    href, empty = created.headers["location"], created.headers["etag"]
    on_it = {"title": "Water the plants", "list": created.json()["list"]["id"]}
    task = (await user.http.post("/v1/tasks", json=on_it, headers=WAIT)).headers["location"]

    read = await user.http.get(href, headers={"If-None-Match": empty})
    assert (read.status_code, read.json()["open"], read.json()["version"]) == (200, 1, 1)
    stale = await user.http.patch(href, json={"name": "House"}, headers={**WAIT, "If-Match": empty})
    await user.http.post(f"{task}/complete", headers=WAIT)
    fresh = await user.http.patch(href, json={"name": "House"}, headers={**WAIT, "If-Match": empty})

    assert (stale.status_code, fresh.status_code) == (412, 200)


@pytest.mark.parametrize("page", ["tasks", "lists", "filters", "targets", "tags", "tasks/facets"])
async def test_the_tag_of_a_page_changes_with_what_is_on_it(page: str, user: User):
    async def read() -> str:
        return (await user.http.get(f"/v1/{page}")).headers["etag"]

    empty = await read()
    names = await known(user.http)
    full = await read()
    await user.http.patch(f"/v1/tasks/{names['task']}", json={"title": "Other", "tags": ["other"]}, headers=WAIT)
    await user.http.patch(f"/v1/lists/{names['list_id']}", json={"name": "Other"}, headers=WAIT)
    await user.http.patch(f"/v1/filters/{names['filter_id']}", json={"name": "Other"}, headers=WAIT)
    await user.http.patch(f"/v1/targets/{names['target_id']}", json={"name": "Other"}, headers=WAIT)
    assert len({empty, full, await read()}) == 3


async def test_a_parameter_that_is_empty_is_refused_wherever_there_is_one(user: User):
    for ask in asks(await known(user.http)):
        for parameter in ask.documented.get("parameters", ()):
            if parameter["in"] == "query":
                answer = await user.http.request(ask.method, ask.path, params={**ask.query, parameter["name"]: ""})
                fields = [error["field"] for error in answer.json()["errors"]]
                assert (answer.status_code, fields) == (422, [parameter["name"]]), (ask, parameter)


@pytest.mark.parametrize("name", [".", ".."])
async def test_a_tag_whose_address_is_lost_is_refused(name: str, user: User):
    async def refused(method: str, path: str, body: object = None) -> list[str]:
        answer = await user.http.request(method, path, json=body)
        assert answer.status_code == 422
        return [error["field"] for error in answer.json()["errors"]]

    escaped = name.replace(".", "%2E")
    assert await refused("POST", "/v1/tasks", {"title": "x", "tags": [name]}) == ["tags.0"]
    assert await refused("PATCH", f"/v1/tasks/{'0' * 8}-{'0000-' * 3}{'0' * 12}", {"tags": [name]}) == ["tags.0"]
    assert await refused("POST", "/v1/tags/work/rename", {"name": name}) == ["name"]
    bulk = {"filter": "open", "action": "update", "add_tags": [name]}
    assert await refused("POST", "/v1/bulks", bulk) == ["add_tags.0"]
    assert await refused("POST", "/v1/bulks", {**bulk, "add_tags": [], "changes": {"tags": [name]}}) == [
        "changes.tags.0"
    ]
    for method, path, body in (
        ("GET", "", None),
        ("DELETE", "", None),
        ("PATCH", "", {"colour": None}),
        ("POST", "/rename", {"name": "x"}),
    ):
        assert await refused(method, f"/v1/tags/{escaped}{path}", body) == ["name"]


async def test_a_tag_of_earlier_times_whose_address_is_lost_can_be_taken_away(user: User):
    body = {"filter": "open", "action": "update", "add_tags": ["dot"], "remove_tags": ["."]}
    assert (await user.http.post("/v1/bulks", json=body, headers=WAIT)).status_code == 200


class Wire:
    """A connection, written to byte by byte."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(self, head: str, body: bytes = b"") -> tuple[int, dict[str, str], bytes]:
        """Send a request as it is written, and return the status, the headers and the body of one answer."""
        self.writer.write("\r\n".join([*head.splitlines(), "", ""]).encode("latin-1") + body)
        async with asyncio.timeout(10):
            status, *lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().strip().splitlines()
            headers = dict(line.lower().split(": ", 1) for line in lines)
            return int(status.split()[1]), headers, await self.reader.readexactly(int(headers["content-length"]))

    async def is_closed(self) -> bool:
        """Return whether the other side closes the connection, and says nothing more."""
        async with asyncio.timeout(5):
            return not await self.reader.read()


@pytest.fixture
async def wire(api: str) -> AsyncIterator[Wire]:
    """A connection of this test's own."""
    reader, writer = await asyncio.open_connection(urlsplit(api).hostname, urlsplit(api).port)
    yield Wire(reader, writer)
    writer.close()
    await writer.wait_closed()


NO_REQUESTS = {
    "noise": "\x16\x03\x01 hello",
    "no version": "GET /live",
    "another version": "GET /live HTTP/9",
    "no host": "GET /live HTTP/1.1",
    "two hosts": "GET /live HTTP/1.1\nHost: a\nHost: b",
    "a space in the address": "GET /live now HTTP/1.1\nHost: x",
    "a byte beyond ASCII in the address": "GET /liv\xe9 HTTP/1.1\nHost: x",
    "a header without a colon": "GET /live HTTP/1.1\nHost: x\nnonsense",
    "a space in a header's name": "GET /live HTTP/1.1\nHost: x\nbad name: x",
    "a control character in a header": "GET /live HTTP/1.1\nHost: x\nX-Y: a\x00b",
    "a length that is none": "POST /v1/tasks HTTP/1.1\nHost: x\nContent-Length: ten",
    "two lengths": "POST /v1/tasks HTTP/1.1\nHost: x\nContent-Length: 1\nContent-Length: 2",
    "an encoding that is none": "POST /v1/tasks HTTP/1.1\nHost: x\nTransfer-Encoding: gzip",
}


@pytest.mark.parametrize("head", NO_REQUESTS.values(), ids=NO_REQUESTS)
async def test_what_is_no_request_is_refused_by_a_problem_and_the_connection_closed(head: str, wire: Wire):
    status, headers, body = await wire.ask(head)
    assert (status, headers["content-type"], json.loads(body)["type"]) == (
        400,
        "application/problem+json",
        "/problems/request",
    )
    assert headers["x-content-type-options"] == "nosniff"
    assert "server" not in headers
    assert await wire.is_closed()


async def test_headers_that_are_too_large_are_refused_by_a_problem(wire: Wire):
    wire.writer.write(b"GET /live HTTP/1.1\r\nHost: x\r\n")
    status, _, body = await wire.ask("X-Y: " + "x" * 600_000 + "\nX-Z: 1")
    assert (status, json.loads(body)["type"]) == (431, "/problems/headers-too-large")
    assert await wire.is_closed()


async def test_a_body_that_goes_wrong_is_refused_by_a_problem(wire: Wire, user: User, tail: Tail):
    before = await tail.ends()
    token = user.http.headers["authorization"]
    head = f"POST /v1/tasks HTTP/1.1\nHost: x\nAuthorization: {token}\nContent-Type: application/json"
    status, _, body = await wire.ask(f"{head}\nTransfer-Encoding: chunked", b"zz\r\n")
    assert (status, json.loads(body)["type"]) == (400, "/problems/request")
    assert await wire.is_closed()
    assert await tail.ends() == before


@pytest.mark.parametrize("target", ["/live", "/v1/tasks", "/nothing"])
async def test_what_says_twice_where_it_ends_is_the_last_of_its_connection(target: str, wire: Wire):
    head = f"POST {target} HTTP/1.1\nHost: x\nContent-Length: 40\nTransfer-Encoding: chunked"
    smuggled = b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n"
    _, headers, _ = await wire.ask(head, b"0\r\n\r\n" + smuggled)
    assert headers["connection"] == "close"
    assert await wire.is_closed()


async def test_a_request_as_it_is_sent_to_a_proxy_is_answered_as_any_other(wire: Wire):
    status, headers, body = await wire.ask("GET http://another.example/live HTTP/1.1\nHost: another.example")
    assert (status, json.loads(body)["ready"], "server" in headers) == (200, True, False)
