"""Checks addresses: whether they are usable for an API, and whether they are this machine's."""

import ipaddress
from urllib.parse import urlsplit

from common.addresses import without_secrets


def is_usable(url: str) -> bool:
    """Return whether a URL is a valid HTTP address."""
    try:
        parts = urlsplit(public := without_secrets(url))
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError:  # UnicodeError is one
        return False
    path = parts.path.isascii() and parts.path.isprintable() and " " not in parts.path
    return "…" not in public and parts.scheme in {"http", "https"} and bool(host) and port != 0 and path


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
