"""What holds of every HTTP server that Rondo starts, at each of its addresses, by each method, and of what is none."""

import ast
import asyncio
import re
import socket
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi.routing import iter_route_contexts

from api.app import create_app
from api.configuration import Settings
from common import serving
from schemas.kafka.clock_watch import ClockWatch
from schemas.registry.client import CONTENT_TYPE
from schemas.registry.log import SchemaLog
from schemas.registry.server import app_of
from schemas.registry.service import Service
from streams.worker import health_app

ROOT = Path(__file__).parent.parent.parent
PARTS = ("api", "common", "domain", "schemas", "streams", "local", "rondo", "postgres")
NOBODY = "127.0.0.1:9"
SOON = 10.0
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND")
PAGES = ("/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect")
"""Where FastAPI has pages of its own, whose code comes from another host."""
API = Settings(kafka=NOBODY, registry=f"http://{NOBODY}", postgres=f"postgresql://r@{NOBODY}/r", secret="s" * 32)
SERVERS: dict[str, serving.Application] = {
    "api/__main__.py": create_app(API),
    "schemas/registry/__main__.py": app_of(Service(SchemaLog(NOBODY))),
    "streams/worker.py": health_app([], ClockWatch(NOBODY, "worker")),
}
"""Each server's application, without the parts that it needs, by the file that starts it."""
SERVERS["schemas/registry/__main__.py"].state.service = Service(SchemaLog(NOBODY))
NEED_NO_PART = {
    "api/__main__.py": ["/live", "/problems/validation", "/docs", "/openapi.json"],
    "schemas/registry/__main__.py": ["/", "/schemas/types", "/mode"],
    "streams/worker.py": ["/live", "/metrics", "/ready"],
}
every_server = pytest.mark.parametrize("name", SERVERS)


