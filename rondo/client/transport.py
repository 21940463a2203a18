"""Sends HTTP/1.1 requests with Python's own client: importing httpx takes longer than most commands."""

import selectors
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from http.client import HTTPConnection, HTTPException
from urllib.parse import SplitResult, unquote

from rondo.client.proxies import Proxy, leading_to
from rondo.client.trust import trusted
from rondo.client.wire import CONNECT, Reply, Request, Unanswered

SPOKEN = frozenset({"http"})
"""The protocols for proxies: Python's own client has neither TLS within TLS nor SOCKS."""


@dataclass
class Transport:
    """The connections to an API: one per concurrent thread, each reused while it is open."""

    at: SplitResult
    timeout: float
    """Seconds to wait for an answer."""
    _idle: list[HTTPConnection] = field(default_factory=list)

    @cached_property
    def proxy(self) -> Proxy | None:
        """The environment's proxy for this address. Raises ``Misled`` for one that is not HTTP."""
        return leading_to(self.at, SPOKEN)

    def send(self, request: Request) -> Reply:
        """Send a request and return the answer. Raises ``Unanswered``."""
        connection = self._connected()
        try:
            connection.request(request.method, self._target(request), request.content, self._headers(request))
            answer = connection.getresponse()
            reply = Reply(request.method, answer.status, answer.reason, answer.headers, answer.read())
        except (OSError, HTTPException) as error:
            connection.close()
            raise self._unanswered(error) from error
        except BaseException:  # such as Ctrl-C: the answer will not be read
            connection.close()
            raise
        if answer.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        return reply

    def close(self) -> None:
        """Close the idle connections."""
        for connection in self._taken():
            connection.close()

    def _connected(self) -> HTTPConnection:
        for connection in self._taken():
            if not _is_over(connection):
                return connection
            connection.close()
        try:
            return self._new()
        except (OSError, HTTPException, UnicodeError) as error:
            raise self._unanswered(error) from error

    def _taken(self) -> Iterator[HTTPConnection]:
        """Yield idle connections, each for its taker: another thread may take the last at any time."""
        with suppress(IndexError):
            while True:
                yield self._idle.pop()

    def _new(self) -> HTTPConnection:
        connection = self._unconnected()
        try:
            connection.connect()
            connection.sock.settimeout(self.timeout)
        except BaseException:
            connection.close()
            raise
        return connection

    def _unconnected(self) -> HTTPConnection:
        proxy, timeout = self.proxy, min(self.timeout, CONNECT)
        to = proxy.at if proxy else self.at
        if self.at.scheme == "http":
            return HTTPConnection(to.hostname or "", to.port, timeout=timeout)
        connection = _encrypted(to, timeout)
        if proxy:
            connection.set_tunnel(self.at.hostname or "", self.at.port, headers=_authorization(proxy.at))
        return connection

    def _target(self, request: Request) -> str:
        target = self.at.path.rstrip("/") + request.target
        if self.at.scheme == "http" and self.proxy:
            return f"http://{self.at.netloc.rpartition('@')[2]}{target}"
        return target

    def _headers(self, request: Request) -> dict[str, str]:
        proxy = self.proxy if self.at.scheme == "http" else None
        return {**request.headers, **(_authorization(proxy.at) if proxy else {})}

    def _unanswered(self, error: Exception) -> Unanswered:
        proxy = f", through the proxy of {self.proxy.variable}" if self.proxy else ""
        return Unanswered(f"{_reason(error)}{proxy}")


def _is_over(connection: HTTPConnection) -> bool:
    """Return whether the server has closed an idle connection, or sent anything: then it is readable."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection.sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def _encrypted(to: SplitResult, timeout: float) -> HTTPConnection:
    from http.client import HTTPSConnection  # noqa: PLC0415 - it takes long to import

    return HTTPSConnection(to.hostname or "", to.port, timeout=timeout, context=trusted())


def _authorization(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    who = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(who.encode()).decode()}"}


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError):
        return "it did not answer in time"
    if isinstance(error, UnicodeError | socket.gaierror):
        return "there is no such host"
    return str(error) or type(error).__name__
