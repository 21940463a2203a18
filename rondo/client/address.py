"""The address of an API: what of it is used, and what of it may be shown."""

import ipaddress
import re
from urllib.parse import urlsplit, urlunsplit

_HOST = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:\d*)?")
"""A host and its port: what else has a colon may be a password."""


def without_secrets(url: str) -> str:
    """Return an address without user, password, query and fragment, of which Rondo uses none.

    Of what may hold a password that is not escaped, nothing is returned but the scheme: that is no usable address.
    """
    scheme, _, rest = url.partition("://") if "://" in url else ("", "", url)
    hidden = f"{scheme}://…" if scheme.isalnum() else "…"
    try:
        parts = urlsplit(url)
    except ValueError:  # half an IPv6 address
        return hidden if "@" in url else url.partition("?")[0]
    beside = rest.removeprefix(parts.netloc)
    if "@" in beside or parts.netloc.count("@") > 1 or not _HOST.fullmatch(parts.netloc.rpartition("@")[2]):
        return hidden
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def is_usable(url: str) -> bool:
    """Say whether something can be connected to there by HTTP."""
    try:
        parts = urlsplit(shown := without_secrets(url))
        host, port = parts.hostname, parts.port
        (host or "").encode("idna")
    except ValueError:  # UnicodeError is one
        return False
    path = parts.path.isascii() and parts.path.isprintable() and " " not in parts.path
    return "…" not in shown and parts.scheme in {"http", "https"} and bool(host) and port != 0 and path


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
