"""Which address and which token count, and that a token goes nowhere else."""

import json
from pathlib import Path

import pytest

from rondo.client import Login, Unknown
from rondo.client.login import file, forget

HOME = Login("https://home.example", "of-home")


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is logged in, and nothing runs here."""
    for name in ("RONDO_API", "RONDO_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RONDO_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


@pytest.fixture
def stack(tmp_path: Path) -> Login:
    """A stack that runs here."""
    (tmp_path / "data").mkdir()
    run = {"api": "http://127.0.0.1:8000", "token": "of-the-stack", "kafka": "127.0.0.1:9092"}
    (tmp_path / "data" / "run.json").write_text(json.dumps(run))
    return Login(run["api"], run["token"])


def who() -> tuple[str, str]:
    found = Login.load()
    return found.api, found.token


def test_there_is_no_advice_what_to_do() -> None:
    with pytest.raises(Unknown, match="rondo login"):
        Login.load()


def test_without_a_login_the_stack_that_runs_here_counts(stack: Login) -> None:
    assert who() == (stack.api, stack.token)


def test_a_login_comes_before_the_stack_that_runs_here(stack: Login) -> None:
    HOME.store()
    assert who() == (HOME.api, HOME.token)


def test_the_environment_comes_before_a_login(monkeypatch: pytest.MonkeyPatch) -> None:
    HOME.store()
    monkeypatch.setenv("RONDO_API", "https://work.example")
    monkeypatch.setenv("RONDO_TOKEN", "of-work")
    assert who() == ("https://work.example", "of-work")


def test_a_token_is_not_sent_to_another_address_than_its_own(stack: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    HOME.store()
    monkeypatch.setenv("RONDO_API", "https://elsewhere.example")
    with pytest.raises(Unknown, match=r"There is no token for https://elsewhere\.example"):
        Login.load()


def test_an_address_alone_takes_the_token_that_was_given_for_it(stack: Login, monkeypatch: pytest.MonkeyPatch) -> None:
    HOME.store()
    monkeypatch.setenv("RONDO_API", stack.api)
    assert who() == (stack.api, stack.token)


def test_a_token_alone_replaces_that_of_the_login(monkeypatch: pytest.MonkeyPatch) -> None:
    HOME.store()
    monkeypatch.setenv("RONDO_TOKEN", "another")
    assert who() == (HOME.api, "another")


def test_what_is_stored_only_its_owner_may_read() -> None:
    HOME.store()
    Login("https://work.example", "of-work").store()  # over what was there
    assert (file().stat().st_mode & 0o777, file().parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert [path.name for path in file().parent.iterdir()] == ["login.json"]


def test_a_login_is_forgotten_once() -> None:
    HOME.store()
    assert (forget(), forget(), Login.stored()) == (True, False, None)


@pytest.mark.parametrize("content", ["", "[]", '{"api": "https://home.example"}', '{"api": 1, "token": 2}', "\0"])
def test_a_file_that_can_not_be_read_is_named_with_the_way_out(content: str) -> None:
    HOME.store()
    file().write_text(content)
    with pytest.raises(Unknown, match=r"login\.json.*rondo login"):
        Login.load()


@pytest.mark.parametrize(
    "url", ["", "home.example", "home.example:8000", "ftp://home.example", "http://", "http://[::1"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(Unknown, match="is not an address"):
        Login(url, "token")


@pytest.mark.parametrize("token", ["", " ", "a\nb", "tökén"])
def test_a_token_that_no_header_can_carry_is_refused(token: str) -> None:
    with pytest.raises(Unknown, match="The token"):
        Login(HOME.api, token)


def test_a_token_is_not_shown() -> None:
    assert HOME.token not in repr(HOME)
