"""Ports on the loopback address."""

import fcntl
import os
import secrets  # with `random`, a seed set by tests would give two stacks the same ports
import socket
import tempfile
from collections.abc import Iterable, Mapping, MutableMapping
from functools import cache
from pathlib import Path

HOST = "127.0.0.1"
CHOSEN_FROM = range(15_000, 32_000)
"""Below the range for outgoing connections: one of those could have the port by the time that its server starts or
restarts."""


def free(port: int) -> bool:
    """Return whether no process listens on this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return not answers(port)  # outside Linux, a port in use on all addresses can be bound on one


def answers(port: int) -> bool:
    """Return whether a process accepts connections on this port."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def choose(names: Iterable[str], former: Mapping[str, int]) -> dict[str, int]:
    """Return a free port for each name: the former one, unless another program uses it now.

    Each is reserved for this process until it ends: others that choose don't get it, even while no server listens.
    """
    chosen: dict[str, int] = {}
    for name in names:
        port = former.get(name, 0)
        while not port or port in chosen.values() or not free(port) or not _reserve(port):
            port = secrets.choice([port for port in CHOSEN_FROM if port not in _RESERVED])
        chosen[name] = port
    return chosen


_RESERVED: set[int] = set()


def _reserve(port: int) -> bool:
    """Lock a port's byte in a file that all processes of this user share; a lock ends with its process."""
    _RESERVED.add(port)
    try:
        fcntl.lockf(_locks(), fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
    except BlockingIOError:
        return False
    except OSError:  # no such file can be opened: the first to bind has the port
        return True
    return True


@cache
def _locks() -> int:
    path = Path(tempfile.gettempdir(), f"rondo-ports-{os.getuid()}")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def spare_proxies(environment: MutableMapping[str, str]) -> None:
    """Exempt loopback from the HTTP proxies that the environment names."""
    for name in ("no_proxy", "NO_PROXY"):
        spared = [*filter(None, environment.get(name, "").split(",")), HOST, "localhost"]
        environment[name] = ",".join(dict.fromkeys(spared))
