"""Ports on the loopback address."""

import fcntl
import os
import secrets  # a seed that tests set would send two stacks to the same ports
import socket
import tempfile
from collections.abc import Iterable, Mapping, MutableMapping
from functools import cache
from pathlib import Path

HOST = "127.0.0.1"
CHOSEN_FROM = range(15_000, 32_000)
"""Below what systems give to outgoing connections: one of those could have the port by the time that its server starts,
or starts again."""


def free(port: int) -> bool:
    """Return whether nobody listens on this port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return not answers(port)  # elsewhere than on Linux a port that is taken on all addresses can be bound on one


def answers(port: int) -> bool:
    """Return whether somebody accepts connections on this port."""
    try:
        socket.create_connection((HOST, port), timeout=1).close()
    except OSError:
        return False
    return True


def choose(names: Iterable[str], remembered: Mapping[str, int]) -> dict[str, int]:
    """Return a free port for each name: the remembered one unless somebody else took it meanwhile.

    Each is this process's until that ends: no other that chooses gets it, also while no server has it.
    """
    chosen: dict[str, int] = {}
    for name in names:
        port = remembered.get(name, 0)
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
    except OSError:  # there is no such file here: then it is the first one's that binds
        return True
    return True


@cache
def _locks() -> int:
    path = Path(tempfile.gettempdir(), f"rondo-ports-{os.getuid()}")
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)


def spare_proxies(environment: MutableMapping[str, str]) -> None:
    """Let HTTP clients reach loopback themselves where the environment names a proxy for everything."""
    for name in ("no_proxy", "NO_PROXY"):
        spared = [*filter(None, environment.get(name, "").split(",")), HOST, "localhost"]
        environment[name] = ",".join(dict.fromkeys(spared))
