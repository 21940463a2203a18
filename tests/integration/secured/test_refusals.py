"""A part that refuses what the settings say ends each program with one sentence that names the setting."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from local import ports
from local.process import Command, Process
from postgres import connections as of_postgres
from schemas.kafka import refusal as of_kafka
from schemas.topics import SCHEMAS
from streams import connections
from tests.certificates import Authority
from tests.integration.secured.broker import ADMIN_PASSWORD, STRANGER, STRANGER_PASSWORD, Secured
from tests.integration.secured.database import PASSWORD, Database

SOON = 30.0
"""Seconds until a program has ended: twice of what is promised, as tests share the machine."""
SECRET = "planted-signing-key-of-forty-characters"
SECRETS = (ADMIN_PASSWORD, STRANGER_PASSWORD, PASSWORD, SECRET)
RONDO = str(Path(sys.executable).with_name("rondo"))
API, REGISTRY = (sys.executable, "-m", "api"), (sys.executable, "-m", "schemas.registry")
WORKER, VERIFY = (RONDO, "worker", "views"), (RONDO, "verify")
COMMANDS = (VERIFY, (RONDO, "topics"), (RONDO, "lag"), (RONDO, "dead-letters"), (RONDO, "tail", "task-events"))
PROGRAMS = {"api": API, "worker": WORKER, "registry": REGISTRY, **{f"rondo {argv[1]}": argv for argv in COMMANDS}}


@pytest.fixture(scope="module")
def environment(secured: Secured, database: Database, directory: Path) -> Iterator[dict[str, str]]:
    """The settings of every program, with which it works."""
    port = ports.choose(["secured-registry", "secured-api"], {})
    settings = {
        **secured.environment(),
        "RONDO_REGISTRY": f"http://{ports.HOST}:{port['secured-registry']}",
        "RONDO_POSTGRES": f"{database.address}?sslmode=require",
        "RONDO_POSTGRES_CA": str(database.ca),
        "RONDO_SECRET": SECRET,
        "RONDO_PORT": str(port["secured-api"]),
        "RONDO_DATA": str(directory / "secured-data"),
    }
    registry = Process(Command("The registry", REGISTRY, directory / "secured-registry.log", settings))
    try:
        registry.wait_until(lambda: ports.answers(port["secured-registry"]), 30)
        yield settings
    finally:
        registry.stop()


def ended(argv: tuple[str, ...], environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a program until it ends. Fails if that takes longer than ``SOON``."""
    others = {name: value for name, value in os.environ.items() if not name.startswith("RONDO_")}
    return subprocess.run(
        argv, env={**others, **environment}, capture_output=True, text=True, timeout=SOON, check=False
    )


OF_KAFKA: dict[str, tuple[Callable[[dict[str, str], Path], dict[str, str]], str]] = {
    "another password": (
        lambda *_: {"RONDO_KAFKA_PASSWORD": "hunter2"},
        "refuses user admin: correct RONDO_KAFKA_USER and RONDO_KAFKA_PASSWORD.",
    ),
    "another authority": (
        lambda _, directory: {"RONDO_KAFKA_CA": str(Authority(directory / "other.pem").file)},
        "set RONDO_KAFKA_CA to a file with the authority that signed it.",
    ),
    "another name": (
        lambda given, _: {"RONDO_KAFKA": given["RONDO_KAFKA"].replace("127.0.0.1", "localhost")},
        "has a certificate for another name: write in RONDO_KAFKA a name that it is for.",
    ),
    "no TLS": (lambda *_: {"RONDO_KAFKA_TLS": "", "RONDO_KAFKA_CA": ""}, "speaks TLS: set RONDO_KAFKA_TLS=true."),
    "no user": (
        lambda *_: dict.fromkeys(("RONDO_KAFKA_SASL_MECHANISM", "RONDO_KAFKA_USER", "RONDO_KAFKA_PASSWORD"), ""),
        "asks for a user: set RONDO_KAFKA_SASL_MECHANISM, _USER and _PASSWORD.",
    ),
    "a user without rights": (
        lambda *_: {"RONDO_KAFKA_USER": STRANGER, "RONDO_KAFKA_PASSWORD": STRANGER_PASSWORD},
        "does not allow user stranger to ",
    ),
}
OF_POSTGRES: dict[str, tuple[Callable[[str, Path], dict[str, str]], str]] = {
    "another password": (
        lambda address, _: {"RONDO_POSTGRES": address.replace(PASSWORD, "hunter2")},
        "refuses the user: correct user and password in RONDO_POSTGRES.",
    ),
    "another authority": (
        lambda _, directory: {"RONDO_POSTGRES_CA": str(Authority(directory / "other.pem").file)},
        "set RONDO_POSTGRES_CA to a file with the authority that signed it.",
    ),
    "another name": (
        lambda address, _: {"RONDO_POSTGRES": address.replace("127.0.0.1", "localhost")},
        "has a certificate for another name: write in RONDO_POSTGRES a name that it is for.",
    ),
    "another database": (
        lambda address, _: {"RONDO_POSTGRES": address.replace("/postgres?", "/nothing?")},
        "has no such database: create it, or correct its name in RONDO_POSTGRES.",
    ),
    "no TLS": (
        lambda address, _: {"RONDO_POSTGRES": address.partition("?")[0] + "?sslmode=disable", "RONDO_POSTGRES_CA": ""},
        "asks for TLS: append ?sslmode=require to RONDO_POSTGRES.",
    ),
    "no address": (
        lambda *_: {"RONDO_POSTGRES": "mysql://user:hunter2@localhost/rondo"},
        "The setting RONDO_POSTGRES is not an address as postgresql://user:password@host:port/database.",
    ),
}


