"""How the blocking client connects, what it tells of an address, and that neither needs what takes long to import."""

import asyncio
import socket
import ssl
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread
from traceback import format_exception

import pytest

from rondo.client import AsyncRondo, Login, NotRondo, Rondo, Unknown, Unreachable
from rondo.client.address import is_usable, without_secrets
from rondo.client.transport import _is_over
from tests.acceptance.stack import until
from tests.unit.client.scripted import Says, Scripted
from tests.unit.client.tasks import TASK

SECRET = "s3cret"


def blocking(url: str) -> None:
    with Rondo(url, "token", attempts=1) as rondo:
        rondo.task("1")


def asynchronous(url: str) -> None:
    async def ask() -> None:
        async with AsyncRondo(url, "token", attempts=1) as rondo:
            await rondo.task("1")

    asyncio.run(ask())


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that reads a request, says the answer, and ends the connection; with what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            for answer in answers:
                connection, _ = server.accept()
                with connection:
                    asked.append(connection.recv(65536))
                    connection.sendall(answer)

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", asked
        thread.join(10)


def test_one_connection_serves_all_that_is_asked() -> None:
    with Scripted(*[Says(200, TASK)] * 3) as api, Rondo(api.url, "token") as rondo:
        (first,) = {rondo.task("1")["id"] for _ in range(3)}
        assert first == TASK["id"]
        assert len(rondo._transport._idle) == 1


def test_a_connection_that_was_ended_meanwhile_is_not_used_again() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
    with answering(answer, answer) as (address, asked), Rondo(f"http://{address}", "token", attempts=1) as rondo:
        first = rondo.task("1")
        until(lambda: _is_over(rondo._transport._idle[0]), 10, "The connection was not ended.")
        assert [first, rondo.task("2")] == [{}, {}]
    assert [line.split(b" ")[1] for line in asked] == [b"/v1/tasks/1", b"/v1/tasks/2"]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"no HTTP\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_half_an_answer_is_none(answer: bytes) -> None:
    with answering(answer) as (address, _), pytest.raises(Unreachable, match=f"can't be reached at http://{address}"):
        blocking(f"http://{address}")


def test_an_address_may_have_a_path() -> None:
    with Scripted(Says(200, TASK)) as api, Rondo(f"{api.url}/rondo/", "token") as rondo:
        rondo.task("1")
    assert api.asked[0].path == "/rondo/v1/tasks/1"


def proxied(monkeypatch: pytest.MonkeyPatch, **proxies: str) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in proxies.items():
        monkeypatch.setenv(name, value)


def test_a_proxy_of_the_environment_is_asked_for_the_whole_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with Scripted(Says(200, TASK)) as proxy:
        proxied(monkeypatch, http_proxy=proxy.url.replace("//", f"//ann:{SECRET}@"))
        with Rondo("http://rondo.example:8000", "token") as rondo:
            rondo.task("1")
    (asked,) = proxy.asked
    assert asked.path == "http://rondo.example:8000/v1/tasks/1"
    assert asked.headers["Proxy-Authorization"] == f"Basic {b64encode(f'ann:{SECRET}'.encode()).decode()}"


def test_a_proxy_that_refuses_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with answering(b"HTTP/1.1 403 No\r\n\r\n") as (address, asked):
        proxied(monkeypatch, HTTPS_PROXY=f"http://ann:{SECRET}@{address}")
        with Rondo("https://rondo.example", "token", attempts=1) as rondo, pytest.raises(Unreachable) as raised:
            rondo.task("1")
    assert asked[0].startswith(b"CONNECT rondo.example:443 ")
    assert SECRET not in str(raised.value)


def test_no_proxy_leads_to_this_machine_or_to_what_the_environment_excepts(monkeypatch: pytest.MonkeyPatch) -> None:
    proxied(monkeypatch, http_proxy="http://127.0.0.1:1", NO_PROXY="rondo.example")
    with Scripted(Says(200, TASK)) as api, Rondo(api.url, "token") as rondo:
        rondo.task("1")
    assert Rondo("http://rondo.example", "token")._transport.proxy is None
    assert Rondo("http://another.example", "token")._transport.proxy is not None


