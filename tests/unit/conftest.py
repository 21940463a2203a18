"""A terminal without a process of its own."""

from pathlib import Path

import pytest

from rondo.cli import main
from rondo.client import Login
from tests.unit.typed import Ended, Type


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Type:
    """A function that types a command, and returns its status and both outputs."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("RONDO_DATA", str(tmp_path / "data"))
    monkeypatch.delenv("RONDO_API", raising=False)
    monkeypatch.delenv("RONDO_TOKEN", raising=False)

    def type_(*words: str, api: str = "") -> Ended:
        if api:
            Login(api, "token").store()
        with pytest.raises(SystemExit) as ended:
            main(words)
        told = capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return ended.value.code, told.out, told.err

    return type_