@pytest.fixture
def changed(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch):
    """A function that gives this process the settings, with some changed."""

    def change(other: dict[str, str]) -> dict[str, str]:
        for name, value in {**environment, **other}.items():
            monkeypatch.setenv(name, value)
        return {**environment, **other}

    return change


async def test_parts_that_refuse_nothing_are_not_accused(changed):
    now = changed({})
    parts = (now["RONDO_KAFKA"], now["RONDO_REGISTRY"], now["RONDO_POSTGRES"])
    assert await connections.refusal(*parts, [SCHEMAS.name, "no-topic-yet"]) is None


async def test_parts_that_do_not_answer_are_not_accused(changed):
    changed({})
    nobody = f"{ports.HOST}:9"
    assert await connections.refusal(nobody, f"http://{nobody}", f"postgresql://u:p@{nobody}/db") is None


@pytest.mark.parametrize("what", OF_KAFKA)
async def test_what_the_broker_refuses_is_found(what: str, changed, environment: dict[str, str], tmp_path: Path):
    change, sentence = OF_KAFKA[what]
    kafka = changed(change(environment, tmp_path))["RONDO_KAFKA"]
    assert sentence in str(await of_kafka.refusal(kafka, [SCHEMAS.name]))


async def test_a_mechanism_that_the_broker_does_not_offer_is_found(changed, secured: Secured):
    changed({"RONDO_KAFKA_SASL_MECHANISM": "SCRAM-SHA-256"})
    sentence = "does not offer SCRAM-SHA-256: correct RONDO_KAFKA_SASL_MECHANISM."
    assert sentence in str(await of_kafka.refusal(secured.limited))


async def test_a_broker_without_tls_and_without_users_is_found(changed, secured: Secured):
    changed({})
    assert "speaks no TLS: unset RONDO_KAFKA_TLS" in str(await of_kafka.refusal(secured.inside))
    changed({"RONDO_KAFKA_TLS": "", "RONDO_KAFKA_CA": ""})
    assert "asks for no user: unset RONDO_KAFKA_SASL_MECHANISM" in str(await of_kafka.refusal(secured.inside))


@pytest.mark.parametrize("what", OF_POSTGRES)
async def test_what_postgres_refuses_is_found(what: str, changed, environment: dict[str, str], tmp_path: Path):
    change, sentence = OF_POSTGRES[what]
    address = changed(change(environment["RONDO_POSTGRES"], tmp_path))["RONDO_POSTGRES"]
    assert sentence in str(await of_postgres.refusal(address))


async def test_a_postgres_without_tls_is_found(changed, postgres: str):
    changed({})
    assert "speaks no TLS: remove sslmode from RONDO_POSTGRES" in str(await of_postgres.refusal(postgres))


def refused(program: str, environment: dict[str, str], sentence: str) -> None:
    """Run a program. Fails unless it ends in time with this sentence only, and status 1."""
    found = ended(PROGRAMS[program], environment)
    said = found.stdout + found.stderr
    assert sentence in said
    assert said.count("\n") == 1, said
    assert found.returncode == 1
    assert not [secret for secret in (*SECRETS, "hunter2") if secret in said]


@pytest.mark.parametrize("program", ["api", "worker", "registry", "rondo verify"])
def test_a_program_that_the_broker_refuses_ends_with_one_sentence(program: str, environment: dict[str, str]):
    refused(program, {**environment, "RONDO_KAFKA_PASSWORD": "hunter2"}, OF_KAFKA["another password"][1])


@pytest.mark.parametrize("program", ["api", "worker"])
def test_a_program_that_postgres_refuses_ends_with_one_sentence(program: str, environment: dict[str, str]):
    address = environment["RONDO_POSTGRES"].replace(PASSWORD, "hunter2")
    refused(program, {**environment, "RONDO_POSTGRES": address}, OF_POSTGRES["another password"][1])


@pytest.mark.parametrize("program", ["api", "worker", "registry"])
def test_a_program_whose_user_lacks_a_right_ends_with_one_sentence(program: str, environment: dict[str, str]):
    change, sentence = OF_KAFKA["a user without rights"]
    refused(program, {**environment, **change(environment, Path())}, sentence)


@pytest.mark.deep
@pytest.mark.parametrize("what", [name for name in OF_KAFKA if name != "a user without rights"])
@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_says_all_that_the_broker_refuses(
    program: str, what: str, environment: dict[str, str], tmp_path: Path
):
    change, sentence = OF_KAFKA[what]
    refused(program, {**environment, **change(environment, tmp_path)}, sentence)


@pytest.mark.deep
@pytest.mark.parametrize("what", OF_POSTGRES)
@pytest.mark.parametrize("program", ["api", "worker"])
def test_every_program_says_all_that_postgres_refuses(
    program: str, what: str, environment: dict[str, str], tmp_path: Path
):
    change, sentence = OF_POSTGRES[what]
    refused(program, {**environment, **change(environment["RONDO_POSTGRES"], tmp_path)}, sentence)
