"""Proxies: which one the environment means for an address, and the error where it can't be used."""

import os
import ssl
from base64 import b64encode
from collections.abc import Callable
from traceback import format_exception
from urllib.parse import urlsplit

import pytest

from rondo.client import Rondo, Unreachable, WrongWay
from rondo.client.proxies import is_excepted
from tests.unit.client.asking import SECRET, answering, asynchronous, blocking
from tests.unit.client.scripted import Says, Scripted
from tests.unit.client.tasks import TASK
from tests.unit.typed import Type

CLIENTS = pytest.mark.parametrize("ask", [blocking, asynchronous])
VARIABLES = {
    "http_proxy": "http://rondo.invalid",
    "HTTP_PROXY": "http://rondo.invalid",
    "https_proxy": "https://rondo.invalid",
    "HTTPS_PROXY": "https://rondo.invalid",
    "all_proxy": "https://rondo.invalid",
    "ALL_PROXY": "http://rondo.invalid",
}
"""Every variable that names a proxy, and an address to which it leads."""
FORBIDDEN = b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(autouse=True)
def proxied(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Name proxies in an environment that names no others."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)

    def set_(**proxies: str) -> None:
        for name, value in proxies.items():
            monkeypatch.setenv(name, value)

    return set_


@CLIENTS
@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("scheme", ["socks4", "socks5", "socks5h", "SOCKS5", "ftp"])
def test_a_proxy_that_is_not_spoken_to_is_refused_by_the_name_of_its_variable(
    ask: Callable[[str], None], variable: str, scheme: str, proxied: Callable[..., None]
) -> None:
    proxied(**{variable: f"{scheme}://ann:{SECRET}@127.0.0.1:1"})
    with pytest.raises(
        WrongWay, match=f"{variable} names a proxy of an unsupported protocol, {scheme.lower()}: "
    ) as raised:
        ask(VARIABLES[variable])
    assert SECRET not in "".join(format_exception(raised.value))


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_proxy_by_tls_is_refused_by_the_client_that_does_not_speak_it(
    variable: str, proxied: Callable[..., None]
) -> None:
    proxied(**{variable: f"https://ann:{SECRET}@127.0.0.1:1"})
    with pytest.raises(WrongWay, match=f"{variable} names a proxy of an unsupported protocol, https: ") as raised:
        blocking(VARIABLES[variable])
    assert SECRET not in "".join(format_exception(raised.value))


def test_a_proxy_by_tls_is_spoken_to_by_tls(proxied: Callable[..., None]) -> None:
    with answering(b"") as (address, asked):
        proxied(http_proxy=f"https://{address}")
        with pytest.raises(Unreachable):
            asynchronous("http://rondo.invalid")
    assert asked[0][:2] == b"\x16\x03"  # the record of a handshake, and its version


@CLIENTS
@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize(
    "proxy",
    [
        *(
            f"http://u:pa/{SECRET}@proxy:3128",
            f"http://u:{SECRET}@[::1",
            f"http://u:{SECRET}#1@proxy",
            f"u:{SECRET}@a@b",
        ),
        *("http://", "http://:3128", "http://proxy:0", "http://proxy:x", "://", "proxy:3128 8080"),
    ],
)
def test_a_proxy_that_can_not_be_read_is_reported_by_its_variable(
    ask: Callable[[str], None], variable: str, proxy: str, proxied: Callable[..., None]
) -> None:
    proxied(**{variable: proxy})
    with pytest.raises(WrongWay, match=f"{variable} names ") as raised:
        ask(VARIABLES[variable])
    assert SECRET not in "".join(format_exception(raised.value))


@CLIENTS
@pytest.mark.parametrize("variable", VARIABLES)
def test_every_variable_leads_to_its_proxy_which_gets_the_address(
    ask: Callable[[str], None], variable: str, proxied: Callable[..., None]
) -> None:
    with answering(FORBIDDEN) as (address, asked):
        proxied(**{variable: f"http://ann:{SECRET}@{address}"})
        with pytest.raises(Exception, match=r"No|403") as raised:
            ask(VARIABLES[variable])
    line, _, head = asked[0].partition(b" HTTP/1.")
    tunnel = VARIABLES[variable].startswith("https")
    assert line == (b"CONNECT rondo.invalid:443" if tunnel else b"GET http://rondo.invalid/v1/tasks/1")
    assert b64encode(f"ann:{SECRET}".encode()) in head
    assert SECRET not in "".join(format_exception(raised.value))


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_proxy_that_is_away_is_named_by_its_variable(variable: str, proxied: Callable[..., None]) -> None:
    proxied(**{variable: f"http://ann:{SECRET}@127.0.0.1:1"})
    with pytest.raises(Unreachable, match=f"through the proxy of {variable}") as raised:
        blocking(VARIABLES[variable])
    assert SECRET not in "".join(format_exception(raised.value))


def test_a_proxy_serves_all_that_is_asked_by_one_connection(proxied: Callable[..., None]) -> None:
    with Scripted(*[Says(200, TASK)] * 2) as proxy, Rondo("http://rondo.invalid:8000", "token") as rondo:
        proxied(http_proxy=proxy.url)
        rondo.task("1")
        rondo.task("1")
        assert {asked.path for asked in proxy.asked} == {"http://rondo.invalid:8000/v1/tasks/1"}
        assert len(rondo._transport._idle) == 1


@pytest.mark.parametrize(
    ("proxies", "url", "meant"),
    [
        ({"http_proxy": "http://a", "HTTP_PROXY": "http://b"}, "http://rondo.invalid", "http_proxy"),
        ({"https_proxy": "http://a", "all_proxy": "http://b"}, "https://rondo.invalid", "https_proxy"),
        ({"https_proxy": "http://a", "ALL_PROXY": "http://b"}, "http://rondo.invalid", "ALL_PROXY"),
        ({"http_proxy": "http://a"}, "https://rondo.invalid", None),
        ({"http_proxy": "", "HTTP_PROXY": "http://b"}, "http://rondo.invalid", None),
        ({"all_proxy": "socks5://a", "http_proxy": "b:3128"}, "http://rondo.invalid", "http_proxy"),
    ],
)
def test_the_variable_of_the_scheme_comes_before_that_of_all_and_small_letters_before_capitals(
    proxies: dict[str, str], url: str, meant: str | None, proxied: Callable[..., None]
) -> None:
    proxied(**proxies)
    found = Rondo(url, "token")._transport.proxy
    assert (found and found.variable) == meant


@CLIENTS
@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("proxy", ["http://127.0.0.1:1", "socks5://127.0.0.1:1", "http://u:pa/x@127.0.0.1:1"])
def test_no_proxy_leads_to_this_machine(
    ask: Callable[[str], None], variable: str, proxy: str, proxied: Callable[..., None]
) -> None:
    proxied(**{variable: proxy})
    with Scripted(Says(200, TASK)) as api:
        ask(api.url)
    assert len(api.asked) == 1


EXCEPTED = [
    ("rondo.example", "*"),
    ("rondo.example", "rondo.example"),
    ("rondo.example", "other.example, Rondo.Example"),
    ("rondo.example", "other.example rondo.example"),
    ("a.rondo.example", "rondo.example"),
    ("a.rondo.example", ".rondo.example"),
    ("a.rondo.example", "*.rondo.example"),
    ("rondo.example:8000", "rondo.example"),
    ("rondo.example:8000", "rondo.example:8000"),
    ("rondo.example", "rondo.example:80"),
    ("10.1.2.3:8000", "10.1.2.3"),
    ("10.1.2.3", "10.0.0.0/8"),
    ("[fd00::7]:8000", "fd00::7"),
    ("[fd00::7]:8000", "[fd00::7]:8000"),
    ("[fd00::7]", "fd00::/8"),
    ("10.1.2.3", "10.0.0.0/8:80"),
]
KEPT = [
    ("rondo.example", ""),
    ("rondo.example", ","),
    ("rondo.example", "rondo"),
    ("rondo.example", "a.rondo.example"),
    ("myrondo.example", "rondo.example"),
    ("rondo.example:8000", "rondo.example:80"),
    ("rondo.example", "rondo.example:443"),
    ("10.1.2.3", "11.0.0.0/8"),
    ("10.1.2.3", "fd00::/8"),
    ("[fd00::7]:8000", "fd00::8"),
    ("rondo.example", "10.0.0.0/8"),
]


@pytest.mark.parametrize(("host", "listed"), EXCEPTED)
def test_what_no_proxy_lists_is_asked_without_one(host: str, listed: str) -> None:
    assert is_excepted(urlsplit(f"http://{host}"), listed)


@pytest.mark.parametrize(("host", "listed"), KEPT)
def test_what_no_proxy_does_not_list_is_asked_by_its_proxy(host: str, listed: str) -> None:
    assert not is_excepted(urlsplit(f"http://{host}"), listed)


@CLIENTS
@pytest.mark.parametrize("name", ["no_proxy", "NO_PROXY"])
@pytest.mark.parametrize("proxy", ["socks5", "http"])
def test_what_is_excepted_is_never_asked_of_a_proxy(
    ask: Callable[[str], None], name: str, proxy: str, proxied: Callable[..., None]
) -> None:
    with Scripted() as server:
        proxied(**{name: "a.example, .invalid", "all_proxy": server.url.replace("http", proxy)})
        with pytest.raises(Unreachable) as raised:
            ask("http://rondo.invalid")
    assert (server.asked, type(raised.value)) == ([], Unreachable)


def test_a_command_ends_with_a_sentence_that_names_the_variable(typed: Type, proxied: Callable[..., None]) -> None:
    proxied(all_proxy=f"socks5h://ann:{SECRET}@127.0.0.1:1")
    status, out, err = typed("list", api="https://rondo.invalid")
    assert (status, out, err.count("\n"), SECRET in err) == (1, "", 1, False)
    assert "all_proxy names a proxy of an unsupported protocol, socks5h" in err


@CLIENTS
@pytest.mark.parametrize("file", [ssl.__file__, "/nowhere"])
def test_certificates_that_are_not_there_are_reported_by_their_variable(
    ask: Callable[[str], None], file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", file)
    with pytest.raises(WrongWay, match="SSL_CERT_FILE names no readable certificates"):
        ask("https://127.0.0.1:1")
