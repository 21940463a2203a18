"""The addresses of a running Rondo: from RONDO_* in the environment, else from the file that ``make run`` writes."""

import json
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from common import secret_files
from common.addresses import origin, readable

NAMES = {
    "api": "URL of the API; with a token it takes precedence over `rondo login`. Without it, that of the stack on the "
    "data directory, as are the others",
    "token": "the token for the API",
    "kafka": "the broker, for commands that read the log",
    "registry": "the schema registry, for the same commands",
    "postgres": "the database, for commands that read the views",
    "topologies": "the grouping of the workers' stages, for the same commands",
}
"""The command line's environment variables, each as ``RONDO_<NAME>``."""
SECRETS = frozenset({"token", "registry", "postgres"})
"""Those that may be in a file, which ``RONDO_<NAME>_FILE`` names."""


class UnknownAddress(LookupError):
    """An address of Rondo is unknown."""


def named(names: Iterable[str] = NAMES) -> dict[str, str]:
    """Return those of ``names`` that the environment has. Raises ``UnknownAddress`` for a file that can't be read."""
    try:
        found = {name: _value(name) for name in names}
    except secret_files.Unreadable as error:
        raise UnknownAddress(f"{error}.") from None
    return {name: value for name, value in found.items() if value}


def _value(name: str) -> str | None:
    variable = f"RONDO_{name.upper()}"
    return secret_files.value(variable) if name in SECRETS else os.environ.get(variable)


def written() -> dict[str, str]:
    """Return the addresses of the stack that runs on the data directory; empty if none runs.

    Raises ``UnknownAddress`` if they can't be read.
    """
    directory = Path(os.environ.get("RONDO_DATA", ".data"))
    file = directory / "run.json"
    try:
        found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
        known = directory.stat()
        here = f"{known.st_dev}:{known.st_ino}"
        if found.pop("directory", here) != here:
            return {}  # in a copy of a directory, they are those of the original's stack
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise UnknownAddress(
            f"{str(file)!a} can't be read ({error}): does a Rondo run there? RONDO_DATA sets the directory."
        ) from None
    return found


@dataclass(frozen=True)
class Place:
    """The addresses of a running Rondo. Reading an unknown one raises ``UnknownAddress``."""

    known: dict[str, str] = field(repr=False)

    @classmethod
    def load(cls) -> Self:
        """Read the environment and ``run.json`` of the data directory."""
        given = named()
        _check_broker(given.get("kafka", ""))
        for name in ("registry", "postgres"):
            _check_address(name, given.get(name, ""))
        return cls({**written(), **given})

    def __getattr__(self, name: str) -> str:
        try:
            return self.known[name]
        except KeyError:
            raise UnknownAddress(
                f"Rondo does not run here: start it with `make run`, or set RONDO_{name.upper()}."
            ) from None


def _check_address(name: str, address: str) -> None:
    """Raise ``UnknownAddress`` for an address that makes errors quote a part of its password."""
    try:
        readable(address)
    except ValueError as error:
        raise UnknownAddress(f"RONDO_{name.upper()} is not an address. {error}.") from None


def _check_broker(servers: str) -> None:
    """Raise ``UnknownAddress`` for invalid brokers: aiokafka's error would not be clear."""
    for server in filter(None, servers.split(",")):
        if "@" in server or not server.rpartition(":")[2].isdecimal():
            raise UnknownAddress(
                f"RONDO_KAFKA={origin(servers)} names no broker: write host:port, several with commas."
            )
