"""Every secret of every program may be in a file, and none is in what represents or refuses the settings."""

import re
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings

from common import secret_files, settings
from docs.configuration import PROGRAMS
from local import settings as local_settings
from local.errors import Problem
from rondo.client import Login, Unknown
from rondo.location import SECRETS, Place, UnknownAddress

CLASSES = sorted({each for program in PROGRAMS.values() for each in program}, key=lambda each: each.__module__)
GIVEN = {
    "RONDO_KAFKA": "localhost:9092",
    "RONDO_REGISTRY": "http://user:hunter2@localhost:8081/",
    "RONDO_POSTGRES": "postgresql://user:hunter2@localhost/rondo",
    "RONDO_SECRET": "hunter2" * 5,
    "RONDO_TARGETS_KEY": "a1" * 32,
    "RONDO_WEBHOOK": "http://localhost/hunter2",
    "RONDO_KAFKA_TLS": "true",
    "RONDO_KAFKA_SASL_MECHANISM": "PLAIN",
    "RONDO_KAFKA_USER": "rondo",
    "RONDO_KAFKA_PASSWORD": "hunter2",
    "RONDO_REGISTRY_USER": "rondo",
    "RONDO_REGISTRY_PASSWORD": "hunter2",
}
"""A setting of each name that some program needs, or that is secret."""
INVALID = {
    "RONDO_REGISTRY": "http://user:hunter2@hunter2@localhost",
    "RONDO_POSTGRES": "postgresql://user:hunter2/hunter2@localhost/rondo",
    "RONDO_SECRET": "hunter2",
    "RONDO_TARGETS_KEY": "hunter2",
    "RONDO_WEBHOOK": "hunter2",
}
"""Secrets of a form that is refused; passwords may have any."""
SUSPICIOUS = re.compile("secret|password|key|token|postgres$|registry$|webhook")


def secrets_of(kind: type[BaseSettings]) -> list[str]:
    return [name for name, field in kind.model_fields.items() if not field.repr]


EVERY = [(kind, name) for kind in CLASSES for name in secrets_of(kind)]
every_secret = pytest.mark.parametrize(("kind", "name"), EVERY, ids=lambda one: getattr(one, "__module__", one))


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in GIVEN.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: f"{kind.__module__}.{kind.__name__}")
def test_what_is_named_like_a_secret_is_one(kind: type[BaseSettings]):
    assert [name for name in kind.model_fields if SUSPICIOUS.search(name)] == secrets_of(kind)


@every_secret
def test_a_secret_is_read_from_its_file(kind: type[BaseSettings], name: str, given: pytest.MonkeyPatch, tmp_path: Path):
    variable = f"RONDO_{name.upper()}"
    (tmp_path / "file").write_text(f"{GIVEN[variable]}\n")
    given.delenv(variable)
    given.setenv(f"{variable}_FILE", str(tmp_path / "file"))
    assert str(getattr(kind(), name)) == GIVEN[variable]


@every_secret
def test_a_secret_is_not_in_a_representation(kind: type[BaseSettings], name: str, given: pytest.MonkeyPatch):
    found = kind()
    assert f"{name}=" not in repr(found)
    assert "hunter2" not in f"{found!r} {found}"
    assert GIVEN["RONDO_TARGETS_KEY"] not in f"{found!r} {found}"


@every_secret
def test_a_secret_that_is_refused_is_not_quoted(
    kind: type[BaseSettings], name: str, given: pytest.MonkeyPatch, tmp_path: Path
):
    variable = f"RONDO_{name.upper()}"
    if kind is local_settings.Settings and name == "webhook":
        return  # it takes any text, which the workers check
    (tmp_path / "file").write_text(INVALID.get(variable, "hunter2"))
    given.delenv(variable)
    if variable not in INVALID:  # a password, which alone is not enough
        given.delenv(variable.replace("PASSWORD", "USER"))
    given.setenv(f"{variable}_FILE", str(tmp_path / "file"))
    with pytest.raises((SystemExit, Problem)) as raised:
        local_settings.load() if kind is local_settings.Settings else settings.load(kind)
    assert variable in str(raised.value) or variable.replace("PASSWORD", "USER") in str(raised.value)
    assert "hunter2" not in str(raised.value)


@every_secret
def test_a_file_that_cannot_be_read_is_named(kind: type[BaseSettings], name: str, given: pytest.MonkeyPatch):
    variable = f"RONDO_{name.upper()}"
    given.delenv(variable)
    given.setenv(f"{variable}_FILE", "/nowhere/secret")
    with pytest.raises((SystemExit, Problem), match=f"^{variable}_FILE names '/nowhere/secret', which can't be read"):
        local_settings.load() if kind is local_settings.Settings else settings.load(kind)


@pytest.mark.parametrize("content", [b"\xff\xfe", None], ids=["no text", "a directory"])
def test_a_file_without_text_is_refused(content: bytes | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "file").write_bytes(content) if content else (tmp_path / "file").mkdir()
    monkeypatch.setenv("RONDO_SECRET_FILE", str(tmp_path / "file"))
    with pytest.raises(secret_files.Unreadable, match=r"^RONDO_SECRET_FILE names .+ which can't be read"):
        secret_files.value("RONDO_SECRET")


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_the_terminal_reads_a_secret_from_its_file(name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "file").write_text("http://user:hunter2@localhost\n")
    monkeypatch.delenv(f"RONDO_{name.upper()}", raising=False)
    monkeypatch.setenv(f"RONDO_{name.upper()}_FILE", str(tmp_path / "file"))
    place = Place.load()
    assert getattr(place, name) == "http://user:hunter2@localhost"
    assert "hunter2" not in repr(place)
    monkeypatch.setenv(f"RONDO_{name.upper()}_FILE", "/nowhere")
    with pytest.raises(UnknownAddress, match=f"^RONDO_{name.upper()}_FILE names '/nowhere'"):
        Place.load()


def test_a_token_may_be_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    (tmp_path / "token").write_text("hunter2\n")
    monkeypatch.setenv("RONDO_API", "http://localhost")
    monkeypatch.setenv("RONDO_TOKEN_FILE", str(tmp_path / "token"))
    assert Login.load().token == "hunter2"
    monkeypatch.setenv("RONDO_TOKEN_FILE", "/nowhere")
    with pytest.raises(Unknown) as raised:
        Login.load()
    assert str(raised.value) == "RONDO_TOKEN_FILE names '/nowhere', which can't be read (No such file or directory)."