@cache
def called() -> dict[str, set[str]]:
    """In which files each function is called."""
    found = defaultdict[str, set[str]](set)
    for path in (path for part in PARTS for path in sorted((ROOT / part).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
                found[ast.unparse(node.func)].add(str(path.relative_to(ROOT)))
    return found


def test_there_is_one_way_to_serve_and_all_that_serve_are_looked_at():
    assert called()["serving.config"] == {*SERVERS}
    assert called()["uvicorn.Config"] == {"common/serving/__init__.py"}
    listening = ("asyncio.start_server", "HTTPServer", "ThreadingHTTPServer", "start_http_server", "uvicorn.run")
    made = ("FastAPI", "Starlette", *listening)
    assert {name for name in called() if name.rpartition(".")[2] in made} == set()


@asynccontextmanager
async def client_of(name: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that names another host."""
    transport = httpx.ASGITransport(SERVERS[name], raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://evil.example") as client:
        yield client


def templates(name: str) -> dict[str, set[str]]:
    """Every path of a server, its parameters filled in, with the methods that handlers have."""
    found = defaultdict[str, set[str]](set)
    for route in iter_route_contexts(SERVERS[name].routes):
        found[re.sub(r"\{\w+\}", "1", route.path or "")] |= route.methods or set()
    return found


def problem(answer: httpx.Response) -> int:
    """The status that an error's body names, in the form of its server."""
    body: dict[str, Any] = answer.json()
    if answer.headers["content-type"] == CONTENT_TYPE:
        assert body["message"]
        return int(str(body["error_code"])[:3])
    assert answer.headers["content-type"] == serving.MEDIA_TYPE
    assert body["title"]
    return int(body["status"])


@every_server
async def test_every_answer_has_the_headers_that_guard_it_and_names_no_software(name: str):
    async with client_of(name) as http:
        for path in [*templates(name), *PAGES, "/nothing", "/%FF"]:
            for method in METHODS:
                answer = await http.request(method, path)
                assert {each.lower() for each in serving.GUARDS} <= {*answer.headers}, (method, path)
                assert answer.headers["x-content-type-options"] == "nosniff"
                assert answer.headers["content-security-policy"].startswith("default-src 'none'")
                assert "server" not in answer.headers


@every_server
async def test_a_method_that_an_address_lacks_is_refused_with_all_that_it_has(name: str):
    async with client_of(name) as http:
        for path, methods in templates(name).items():
            has = methods | ({"HEAD"} if "GET" in methods else set())
            for method in {*METHODS} - has:
                answer = await http.request(method, path)
                assert (answer.status_code, answer.headers["allow"]) == (405, ", ".join(sorted(has))), (method, path)
                assert method == "HEAD" or problem(answer) == 405


@every_server
async def test_no_server_has_fastapi_s_pages_or_an_address_that_is_not_its_own(name: str):
    async with client_of(name) as http:
        for path in {*PAGES, "/nothing", "/live%2F"} - {*templates(name)}:
            for method in METHODS:
                answer = await http.request(method, path)
                assert answer.status_code == 404, (method, path)
                assert method == "HEAD" or problem(answer) == 404


@every_server
async def test_no_answer_leads_to_the_host_that_the_request_named(name: str):
    async with client_of(name) as http:
        for path in ("/docs/", *(f"{path}/" for path in templates(name)), "//evil.example/", "//evil.example/live/"):
            answer = await http.get(path)
            assert "evil" not in answer.headers.get("location", "")


@every_server
async def test_what_fails_is_reported_in_the_form_of_the_server_and_without_its_reason(name: str):
    app = serving.Application(SERVERS[name].refuse)

    @app.get("/")
    async def fail() -> None:
        raise KeyError("planted")

    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as http:
        answer = await http.get("/")
    assert (answer.status_code, problem(answer), "planted" in answer.text) == (500, 500, False)
    assert {each.lower() for each in serving.GUARDS} <= {*answer.headers}


@asynccontextmanager
async def served(name: str, seconds: float = SOON) -> AsyncIterator[int]:
    """The port on which a server runs, as its process would start it."""
    server = uvicorn.Server(serving.config(SERVERS[name], "127.0.0.1", 0, seconds, 100, lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serves = asyncio.ensure_future(server.serve([listening]))
        try:
            while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
                await asyncio.sleep(0.01)
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            await serves


async def said(port: int, sent: bytes) -> httpx.Response:
    """Everything that a server answers to some bytes until it closes the connection: one answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    async with asyncio.timeout(SOON):
        head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    status, *lines = head.decode().splitlines()
    assert b"HTTP/1.1" not in body
    return httpx.Response(int(status.split()[1]), headers=[tuple(line.split(": ", 1)) for line in lines], content=body)


@every_server
async def test_what_is_read_by_get_is_read_by_head(name: str):
    async with served(name) as port, httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        for path in NEED_NO_PART[name]:
            got, asked = await http.get(path), await http.head(path)
            assert (got.status_code, asked.status_code, asked.content) == (200, 200, b"")
            assert {*asked.headers} == {*got.headers}  # the figures of a worker differ from one to the next
            assert asked.headers["content-type"] == got.headers["content-type"]


REFUSED = {
    "noise": (b"\x16\x03\x01 hello\r\n\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "another version": (b"GET / HTTP/9\r\nHost: x\r\n\r\n", 400),
    "two lengths": (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    "a long head": (b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 70_000, 431),
    "HTTP/2": (b"PRI * HTTP/2.0\r\nHost: x\r\n\r\n", 400),
    **{
        f"the target {target}": (f"GET {target} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), 400)
        for target in (
            "*",
            "x",
            "?x",
            "x:80",
            "ftp://x/",
            "http:///live",
            "http://?x",
            "/live#x",
            "/live?x#x",
            "\\live",
        )
    },
    **{
        f"the host {host}": (f"GET / HTTP/1.1\r\nHost: {host}\r\n\r\n".encode(), 400)
        for host in ("a b", "x, y", "u:p@x", "[::1", "x:y", "x/y", "x?y", "x#y", "<x>")
    },
    "half a head": (b"GET / HTTP/1.1\r\nHo", 408),
}


@every_server
@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED)
async def test_what_is_no_request_or_comes_too_late_is_refused_in_the_form_of_the_server(
    sent: bytes, status: int, name: str
):
    async with served(name, 0.2 if status == 408 else SOON) as port:
        answer = await said(port, sent)  # until the server has ended the connection
    assert (answer.status_code, problem(answer)) == (status, status)
    assert {each.lower() for each in serving.GUARDS} <= {*answer.headers}
    assert answer.headers["content-length"] == str(len(answer.content))
    assert "server" not in answer.headers


@every_server
async def test_hosts_and_targets_as_they_may_be_written_are_taken(name: str):
    path = NEED_NO_PART[name][0]
    hosts = ["", "x", "x_y.example:80", "127.0.0.1:1", "[::1]:8000", "xn--bcher-kva.example", "x:"]
    asked = [(path, host) for host in hosts] + [(f"http://y:1{path}", "x"), (f"HTTPS://y{path}?", "x")]
    async with served(name) as port:
        for target, host in asked:
            head = f"GET {target} HTTP/1.1\r\nConnection: close\r\nHost: {host}\r\n\r\n"
            assert (await said(port, head.encode())).status_code == 200, (target, host)


@every_server
async def test_what_says_twice_where_it_ends_is_the_last_of_its_connection(name: str):
    head = b"Host: x\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n\r\n"
    line = f"POST {NEED_NO_PART[name][0]} HTTP/1.1\r\n".encode()
    async with served(name) as port:
        answer = await said(port, line + head + b"0\r\n\r\nGET /live HTTP/1.1\r\nHost: x\r\n\r\n")
    assert (answer.status_code, answer.headers["connection"]) == (405, "close")
