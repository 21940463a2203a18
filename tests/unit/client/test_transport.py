"""The blocking client's connections, its errors' addresses, and imports of both clients, which must not take long."""

import socket
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from common.addresses import without_secrets
from rondo.client import Login, NotRondo, Rondo, Unknown, Unreachable
from rondo.client.address import is_usable
from rondo.client.transport import Transport, _is_over
from tests.acceptance.stack import until
from tests.unit.client.asking import SECRET, answering, asynchronous, blocking
from tests.unit.client.scripted import Says, Scripted
from tests.unit.client.tasks import TASK


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


class Contested(list[HTTPConnection]):
    """Idle connections that another thread takes and ends as soon as somebody has looked whether there are any."""

    def __len__(self) -> int:
        found = super().__len__()
        for connection in self:
            connection.close()
        self.clear()
        return found


def idle() -> HTTPConnection:
    """An idle connection, which was ended from the other side."""
    connection = HTTPConnection("127.0.0.1")
    connection.sock = socket.socket()
    return connection


def test_an_idle_connection_may_be_taken_by_another_thread_at_any_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        transport = Transport(urlsplit(f"http://127.0.0.1:{server.getsockname()[1]}"), 5, Contested([idle()]))
        transport._connected().close()
    Transport(urlsplit("http://127.0.0.1"), 5, Contested([idle()])).close()


def test_threads_ask_at_once_and_each_has_a_connection() -> None:
    with Scripted(*[Says(200, TASK)] * 64) as api, Rondo(api.url, "token", attempts=1) as rondo:
        with ThreadPoolExecutor(8) as pool:
            assert {found["id"] for found in pool.map(rondo.task, map(str, range(64)))} == {TASK["id"]}
        assert 1 <= len(rondo._transport._idle) <= 8


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


def test_what_speaks_no_tls_is_unreachable_by_it() -> None:
    with answering(b"HTTP/1.1 400 Bad\r\n\r\n") as (address, _), pytest.raises(Unreachable, match="SSL"):
        blocking(f"https://{address}")


ADDRESSES = (
    f"http://ann:{SECRET}@127.0.0.1:1",
    f"http://{SECRET}@127.0.0.1:1",
    f"http://ann:{SECRET}@[::1]:1/path",
    f"http://127.0.0.1:1/?key={SECRET}",
    f"http://127.0.0.1:1/#{SECRET}",
)


@pytest.mark.parametrize("url", ADDRESSES)
@pytest.mark.parametrize("ask", [blocking, asynchronous])
def test_no_error_and_no_login_shows_the_secrets_of_an_address(ask: Callable[[str], None], url: str) -> None:
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


@pytest.mark.parametrize("ask", [blocking, asynchronous])
def test_what_is_not_rondo_is_reported_without_what_is_secret_of_its_address(ask: Callable[[str], None]) -> None:
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
