"""How errors are described in logs and health: by what they are, and never by words of users or by secrets.

Libraries quote the values at fault in the texts of their errors: Postgres a whole row, httpx an address with its
password. So only the texts of a few kinds of error are shown, which quote nothing of that kind.
"""

import re
import traceback
from pathlib import Path
from urllib.parse import urlsplit

_ROOT = Path(__file__).parent.parent
_SPEAKING = ("aiokafka.", "streams.runtime.", "streams.transactions.", "streams.topics", "schemas.registry.")
"""Modules whose errors speak of the machine and its parts only, but for ``FoldError`` behind its colon."""
_CREDENTIALS = re.compile(r"://[^/\s\"']*@")


class Unreadable(ValueError):
    """An address may not be read as it was meant."""

    def __init__(self) -> None:
        super().__init__(
            "It should be as scheme://user:password@host:port/path, with @, / and other such characters of a password"
            " as %40, %2F"
        )


def described(error: BaseException) -> str:
    """Return what an error is, with its text where that quotes nothing, else with where it was raised."""
    name = type(error).__name__
    if isinstance(error, BaseExceptionGroup):
        return f"{name} ({', '.join(map(described, error.exceptions))})"
    if code := getattr(error, "sqlstate", None):  # of Postgres
        about = (code, getattr(error, "constraint_name", None), getattr(error, "column_name", None))
        return f"{name} ({', '.join(str(each) for each in about if each)})"
    module = f"{type(error).__module__}."
    if isinstance(error, OSError | MemoryError | TimeoutError) or module.startswith(_SPEAKING):
        text = str(error).partition(":")[0] if name == "FoldError" else str(error)
        return without_credentials(f"{name}: {text}" if text else name)
    return f"{name}{_place(error)}"


def trace(error: BaseException) -> str:
    """Return the traceback of an error and of what led to it, the first at first, each described as above."""
    told: list[str] = []
    seen: set[int] = set()
    following: BaseException | None = error
    while following and id(following) not in seen:
        seen.add(id(following))
        told.append(f"{''.join(traceback.format_tb(following.__traceback__))}{described(following)}")
        following = following.__cause__ or (None if following.__suppress_context__ else following.__context__)
    return "\nwhich led to\n".join(reversed(told))


def without_credentials(text: str) -> str:
    """Return a text without the user and the password of any address in it."""
    return _CREDENTIALS.sub("://", text)


def shown(address: str) -> str:
    """Return an address without user, password and query."""
    try:
        parts = urlsplit(address)
    except ValueError:  # half an IPv6 address
        return "an address that can't be read"
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def readable(address: str) -> str:
    """Return an address, or raise ``Unreadable``, which quotes nothing of it, where a part of it is not escaped.

    A password's own "@", "/" or "#" would make its rest a port or a path, which every error quotes.
    """
    try:
        parts = urlsplit(address)
        behind = address.partition("://")[2].removeprefix(parts.netloc)
        is_unfit = parts.netloc.count("@") > 1 or "@" in behind or " " in address or not _ports(parts.netloc)
    except ValueError:
        is_unfit = True
    if "://" in address and is_unfit:
        raise Unreadable
    return address


def _ports(netloc: str) -> bool:
    """Return whether each host's port is a number; Postgres takes several hosts."""
    hosts = netloc.rpartition("@")[2].split(",")
    return all(re.fullmatch(r"(\[[^\]]*\]|[^:\[\]]*)(:\d*)?", host) for host in hosts)


def _place(error: BaseException) -> str:
    """Return where in Rondo's own code an error came up."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(_ROOT) and ".venv" not in path.parts:
            return f" at {path.relative_to(_ROOT)}:{frame.lineno}"
    return ""