def test_what_speaks_no_tls_is_unreachable_by_it() -> None:
    with answering(b"HTTP/1.1 400 Bad\r\n\r\n") as (address, _), pytest.raises(Unreachable, match="SSL"):
        blocking(f"https://{address}")


def test_certificates_are_checked_against_what_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", ssl.__file__)  # no certificate is in it
    with pytest.raises(Unreachable, match="certificate"):
        blocking("https://127.0.0.1:1")


ADDRESSES = (
    f"http://ann:{SECRET}@127.0.0.1:1",
    f"http://{SECRET}@127.0.0.1:1",
    f"http://ann:{SECRET}@[::1]:1/path",
    f"http://127.0.0.1:1/?key={SECRET}",
    f"http://127.0.0.1:1/#{SECRET}",
)


@pytest.mark.parametrize("url", ADDRESSES)
@pytest.mark.parametrize("ask", [blocking, asynchronous])
def test_no_error_and_no_login_tells_what_is_secret_of_an_address(ask: Callable[[str], None], url: str) -> None:
    with pytest.raises(Unreachable) as raised:
        ask(url)
    assert SECRET not in f"{raised.value} {raised.value.url} {Login(url, 'token')}"


@pytest.mark.parametrize(
    "url",
    [
        "http://ann:s3cret@",
        "http://ann:s3cret@[::1",
        "ann:s3cret@host",
        "://x:s3cret@h",
        "h?s3cret",
        "http://ann:p@s3cret@127.0.0.1:1",
        "http://ann:s3cret#1@h",
        "http://ann:12345#s3cret@h",
        "http://ann:s3cret?1@h",
        "http://ann:s3cret/1@h",
        "http://ann:1/s3cret@h",
        "http://ann:s3?cret",
        "http://ann:s3cret://1@h",
        "ann:s3cret@x://h@1",
    ],
)
def test_what_is_no_address_is_refused_without_what_is_secret_of_it(url: str) -> None:
    assert not is_usable(url)
    assert SECRET not in without_secrets(url)
    with pytest.raises(Unknown) as raised:
        Login(url, "token")
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("proxy", ["http://u:pa/s3cret@proxy:3128", "http://u:s3cret@[::1", "http://u:s3cret#1@proxy"])
def test_a_proxy_whose_address_can_not_be_read_is_told_without_what_is_secret_of_it(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(Unreachable) as raised:
        blocking("http://rondo.invalid")
    assert SECRET not in "".join(format_exception(raised.value))


@pytest.mark.parametrize("ask", [blocking, asynchronous])
def test_what_is_not_rondo_is_told_without_what_is_secret_of_its_address(ask: Callable[[str], None]) -> None:
    with Scripted(Says(200, "<html>", "text/html")) as api, pytest.raises(NotRondo) as raised:
        ask(api.url.replace("//", f"//ann:{SECRET}@"))
    assert SECRET not in f"{raised.value} {raised.value.url}"


@pytest.mark.parametrize(
    "url",
    [
        "http://a..b",
        f"http://{'a' * 64}.example",
        "http://127.0.0.1:99999",
        "http://127.0.0.1:x",
        "http://h:0",
        "http://h/ü",
        "http://h/a b",
    ],
)
def test_what_nothing_can_be_connected_to_is_no_address(url: str) -> None:
    with pytest.raises(Unknown, match="is not an address"):
        Login(url, "token")


@pytest.mark.parametrize("token", ["a", "a.b.c", "a.W10.c", "a.e30.c", "..", "a.bnVsbA.c"])
def test_a_token_that_says_nothing_of_itself_has_no_claims(token: str) -> None:
    assert Login("http://127.0.0.1", token).claims == {}


HEAVY = (
    "asyncio",
    "certifi",
    "httpx",
    "jwt",
    "lark",
    "msgspec",
    "rich.console",
    "stamina",
    "streams",
    "urllib.request",
)


def test_the_client_imports_nothing_that_takes_long() -> None:
    source = f"""
import sys
from rondo.client import Login, Rondo
try:
    Rondo("http://127.0.0.1:1", "token", attempts=1).task("1")
except Exception as error:
    print(type(error).__name__, [name for name in {HEAVY} if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert done.stdout == "Unreachable []\n"
