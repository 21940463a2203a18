"""The proxy for an address, from the environment: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY."""

import os
import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from common.addresses import is_readable
from rondo.client.address import is_loopback
from rondo.client.wire import Misled

_ADVICE = "write it as http://user:password@host:port, or add this host to NO_PROXY"
_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True)
class Proxy:
    """A proxy, and the variable that names it."""

    at: SplitResult
    variable: str


def leading_to(at: SplitResult, spoken: Collection[str]) -> Proxy | None:
    """Return the proxy for an address, None if there is none; this machine never has one.

    Raises ``Misled`` for one that can't be used, and for a protocol not in ``spoken``. The errors do not quote its
    address, which may have a password.
    """
    if is_loopback(at.hostname or ""):
        return None
    from urllib.request import getproxies, proxy_bypass  # noqa: PLC0415 - it takes long to import

    proxies = getproxies()
    kind = at.scheme if at.scheme in proxies else "all"
    written = proxies.get(kind)
    if not written or is_excepted(at, proxies.get("no", "")) or proxy_bypass(at.netloc.rpartition("@")[2]):
        return None
    variable = _variable(kind, written)
    found = _read(written.strip(), variable)
    if found.scheme not in spoken:
        raise Misled(f"{variable} names a proxy of an unsupported protocol, {found.scheme}: {_ADVICE}")
    return Proxy(found, variable)


def is_excepted(at: SplitResult, listed: str) -> bool:
    """Return whether NO_PROXY lists an address: by name, parent domain, IP address or network, with a port or without.

    Entries are separated by commas or spaces; `*` is every address.
    """
    host, port = at.hostname or "", at.port or _PORTS.get(at.scheme, 0)
    return any(_excepts(entry, host, port) for entry in re.split(r"[\s,]+", listed.lower()) if entry)


def _excepts(entry: str, host: str, port: int) -> bool:
    name, _, only = entry.rpartition(":")
    if only.isdecimal() and (":" not in name or name[0] == "["):  # else it is the end of an IPv6 address
        if int(only) != port:
            return False
        entry = name
    with suppress(ValueError):
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    name = entry.lstrip("*.")
    return entry == "*" or (bool(name) and f".{host}".endswith(f".{name}"))


def _variable(kind: str, written: str) -> str:
    """Return the variable that names a proxy; of two with the same address, the lower-case one, which is used."""
    names = sorted((name for name in os.environ if name.lower() == f"{kind}_proxy"), reverse=True)
    return next((name for name in names if os.environ[name] == written), "this machine's configuration")


def _read(written: str, variable: str) -> SplitResult:
    address = written if "://" in written else f"http://{written}"
    try:
        found = urlsplit(address)
        usable = is_readable(address) and found.hostname and found.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise Misled(f"{variable} names no valid proxy: {_ADVICE}")
    return found
