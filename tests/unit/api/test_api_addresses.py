"""Every address says which methods it has, and leads nowhere else; what no handler answers is answered by its rules."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from api.app import create_app, openapi
from api.configuration import Settings

NOBODY = "127.0.0.1:9"
ID = "5d1a1c1e-6d3f-4d7a-9a55-0d9f3e6b7c21"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND")
PAGES = (
    "/",
    "/docs",
    "/docs/start.js",
    "/docs/swagger-ui-bundle.js",
    "/docs/swagger-ui.css",
    "/openapi.json",
    "/redoc",
)
"""Addresses that are not in the document."""


def methods() -> dict[str, set[str]]:
    """Every address, its parameters filled in, with the methods that it has."""
    documented = {
        re.sub(r"\{\w+\}", ID, path): {method.upper() for method in operations}
        for path, operations in openapi()["paths"].items()
    }
    found = documented | {page: {"GET"} for page in PAGES}
    return {path: has | {"HEAD"} if "GET" in has else has for path, has in found.items()}


ADDRESSES = methods()
LACKING = [(path, method) for path, has in ADDRESSES.items() for method in METHODS if method not in has]


@pytest.fixture(scope="module")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A client of the API without any of its parts, who names another host."""
    settings = Settings(
        kafka=NOBODY, registry=f"http://{NOBODY}", postgres=f"postgresql://rondo@{NOBODY}/rondo", secret="s" * 32
    )
    transport = httpx.ASGITransport(create_app(settings), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://evil.example") as client:
        yield client


def problem(answer: httpx.Response) -> tuple[int, str]:
    found: dict[str, Any] = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    return answer.status_code, found["type"]


async def test_a_method_that_an_address_lacks_is_refused_with_all_that_it_has(http: httpx.AsyncClient):
    answers = {(path, method): await http.request(method, path) for path, method in LACKING}
    assert {each.status_code for each in answers.values()} == {405}
    told = {key: {name.strip() for name in each.headers["allow"].split(",")} for key, each in answers.items()}
    assert told == {(path, method): ADDRESSES[path] for path, method in LACKING}
    assert len(LACKING) > 200


async def test_every_answer_but_a_page_is_kept_by_nobody(http: httpx.AsyncClient):
    alone = [path for path in ADDRESSES if path != "/ready"]  # which fails without the parts that it asks
    for answer in [await http.get(path) for path in alone]:
        assert answer.headers["cache-control"] == ("no-cache" if _is_a_page(answer) else "no-store"), answer.request.url


def _is_a_page(answer: httpx.Response) -> bool:
    """Whether it holds nobody's data: a page may be kept, as long as it is asked for again."""
    return answer.is_success and answer.request.url.path in PAGES


async def test_a_read_without_a_token_is_refused_alike_by_get_and_head(http: httpx.AsyncClient):
    for path in (path for path, has in ADDRESSES.items() if "HEAD" in has and path.startswith("/v1/")):
        got, asked = await http.get(path), await http.head(path)
        assert (got.status_code, asked.status_code, asked.content) == (401, 401, b"")
        assert got.headers == asked.headers


@pytest.mark.parametrize("query", ["", "?limit=1&zone=Europe%2FParis"])
async def test_an_address_with_a_slash_behind_it_leads_to_the_one_without_and_to_no_host(
    query: str, http: httpx.AsyncClient
):
    leading = [path for path in ADDRESSES if path != "/"]
    for path in leading:
        answer = await http.get(f"{path}/{query}")
        assert (answer.status_code, answer.headers["location"]) == (307, path + query)


@pytest.mark.parametrize(
    "path", ["/v1/tasks/{}%2Fcomplete", "/v1%2Ftasks", "/v1/lists/{}%2Frestore", "/docs%2Fstart.js"]
)
async def test_an_escaped_slash_divides_nothing(path: str, http: httpx.AsyncClient):
    for method in ("GET", "POST"):
        assert problem(await http.request(method, path.format(ID))) == (404, "/problems/not-found")


async def test_what_is_escaped_without_need_is_the_same_address(http: httpx.AsyncClient):
    answer = await http.patch("/v1/tasks/f%61cets")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


async def test_a_tag_whose_name_ends_as_an_address_does_is_the_tag(http: httpx.AsyncClient):
    tag, rename = await http.post("/v1/tags/x%2Frename"), await http.get("/v1/tags/x/rename")
    assert (tag.status_code, tag.headers["allow"]) == (405, "DELETE, GET, HEAD, PATCH")
    assert (rename.status_code, rename.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("address", ["/v1/tags/%FF", "/v1/tags/%C3", "/v1/tasks?q=%FF", "/v1/tasks?q=%ED%A0%80"])
async def test_an_address_that_is_not_utf_8_is_refused(address: str, http: httpx.AsyncClient):
    assert problem(await http.get(address)) == (400, "/problems/request")


async def test_the_page_of_the_api_loads_rondo_s_own_files_only(http: httpx.AsyncClient):
    page = await http.get("/docs")
    loaded = re.findall(r'(?:src|href)="([^"]*)"', page.text)
    assert len(loaded) == 4
    assert {(await http.get(address)).status_code for address in loaded} == {200}
    assert not re.search(r"<script>|https?:", page.text)
    policy = dict(each.strip().split(" ", 1) for each in page.headers["content-security-policy"].split(";"))
    assert {policy[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert (policy["default-src"], policy["frame-ancestors"]) == ("'none'", "'none'")


async def test_what_is_read_again_unchanged_is_not_sent_again(http: httpx.AsyncClient):
    for path in (*PAGES[1:-1], "/live", "/problems/validation"):
        tag = (await http.get(path)).headers["etag"]
        for method in ("GET", "HEAD"):
            answer = await http.request(method, path, headers={"If-None-Match": f'"x", {tag}'})
            assert (answer.status_code, answer.headers["etag"], answer.content) == (304, tag, b"")
