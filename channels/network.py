"""Bounds what a sending may reach: the networks it may connect to, the files it may read, and its time.

Libraries resolve and connect by themselves. So an audit hook (PEP 578) sees each connection of the process with the
resolved address, before it is made, and a sending's own context says whether it is allowed: no answer of a name server
and no redirect leads to another network. It also sees each file that is opened: a target's address may name none.
"""

import os
import socket
import sys
import sysconfig
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any

PUBLIC = "public"
"""The word for all addresses that are globally reachable (IANA's special-purpose registries)."""
Network = IPv4Network | IPv6Network

_READABLE = tuple(
    f"{Path(path).resolve()}{os.sep}"
    for path in (sys.prefix, sys.base_prefix, sysconfig.get_path("purelib"), "/usr/share/zoneinfo")
)
_CONNECTING = {"socket.connect", "socket.sendto", "socket.sendmsg"}


class Forbidden(OSError):
    """The host's address is in no network that targets may be in."""


@dataclass(frozen=True)
class Networks:
    """The networks that targets may be in."""

    public: bool = True
    named: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Networks":
        """Return the networks of a setting, such as ``public 192.168.0.0/16``. Raises ``ValueError``."""
        words = text.replace(",", " ").split()
        return cls(PUBLIC in words, tuple(ip_network(word) for word in words if word != PUBLIC))

    def allow(self, host: object) -> bool:
        """Return whether a host may be connected to: only by its IP address."""
        try:
            address: IPv4Address | IPv6Address = ip_address(str(host).partition("%")[0])
        except ValueError:
            return False
        address = getattr(address, "ipv4_mapped", None) or address
        if self.public and address.is_global and not address.is_multicast:
            return True
        return any(address in network for network in self.named)


@dataclass
class Sending:
    """One sending: the networks it may reach, and what it has connected."""

    networks: Networks
    forbidden: bool = False
    """Whether it has tried to connect to a host that it may not reach."""
    _aborted: bool = False
    _connected: list[int] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Bound what the current context does, until the end."""
        _install()
        token = _current.set(self)
        try:
            yield
        finally:
            _current.reset(token)
            for each in self._taken():
                os.close(each)

    def abort(self) -> None:
        """End its connections, from any thread: what waits for them fails, and no other is made."""
        self._aborted = True
        for each in self._taken():
            with suppress(OSError), socket.socket(fileno=each) as connection:
                connection.shutdown(socket.SHUT_RDWR)

    def connecting(self, connection: socket.socket, address: object) -> None:
        """Raise ``Forbidden`` unless the connection may be made; remember it."""
        if not (isinstance(address, tuple) and self.networks.allow(address[0])):
            self.forbidden = True
            raise Forbidden("a host outside of the networks of targets")
        with self._lock:
            if self._aborted:
                raise TimeoutError
            self._connected.append(os.dup(connection.fileno()))  # TLS moves the connection to another object

    def _taken(self) -> Sequence[int]:
        with self._lock:
            taken, self._connected = self._connected, []
        return taken


_current: ContextVar[Sending | None] = ContextVar("sending", default=None)


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if (sending := _current.get()) is None:
        return
    if event in _CONNECTING:
        sending.connecting(args[0], args[1])
    elif event == "open" and isinstance(args[0], str) and not os.path.realpath(args[0]).startswith(_READABLE):
        raise PermissionError("An address may name no file.")


@cache
def _install() -> None:
    """Install the hook, which stays for the life of the process."""
    sys.addaudithook(_audit)
