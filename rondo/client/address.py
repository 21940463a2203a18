"""The address of an API: what of it is used, and what of it may be shown."""

import ipaddress
from urllib.parse import urlsplit, urlunsplit


def without_secrets(url: str) -> str:
    """Return an address without user, password, query and fragment, of which Rondo uses none.

    What is no address is returned without anything that may be one of these.
    """
    try:
        parts = urlsplit(url)
    except ValueError:  # half an IPv6 address
        return url.rpartition("@")[2].partition("?")[0]
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rpartition("@")[2], "", ""))


def is_usable(url: str) -> bool:
    """Say whether something can be connected to there by HTTP."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError:  # UnicodeError is one
        return False
    path = parts.path.isascii() and parts.path.isprintable() and " " not in parts.path
    return parts.scheme in {"http", "https"} and bool(host) and port != 0 and path


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
