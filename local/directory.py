"""The data directory: its lock, its layout, and what it keeps from one start to the next."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any
from uuid import uuid4

from common import private, room
from local import jars, metadata, ports, postgres
from local.errors import Problem
from local.paths import LONGEST, sync

LAYOUT = 1
_OURS = ("kafka", "postgres", "postgres.new", "state", "logs", "secrets.json", "run.json", "layout.json", "ports.json")
"""The entries that Rondo creates in a data directory, besides the lock."""


@dataclass(frozen=True)
class Secrets:
    """Generated once and kept: the user of the printed token, its secret, Postgres's password, the targets' key."""

    user: str
    secret: str
    password: str
    targets_key: str


@dataclass(frozen=True)
class Directory:
    """A locked data directory."""

    path: Path

    @property
    def run(self) -> Path:
        """The file with the running stack's addresses, for the command line and the demo."""
        return self.path / "run.json"

    def log(self, part: str) -> Path:
        """Return the log of a part."""
        return self.path / "logs" / f"{part}.log"

    def ports(self, names: Iterable[str]) -> dict[str, int]:
        """Return a port for each name: that of the last start, if it is still free."""
        former = read(self.path / "ports.json")
        chosen = ports.choose(names, former)
        write(self.path / "ports.json", {**former, **chosen})
        return chosen

    def close(self) -> list[Path]:
        """Close its entries to other users; return those that stay open to them."""
        return private.close(self.path, (*_OURS, "lock"))

    def secrets(self) -> Secrets:
        """Return the secrets, each generated on first use."""
        file = self.path / "secrets.json"
        known = read(file) if file.exists() else {}
        if len(known) < len(fields(Secrets)):
            generated = Secrets(str(uuid4()), secrets.token_hex(32), secrets.token_hex(16), secrets.token_hex(32))
            write(file, known := {**asdict(generated), **known})
        return Secrets(**known)


@contextmanager
def held(path: Path, stack: str, enough: int = room.ENOUGH) -> Iterator[Directory]:
    """Lock the data directory at ``path``, created if new, for this ``stack``. Raises ``Problem`` if it can't be used.

    ``enough`` is the number of bytes that its disks should have free.
    """
    try:
        path = path.resolve()
        check_name(path)
        path.mkdir(private.PASSABLE, parents=True, exist_ok=True)
        lock = (path / "lock").open("a+")
    except (OSError, RuntimeError) as error:  # the second is for symbolic links in a circle
        why = error.strerror if isinstance(error, OSError) else error
        raise Problem(
            f"The data directory {path} can't be written ({why}): fix that, or set RONDO_DATA to another."
        ) from None
    with lock:
        try:  # The kernel releases the lock whenever its holder ends: it is never stale.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Problem(
                f"Rondo already runs on the data directory {path} (process {(path / 'lock').read_text()}): use that"
                " one, stop it with Ctrl-C, or set RONDO_DATA and RONDO_PORT for a second one."
            ) from None
        check_space(path, enough)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        check_layout(path, stack)
        yield Directory(path)


def is_held(path: Path) -> bool:
    """Return whether a stack runs on the data directory at ``path``."""
    try:
        with (path / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def check_name(path: Path) -> None:
    """Raise ``Problem`` for a path that is too long for the paths below it."""
    if (size := len(os.fsencode(path))) > LONGEST:
        raise Problem(
            f"The data directory's path has {size} bytes, and the system allows {LONGEST}, given the paths below it:"
            " set RONDO_DATA to a shorter one."
        )


def check_space(path: Path, enough: int) -> None:
    """Raise ``Problem`` if a disk is nearly full: a new directory needs ``enough`` bytes, one in use half of that."""
    is_new = not (path / "layout.json").exists()
    if lack := room.lack(path, enough if is_new else enough // 2):
        raise Problem(
            f"{lack} A broker that starts on a full disk may lose its log, so nothing is started: free some space,"
            " set RONDO_DATA to a directory on another disk, or lower RONDO_DISK_BYTES."
        )


def check_layout(path: Path, stack: str) -> None:
    """Raise ``Problem`` if an incompatible version wrote the directory; record this one."""
    ours = {"layout": LAYOUT, "stack": stack, "kafka": jars.KAFKA, "postgres": postgres.MAJOR}
    theirs = {**ours, **read(path / "layout.json")}
    differs = [
        (theirs["stack"] != stack, f"with STACK={theirs['stack']}", f"STACK={stack} is requested"),
        (theirs["layout"] != LAYOUT, f"in layout {theirs['layout']}", f"this Rondo uses layout {LAYOUT}"),
        (theirs["postgres"] != postgres.MAJOR, f"by PostgreSQL {theirs['postgres']}", f"this is {postgres.MAJOR}"),
        (not readable(theirs["kafka"], jars.KAFKA), f"by Kafka {theirs['kafka']}", f"this is {jars.KAFKA}"),
    ]
    for differ, written, now in differs:
        if differ:
            raise Problem(
                f"The data directory {path} was written {written}, but {now}: go back to that, or set RONDO_DATA to a"
                " new directory."
            )
    write(path / "layout.json", ours)


def readable(written: str, now: str) -> bool:
    """Return whether Kafka ``now`` reads the data of ``written``: same major version and not later, or converted."""
    then, current = (tuple(map(int, version.split("."))) for version in (written, now))
    is_converted = (then[:2], current[:2]) == (metadata.FROM, metadata.TO)
    return is_converted or (then[0] == current[0] and then <= current)


def read(file: Path) -> dict[str, Any]:
    """Return the content of a JSON file; empty if there is no file."""
    try:
        found: dict[str, Any] = json.loads(file.read_text())
    except FileNotFoundError:
        return {}
    return found


def write(file: Path, content: Mapping[str, Any]) -> None:
    """Write JSON to a file that only its owner may read, atomically."""
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)  # from a start that was killed
    part.touch(0o600)
    part.write_text(json.dumps(content, indent=2) + "\n")
    sync(part)
    part.replace(file)
    sync(file.parent)
