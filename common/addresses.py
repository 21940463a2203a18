"""Parsing and redaction of addresses that may hold a password."""

import re
from urllib.parse import urlsplit, urlunsplit

_WITHIN = re.compile(r"[\w+.-]*://[^\s\"'`<>]*")
"""An address within a text, up to the first character that an address can't hold unescaped."""
_AROUND = ")].,;:!?"
"""Punctuation that may follow an address in a sentence."""
_ONE = r"(\[[\w.:%]+\]|[^\s:/\[\]@?#=%,]+)(:\d*)?"
_HOSTS = re.compile(f"{_ONE}(,{_ONE})*")
"""Hosts, each with or without a port; Kafka and Postgres take several."""
HIDDEN = "…"
_HOST = re.compile(r"(\[[^\]]*\]|[^:\[\]]*)(:\d*)?")
"""A host and its port: anything else with a colon may be a password."""


class Unreadable(ValueError):
    """The address is ambiguous: a part of its password may parse as something else."""

    def __init__(self) -> None:
        super().__init__(
            "It should be as scheme://user:password@host:port/path, with @, / and other such characters of a password"
            " as %40, %2F"
        )


def is_readable(address: str) -> bool:
    """Return whether it is certain which part of an address, if any, is its password.

    An unescaped "@", "/", "#" or ":" in a password would make the rest of it a host, a port or a path, which errors
    quote. Postgres takes several hosts, separated by commas.
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
    """Return the address if ``is_readable``. Raises ``Unreadable``, which quotes nothing of it."""
    if not is_readable(address):
        raise Unreadable
    return address


def without_secrets(address: str) -> str:
    """Return an address without user, password, query and fragment.

    For an unreadable address, return only the scheme, which can't be connected to.
    """
    if not is_readable(address):
        scheme = address.partition("://")[0] if "://" in address else ""
        return f"{scheme}://{HIDDEN}" if scheme.isalnum() else HIDDEN
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def origin(address: str) -> str:
    """Return scheme, hosts and ports of an address: user, password, path, query and fragment may each be a secret.

    The secret of a webhook is its path. If an unescaped password is possible, return only the scheme.
    """
    scheme, between, rest = address.partition("://")
    if not between:
        return address if _HOSTS.fullmatch(address) else HIDDEN
    authority = re.split("[/?#]", rest, maxsplit=1)[0]
    behind, hosts = rest.removeprefix(authority), authority.rpartition("@")[2]
    may_be_of_a_password = authority.count("@") > 1 or "@" in behind or "://" in behind
    is_plain = not may_be_of_a_password and (not hosts or _HOSTS.fullmatch(hosts))
    return f"{scheme}://{hosts if is_plain else HIDDEN}"


def only_origins(text: str) -> str:
    """Return a text with every address reduced to its origin."""
    return _WITHIN.sub(_origin_within, text)


def _origin_within(found: re.Match[str]) -> str:
    address = found[0].rstrip(_AROUND)
    return origin(address) + found[0][len(address) :]


def brokers(servers: str) -> str:
    """Return the addresses of brokers. Raises ``ValueError``, which quotes nothing, if they may hold a password."""
    if servers and not _HOSTS.fullmatch(servers):
        raise ValueError("It should be as host:port, several with commas between, and without a user or a password")
    return servers
