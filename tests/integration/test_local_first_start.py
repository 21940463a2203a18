"""A first start that was killed is begun again, and nothing that holds data ever is."""

import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from local import leftovers, paths, ports
from local import postgres as embedded_postgres
from local.errors import Problem, Stopped
from local.process import Process

PASSWORD = secrets.token_hex(16)


@pytest.fixture
def home(directory: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A directory of the test's own."""
    path = directory / re.sub(r"\W", "-", request.node.name)
    path.mkdir()
    yield path
    shutil.rmtree(path)


@pytest.fixture
def serve(home: Path) -> Iterator[Callable[[], str]]:
    """A function that starts Postgres in that directory, and returns its address."""
    port = ports.choose(["postgres"], {})["postgres"]
    started: list[Process] = []

    def start() -> str:
        for server in started:
            server.stop()
        started.append(
            embedded_postgres.start(home / "postgres", port=port, password=PASSWORD, log=home / "postgres.log")
        )
        return embedded_postgres.dsn(port, PASSWORD)

    yield start
    for server in started:
        server.stop()


def initialised(directory: Path) -> None:
    """Do what an earlier version did: initialise a cluster in its place."""
    directory.mkdir()
    account = embedded_postgres._account()
    user = {"user": account.user, "group": account.group, "extra_groups": ()} if account else {}
    if account:
        os.chown(directory, account.user, account.group)
    argv = [
        str(embedded_postgres.programs() / "initdb"),
        "-D",
        paths.here(),
        "--username=rondo",
        "--auth=trust",
        "--no-sync",
    ]
    subprocess.run(argv, cwd=directory, check=True, stdout=subprocess.DEVNULL, **user)  # type: ignore[call-overload]


def remember(address: str) -> None:
    with psycopg.connect(address) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS n")


def recalled(address: str) -> list[tuple[int]]:
    with psycopg.connect(address) as connection:
        return connection.execute("SELECT n FROM kept").fetchall()


@pytest.mark.parametrize(
    "lacks",
    [
        "global/pg_filenode.map",
        *(pytest.param(more, marks=pytest.mark.deep) for more in ("PG_VERSION", "base/5", "global/pg_control")),
    ],
)
def test_a_cluster_that_an_earlier_version_left_half_initialised_is_begun_again(
    home: Path, serve: Callable[[], str], lacks: str
):
    initialised(home / "postgres")
    lacking = home / "postgres" / lacks
    shutil.rmtree(lacking) if lacking.is_dir() else lacking.unlink()
    (home / "postgres.password").write_text(PASSWORD)
    remember(serve())
    assert not (home / "postgres.password").exists()


def test_a_cluster_that_holds_data_is_never_begun_again(home: Path, serve: Callable[[], str]):
    remember(serve())
    serve()  # restarted
    assert recalled(serve()) == [(7,)]


def test_a_damaged_cluster_that_held_data_is_left_as_it_is(home: Path, serve: Callable[[], str]):
    remember(serve())
    for process in leftovers.working_in(home / "postgres", "postgres"):
        process.kill()
    (home / "postgres" / "global" / "pg_filenode.map").unlink()
    with pytest.raises(Problem, match="Postgres ended with status 1 while starting"):
        serve()
    assert any((home / "postgres" / "base").glob("16384"))


def test_a_directory_of_something_else_is_left_alone(home: Path, serve: Callable[[], str]):
    (home / "postgres" / "src").mkdir(parents=True)
    with pytest.raises(Problem, match=r"holds something else \(src …\)"):
        serve()
    assert (home / "postgres" / "src").is_dir()


def test_the_password_is_on_no_disk_while_a_cluster_is_initialised(home: Path):
    stopping, shown = threading.Event(), []

    def start() -> None:
        with pytest.raises(Stopped):
            embedded_postgres.start(home / "postgres", port=1, password=PASSWORD, log=home / "log", stopping=stopping)

    starting = threading.Thread(target=start)
    starting.start()
    while starting.is_alive():
        if (home / "postgres.new" / "global" / "pg_control").exists() and not shown:
            shown = [*files(home), *processes()]
            stopping.set()
    assert len(shown) > 10
    assert not any(PASSWORD.encode() in content for content in shown)


def files(home: Path) -> list[bytes]:
    return [path.read_bytes() for path in home.rglob("*") if path.is_file()]


def processes() -> list[bytes]:
    """What everybody sees of the processes that were started here."""
    children = psutil.Process().children(recursive=True)
    return [Path(f"/proc/{process.pid}/{what}").read_bytes() for process in children for what in ("cmdline", "environ")]


def zombie() -> subprocess.Popen[bytes]:
    """A process that has ended, and that nobody has asked for its status."""
    popen = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, popen.pid, os.WEXITED | os.WNOWAIT)
    return popen


def another() -> subprocess.Popen[bytes]:
    """A process of another program, which Postgres may not touch nor mistake for itself."""
    account = embedded_postgres._account()
    user = {"user": account.user, "group": account.group, "extra_groups": ()} if account else {}
    return subprocess.Popen(["sleep", "60"], **user)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("who", [zombie, another])
def test_a_server_starts_where_the_number_of_the_killed_one_is_that_of(
    home: Path, serve: Callable[[], str], who: Callable[[], subprocess.Popen[bytes]]
):
    remember(serve())
    leftovers.kill(leftovers.working_in(home / "postgres", "postgres"))
    file = home / "postgres" / "postmaster.pid"
    popen = who()
    lines = file.read_text().splitlines()
    file.write_text("\n".join([str(popen.pid), *lines[1:]]) + "\n")
    try:
        assert recalled(serve()) == [(7,)]
        if who is another:
            assert popen.poll() is None
    finally:
        popen.kill()
        popen.wait()


def test_a_server_starts_though_sessions_of_the_killed_one_have_not_noticed(home: Path, serve: Callable[[], str]):
    address = serve()
    remember(address)
    (postmaster,) = (
        process
        for process in leftovers.working_in(home / "postgres", "postgres")
        if (home / "postgres" / "postmaster.pid").read_text().startswith(f"{process.pid}\n")
    )
    session = psycopg.connect(address)
    busy = psutil.Process(session.info.backend_pid)
    busy.send_signal(signal.SIGSTOP)
    postmaster.kill()
    assert recalled(serve()) == [(7,)]
    assert leftovers.gone(busy)
    session.close()
