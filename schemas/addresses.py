"""Addresses that may hold a password: which can be read, and what of one may be shown."""

import re
from urllib.parse import urlsplit, urlunsplit

_CREDENTIALS = re.compile(r"://[^/\s\"']*@")
_HOST = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:\d*)?")
"""A host and its port: what else has a colon may be a password."""


class Unreadable(ValueError):
    """An address may not be read as it was meant."""

    def __init__(self) -> None:
        super().__init__(
            "It should be as scheme://user:password@host:port/path, with @, / and other such characters of a password"
            " as %40, %2F"
        )


def is_readable(address: str) -> bool:
    """Say whether it is certain which part of an address is its password, as far as it has one.

    A password's own "@", "/", "#" or ":" that is not escaped would make its rest a host, a port or a path, which every
    error quotes. Postgres takes several hosts, apart by commas.
    """
    try:
        parts = urlsplit(address)
    except ValueError:  # half an IPv6 address
        return False
    behind = address.partition("://")[2] if "://" in address else address
    if parts.netloc.count("@") > 1 or "@" in behind.removeprefix(parts.netloc) or " " in address:
        return False
    return all(map(_HOST.fullmatch, parts.netloc.rpartition("@")[2].split(",")))


def readable(address: str) -> str:
    """Return an address that is readable. Raises ``Unreadable``, which quotes nothing of it."""
    if not is_readable(address):
        raise Unreadable
    return address


def without_secrets(address: str) -> str:
    """Return an address without user, password, query and fragment.

    Of one that is not readable, nothing is returned but the scheme: that is no usable address.
    """
    if not is_readable(address):
        scheme = address.partition("://")[0] if "://" in address else ""
        return f"{scheme}://…" if scheme.isalnum() else "…"
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def without_credentials(text: str) -> str:
    """Return a text without the user and the password of any address in it."""
    return _CREDENTIALS.sub("://", text)
