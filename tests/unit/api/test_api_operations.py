"""Operations are called without FastAPI's router and resolver of dependencies, and answer as through these."""

from collections.abc import AsyncIterator
from itertools import product
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute

from api.app import create_app
from api.configuration import Settings
from api.http import tokens
from api.http.operations import Operation
from api.http.requests import Route
from tests.unit.api.test_api_requests import NOBODY, OPERATIONS, SECRET

SETTINGS = Settings(
    kafka=NOBODY, registry=f"http://{NOBODY}", postgres=f"postgresql://rondo@{NOBODY}/rondo", secret=SECRET
)
TOKEN = tokens.issue(SECRET, str(uuid4()))


async def reached(_request: Request, _error: Exception) -> Response:
    """Answer a request that came so far that a service is needed, of which there is none."""
    return Response(b"reached")


def client(routed: bool) -> httpx.AsyncClient:
    app = create_app(SETTINGS)
    app.state.services = None
    app.add_exception_handler(AttributeError, reached)
    if routed:
        app.router.middleware_stack = app.router.app
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://rondo", headers={"Authorization": f"Bearer {TOKEN}"})


@pytest.fixture(scope="module")
async def both() -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Clients of the API as it is, and of it with FastAPI's own routing and handlers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Route, "operation", APIRoute.get_route_handler)  # of routes that an application finds from now on
        async with client(routed=False) as ours, client(routed=True) as theirs:
            yield ours, theirs


def queries(operation: dict[str, Any]) -> list[dict[str, str]]:
    """Queries of an operation: none, all parameters wrong, and each alone, wrong and as in no other place."""
    names = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
    texts = ("x" * 9000, "0", "\u00e9\u4e70;&=")
    return [{}, dict.fromkeys(names, texts[0]), *({name: text} for name in names for text in texts), {"no": "such"}]


HEADERS: list[dict[str, str]] = [
    {},
    {"Idempotency-Key": "\t", "If-Match": "x", "Prefer": "wait=x"},
    {"Idempotency-Key": "x" * 256, "If-None-Match": '"1", W/"2"', "Content-Type": "application/merge-patch+json"},
]
BODIES = (b"", b"{}", b"[]", b"null", b'{"title": 1, "due": {}, "no": 1}', b'{"title": "x"}', b"{")


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
async def test_an_operation_answers_as_through_fastapi_s_router_and_resolver(
    method: str, path: str, operation: dict[str, Any], both: tuple[httpx.AsyncClient, httpx.AsyncClient]
):
    ours, theirs = both
    somewhere = path.replace(path.split("/")[3], "no%2Fid%20\u00fc", 1) if path.count("/") > 2 else path
    media = {"Content-Type": "application/json"}
    asked = [(query, headers, b"{}") for query, headers in product(queries(operation), HEADERS)]
    asked += [({}, headers, body) for headers, body in product(HEADERS, BODIES)]
    for at, (query, headers, body) in product((path, somewhere), asked):
        given: dict[str, Any] = {"params": query, "content": body, "headers": media | headers}
        one, other = [await each.request(method, at, **given) for each in (ours, theirs)]
        assert (one.status_code, one.content) == (other.status_code, other.content), (at, given)
        assert one.headers == other.headers, (at, given)


def test_an_operation_of_a_kind_that_can_t_be_called_so_is_refused_when_it_is_declared():
    def in_a_thread() -> int:
        return 1

    async def somewhere() -> Response:
        raise NotImplementedError

    with pytest.raises(TypeError, match="no coroutine"):
        Operation(APIRoute("/somewhere", somewhere, dependencies=[Depends(in_a_thread)]))
