"""Settings that are missing or wrong are named in one sentence."""

import pytest

from api.configuration import Settings
from common import settings

GOOD = {
    "RONDO_KAFKA": "localhost:9092",
    "RONDO_REGISTRY": "http://localhost:8081",
    "RONDO_POSTGRES": "postgresql://localhost/rondo",
    "RONDO_SECRET": "x" * 32,
}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(name, value)


def test_the_environment_says_all_that_is_needed() -> None:
    assert settings.load(Settings).kafka == "localhost:9092"


@pytest.mark.parametrize("name", GOOD)
def test_what_is_missing_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(name)
    with pytest.raises(SystemExit, match=name):
        settings.load(Settings)


@pytest.mark.parametrize(
    ("name", "value"), [("RONDO_SECRET", "short"), ("RONDO_PORT", "http"), ("RONDO_PORT", "70000")]
)
def test_what_is_wrong_is_named_and_not_shown(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit, match=name) as ended:
        settings.load(Settings)
    assert value not in str(ended.value)


def test_the_secret_is_not_shown() -> None:
    assert GOOD["RONDO_SECRET"] not in repr(settings.load(Settings))
