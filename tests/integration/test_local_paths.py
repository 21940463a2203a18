"""Broker and Postgres keep their data where it belongs, whatever the directory is called."""

import asyncio
import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from local import kafka as embedded_kafka
from local import paths, ports
from local import postgres as embedded_postgres
from local.process import Process
from schemas.kafka import admin
from schemas.topics import DEAD_LETTERS
from tests.strangers import NOBODY

ODD = os.fsdecode(b" B\xc3\xbcro, #1 =:%$&*?[a]'\"\\`~ \xff ")
LONG = "/".join(["long" * 60] * 5)  # beyond the 1,024 bytes that Postgres takes


@pytest.fixture
def home(directory: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A directory with a name that few programs take, in a locale that knows no character of it."""
    monkeypatch.setenv("LC_ALL", "C")
    path = directory / "paths" / LONG / ODD
    yield path
    shutil.rmtree(directory / "paths")


@pytest.fixture
def started() -> Iterator[list[Process]]:
    """The processes that a test starts, and that are stopped after it."""
    processes: list[Process] = []
    yield processes
    for process in processes:
        process.stop()


def test_the_log_is_where_it_belongs_and_found_again(kafka_jars: Path, home: Path, started: list[Process]):
    chosen = ports.choose(["port", "controller"], {})
    bootstrap = f"{ports.HOST}:{chosen['port']}"
    for _ in range(2):
        started.append(embedded_kafka.start(kafka_jars, home / "kafka", log=home.parent / "kafka.log", **chosen))
        asyncio.run(admin.create(bootstrap, 1, [DEAD_LETTERS]))
        embedded_kafka.check_place(started[-1], home / "kafka", [DEAD_LETTERS])
        started.pop().stop()
    assert {path.name for path in home.parent.iterdir()} == {home.name, "kafka.log"}


def test_rows_are_where_they_belong_and_found_again(home: Path, started: list[Process]):
    home.mkdir(parents=True)
    home.chmod(stat.S_IRWXU)  # Postgres may run as another user, who may not look into it
    port = ports.choose(["postgres"], {})["postgres"]
    for _ in range(2):
        started.append(
            embedded_postgres.start(home / "postgres", port=port, password="secret", log=home.parent / "postgres.log")
        )
        with psycopg.connect(embedded_postgres.dsn(port, "secret")) as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS n")
        started.pop().stop()
    assert (home / "postgres" / "base" / "16384").is_dir()


def test_a_copy_of_a_postgres_starts_whatever_it_lost_in_copying(home: Path, started: list[Process]):
    port = ports.choose(["postgres"], {})["postgres"]
    options = {"port": port, "password": "secret", "log": home.parent / "postgres.log"}
    started.append(embedded_postgres.start(home / "first", **options))  # type: ignore[arg-type]
    started.pop().stop()
    shutil.copytree(home / "first", home / "copy", copy_function=shutil.copyfile)
    (home / "copy").chmod(0o755)
    started.append(embedded_postgres.start(home / "copy", **options))  # type: ignore[arg-type]
    assert embedded_postgres.answers(embedded_postgres.dsn(port, "secret"))


def test_rows_that_an_earlier_version_left_to_nobody_are_read_by_the_user_that_postgres_runs_as_now(
    home: Path, started: list[Process]
):
    port = ports.choose(["postgres"], {})["postgres"]
    options = {"port": port, "password": "secret", "log": home.parent / "postgres.log"}
    started.append(embedded_postgres.start(home / "postgres", **options))  # type: ignore[arg-type]
    owner = (home / "postgres").stat().st_uid
    started.pop().stop()
    for path in ((home / "postgres"), *(home / "postgres").rglob("*")):
        os.chown(path, NOBODY if os.geteuid() == 0 else -1, -1)
    started.append(embedded_postgres.start(home / "postgres", **options))  # type: ignore[arg-type]
    assert embedded_postgres.answers(embedded_postgres.dsn(port, "secret"))
    assert owner == (home / "postgres").stat().st_uid != NOBODY


def test_here_is_the_directory_that_a_program_works_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert Path(paths.here()).samefile(tmp_path)
