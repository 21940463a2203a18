"""Sends requests of HTTP/1.1 by Python's own client: to import httpx takes longer than most commands take at all."""

import os
import selectors
import socket
from base64 import b64encode
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import SplitResult, unquote, urlsplit

from rondo.client.address import is_loopback
from rondo.client.wire import CONNECT, Reply, Request, Unanswered


@dataclass
class Transport:
    """The connections to one API: several where threads ask at once, and each is used again while it stands."""

    at: SplitResult
    timeout: float
    """Seconds to wait for an answer."""
    _idle: list[HTTPConnection] = field(default_factory=list)

    @property
    def proxy(self) -> SplitResult | None:
        """The proxy that the environment names for this address; none leads to this machine."""
        return None if is_loopback(self.at.hostname or "") else _proxy(self.at)

    def send(self, request: Request) -> Reply:
        """Send a request and return the answer. Raises ``Unanswered``."""
        connection = self._connected()
        try:
            connection.request(request.method, self._target(request), request.content, self._headers(request))
            answer = connection.getresponse()
            reply = Reply(request.method, answer.status, answer.reason, answer.headers, answer.read())
        except (OSError, HTTPException) as error:
            connection.close()
            raise _unanswered(error) from error
        except BaseException:  # such as Ctrl-C: nobody reads the answer any more
            connection.close()
            raise
        if answer.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        return reply

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    def _connected(self) -> HTTPConnection:
        while self._idle:
            if not _is_over(connection := self._idle.pop()):
                return connection
            connection.close()
        try:
            return self._new()
        except (OSError, HTTPException, UnicodeError) as error:
            raise _unanswered(error) from error

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
        to = proxy or self.at
        if self.at.scheme == "http":
            return HTTPConnection(to.hostname or "", to.port, timeout=timeout)
        connection = _encrypted(to, timeout)
        if proxy:
            connection.set_tunnel(self.at.hostname or "", self.at.port, headers=_authorization(proxy))
        return connection

    def _target(self, request: Request) -> str:
        target = self.at.path.rstrip("/") + request.target
        if self.at.scheme == "http" and self.proxy:
            return f"http://{self.at.netloc.rpartition('@')[2]}{target}"
        return target

    def _headers(self, request: Request) -> dict[str, str]:
        proxy = self.proxy if self.at.scheme == "http" else None
        return {**request.headers, **(_authorization(proxy) if proxy else {})}


def _is_over(connection: HTTPConnection) -> bool:
    """Say whether an idle connection was ended from the other side: then there is an end to be read."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection.sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def _encrypted(to: SplitResult, timeout: float) -> HTTPConnection:
    """Return a connection by TLS; it trusts what httpx trusts: SSL_CERT_FILE and SSL_CERT_DIR, else certifi."""
    import ssl  # noqa: PLC0415 - only where it is needed, as all that takes long here
    from http.client import HTTPSConnection  # noqa: PLC0415

    import certifi  # noqa: PLC0415

    file, directory = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    trusted = ssl.create_default_context(cafile=file or (None if directory else certifi.where()), capath=directory)
    return HTTPSConnection(to.hostname or "", to.port, timeout=timeout, context=trusted)


def _proxy(at: SplitResult) -> SplitResult | None:
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415

    proxies = getproxies()
    named = None if proxy_bypass(at.netloc.rpartition("@")[2]) else proxies.get(at.scheme, proxies.get("all"))
    if not named:
        return None
    try:
        found = urlsplit(named if "://" in named else f"http://{named}")
        assert found.port != 0
    except (ValueError, AssertionError):  # without the cause, which quotes what may be a password
        raise Unanswered("the address of its proxy can't be read") from None
    return found


def _authorization(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    who = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {b64encode(who.encode()).decode()}"}


def _unanswered(error: Exception) -> Unanswered:
    if isinstance(error, TimeoutError):
        return Unanswered("it did not answer in time")
    if isinstance(error, UnicodeError | socket.gaierror):
        return Unanswered("there is no such host")
    return Unanswered(str(error) or type(error).__name__)
