"""Errors in the terminal are described in the words that are typed there, whatever is wrong."""

import ast
import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import click
import pytest
from aiokafka.errors import KafkaError
from asyncpg import InterfaceError
from click.testing import CliRunner

from rondo.cli import SECTIONS
from rondo.commands import option_names
from rondo.commands.log import LogCommand
from rondo.terminal import journal
from schemas.registry.client import RegistryUnavailable
from tests.unit.client.scripted import Asked, Says, Scripted
from tests.unit.client.tasks import ACCEPTED
from tests.unit.terminal.commands import ID, TYPED, Typed, commands
from tests.unit.typed import Type

ROOT = Path(__file__).parents[3]
BY_PATH = dict(commands())


def refusing(*fields: str) -> Says:
    """A refusal of these fields."""
    errors = [{"field": field, "detail": "It is not right."} for field in fields]
    detail = " ".join(f"{each['field']}: {each['detail']}" for each in errors)
    body = {"type": "/problems/validation", "title": "", "status": 422, "detail": detail, "errors": errors}
    return Says(422, body, "application/problem+json")


def typed_with(typed: Type, one: Typed, says: Says) -> tuple[Asked, int, str]:
    """Type a command that is answered so at last: the last request, the status, and the error output."""
    with Scripted(*one.before, *[says] * 2) as api:
        status, _, err = typed(*one.words, api=api.url)
    return api.asked[-1], status, err


def paths(value: Any, above: str = "") -> Iterator[str]:
    """Yield the path of each member and item of a body, as the API's errors name it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, each in inner:
        path = f"{above}.{name}" if above else str(name)
        yield path
        yield from paths(each, path)


def said(asked: Asked) -> Iterator[str]:
    """Yield the fields that a request says."""
    yield from paths(asked.body)
    yield from (name for name, _ in parse_qsl(urlsplit(asked.path).query))


def command_of(words: tuple[str, ...]) -> click.Command:
    return BY_PATH.get(words[:2]) or BY_PATH[words[:1]]


OWN = {"action", "limit", "subtasks", "changes", "sort", "tasks.0.id"}
"""Fields whose value is the command line's own, or is checked by it: the API has nothing to say of them."""


@pytest.mark.parametrize("one", TYPED, ids=str)
def test_every_error_names_what_was_typed_and_no_field_of_the_api(typed: Type, one: Typed):
    fields = [field for field in said(typed_with(typed, one, refusing("x"))[0]) if field not in OWN]
    known = {option_names.as_typed(param) for param in command_of(one.words).params}
    for field in fields:
        _, status, err = typed_with(typed, one, refusing(field))
        name, _, detail = err.removeprefix(f"{ID[:8]}: ").partition(": ")
        assert (status, name in known, detail) == (2, True, "It is not right.\n"), (field, err)


def test_every_command_that_sends_something_is_typed_here():
    typed = {one.words[:2] if one.words[:2] in BY_PATH else one.words[:1] for one in TYPED}
    assert {path for path in BY_PATH if path[0] in SECTIONS["Tasks"]} - typed <= {("bulk",)}


def details() -> Iterator[tuple[str, str]]:
    """Every sentence with which the domain or the API refuses a field, with its place; names in it are `due`."""
    for file in (*ROOT.glob("domain/**/*.py"), *ROOT.glob("api/**/*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Invalid", "FieldError", "ValueError"}:
                for argument in node.args[-1:]:
                    yield file.name, "".join(map(words, ast.walk(argument)))


def words(node: ast.AST) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    return "due" if isinstance(node, ast.FormattedValue) else ""


FIELDS_OF_THE_API = re.compile(
    r"`(at|before|to)`|\b(due|start)\.(date|time|zone)|\w_tags|(leave|clear) recurrence|\breminders\.\w|parent\.\w"
)
NOT_TYPED = {"bulk_shapes.py"}
"""What the command line checks itself before it sends anything."""


@pytest.mark.parametrize("detail", sorted({text for file, text in details() if file not in NOT_TYPED}))
def test_no_advice_names_a_field_of_the_api(detail: str):
    assert not FIELDS_OF_THE_API.search(option_names.advice(detail))


def test_each_phrase_of_the_api_that_is_said_otherwise_is_one():
    said_there = "\n".join(detail for _, detail in details())
    there = [phrase for phrase in option_names.PHRASES if phrase in said_there]
    assert there == list(option_names.PHRASES)


def test_of_many_errors_the_first_are_reported(typed: Type):
    _, _, err = typed_with(typed, Typed(("add", "x")), refusing(*["title"] * 1234))
    assert err == f"{'TITLE: It is not right. ' * 3}And 1,231 more.\n"


NO_TEXT = "\udcff"
"""A byte that is no UTF-8, as Python has it in what was typed."""


@pytest.mark.parametrize("path", BY_PATH, ids=" ".join)
def test_no_command_stumbles_over_what_is_not_utf_8(typed: Type, path: tuple[str, ...]):
    for words in ((*path, NO_TEXT), *((*path, option, NO_TEXT) for option in options(BY_PATH[path]))):
        status, out, err = typed(*words)
        assert (status, out, err.count("\n")) == (2, "", 1), words
        assert "is not UTF-8" in err


def options(command: click.Command) -> Iterator[str]:
    yield from (option for param in command.params if isinstance(param, click.Option) for option in param.opts)


def test_bytes_that_are_typed_are_not_utf_8_either():
    done = subprocess.run(
        [Path(sys.executable).with_name("rondo"), "add", b"\xff"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n"), "is not UTF-8" in done.stderr) == (2, 1, True)


@pytest.mark.parametrize(
    "words", [("add", "x", "--notes", "-"), ("edit", ID, "--notes", "-"), ("bulk", "edit", ID, "--notes", "-")], ids=str
)
def test_standard_input_that_is_not_utf_8_is_refused(
    typed: Type, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"caf\xe9")))
    with Scripted() as api:
        status, out, err = typed(*words, api=api.url)
    assert (status, out, err.count("\n"), "UTF-8" in err) == (1, "", 1, True)
    assert api.asked == []


def test_a_token_that_is_not_utf_8_is_refused(typed: Type, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\n")))
    status, out, err = typed("login", "http://127.0.0.1:1")
    assert (status, out, err.count("\n"), "UTF-8" in err) == (1, "", 1, True)


def test_lines_that_come_in_end_as_everywhere(typed: Type, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO("é\r\nb\rc\n".encode())))
    with Scripted(Says(201, ACCEPTED)) as api:
        typed("add", "x", "--notes", "-", api=api.url)
    assert api.asked[0].body["notes"] == "é\nb\nc\n"


BROKEN = {
    "the login": ("config/rondo/login.json", b"\xff\xfe"),
    "the stack's file": ("data/run.json", b"\xff\xfe"),
    "the stack's file, of another kind": ("data/run.json", b"[]"),
}
ONES = [("list",), ("add", "x"), ("undo",), ("whoami",), ("logout",), ("bulk", "show", ID), ("tags",)]


@pytest.mark.parametrize("words", ONES, ids=str)
@pytest.mark.parametrize("what", BROKEN)
def test_a_file_that_can_not_be_read_is_named(typed: Type, tmp_path: Path, words: tuple[str, ...], what: str):
    path = tmp_path / BROKEN[what][0]
    path.parent.mkdir(parents=True)
    path.write_bytes(BROKEN[what][1])
    status, out, err = typed(*words)
    if words == ("logout",):
        assert (status, err) == (0, "")
    else:
        assert (status, out, err.count("\n"), str(path) in err) == (1, "", 1, True)


@pytest.mark.parametrize("words", ONES, ids=str)
@pytest.mark.parametrize("name", ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "RONDO_DATA", "HOME"])
@pytest.mark.parametrize("place", ["file/below", "closed/below", NO_TEXT, "\n"])
def test_no_directory_that_can_not_be_made_or_read_stops_a_command_with_a_traceback(  # noqa: PLR0917 - pytest's
    typed: Type, tmp_path: Path, words: tuple[str, ...], name: str, place: str, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "file").touch()
    (tmp_path / "closed").mkdir(mode=0o000)
    monkeypatch.setenv(name, str(tmp_path / place))
    monkeypatch.setenv("RONDO_TOKEN", "token")
    with Scripted(refusing("x")) as api:
        monkeypatch.setenv("RONDO_API", api.url)
        status, _, err = typed(*words)
    assert (status in {0, 1, 2}, err.count("\n") <= 1) == (True, True)


@pytest.mark.parametrize("name", ["RONDO_API", "RONDO_TOKEN", "RONDO_DATA", "TZ"])
def test_no_setting_that_is_not_utf_8_stops_a_command_with_a_traceback(
    typed: Type, name: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("RONDO_TOKEN", "token")
    monkeypatch.setenv(name, f"http://{NO_TEXT}")
    status, out, err = typed("list")
    assert (status in {1, 2}, out, err.count("\n")) == (True, "", 1)


def test_a_login_that_can_not_be_kept_says_so(typed: Type, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "config").touch()
    monkeypatch.setenv("RONDO_TOKEN", "token")
    with Scripted(Says(200, {"items": [], "next": None})) as api:
        status, out, err = typed("login", api.url)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "The login can't be saved" in err


def test_what_can_be_undone_is_forgotten_where_its_file_is_damaged(typed: Type):
    with Scripted(Says(201, ACCEPTED)) as api:
        typed("add", "x", api=api.url)
        [file] = Path(os.environ["XDG_STATE_HOME"]).rglob("undo-*.json")
        for damage in (b"\xff", b"[1]", b'[["command"]]', b'{"a": 1}', b"[[]]"):
            file.write_bytes(damage)
            assert typed("undo", api=api.url)[0] == 1
    assert journal.MOST


TWICE = re.compile(r"[.?!:;,][.?!:;,]")
"""Punctuation twice; dots that leave something out are one character here, or belong to a metavar."""


def odd(text: str) -> list[str]:
    """Return where a text has punctuation twice, or a line of it does not end as a sentence."""
    text = re.sub(r"`[^`]*`|'[^']*'|\"[^\"]*\"|\[?[A-Z]+\]?\.\.\.|://", "", text)
    return TWICE.findall(text) + [line for line in text.splitlines() if not line.rstrip().endswith((".", "?", "!"))]


NONSENSE = ("tomorow", "nxt", "next fridy", "dayly", "Mars/Olympus", "-1", "x.", "x?", "overdeu and", "#", "bleu")


@pytest.mark.parametrize("path", BY_PATH, ids=" ".join)
def test_no_error_ends_a_sentence_twice_or_not_at_all(typed: Type, path: tuple[str, ...]):
    wrong = [(*path, "--nonsuch"), (*path, "--lisst"), (*path, ID, "due:friday", "+x"), (*path, "x?")]
    wrong += [(*path, ID, option, value) for option in options(BY_PATH[path]) for value in NONSENSE]
    for words in wrong:
        status, _, err = typed(*words)
        assert (odd(err) if status else []) == [], words


@pytest.mark.parametrize("detail", ["It is wrong.", "Did you mean `x`?", "Column 7: `x` is no date. Did you mean `y`?"])
@pytest.mark.parametrize("words", [("list",), ("complete", ID), ("add", "x"), ("lists", "add", "x")], ids=str)
def test_no_refusal_ends_a_sentence_twice_or_not_at_all(typed: Type, words: tuple[str, ...], detail: str):
    errors = [{"field": "filter", "detail": detail}]
    for body in ({"detail": detail}, {"detail": detail, "errors": errors}):
        says = Says(422, {"type": "/problems/validation", "status": 422} | body, "application/problem+json")
        with Scripted(says) as api:
            _, _, err = typed(*words, api=api.url)
        assert odd(err) == []


@pytest.mark.parametrize("stream", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", ["list", "add x --notes -", "bulk complete -f open", "nope"])
def test_a_standard_stream_that_is_closed_stops_no_command_with_a_traceback(tmp_path: Path, words: str, stream: str):
    with Scripted(*[refusing("x")] * 2) as api:
        here = os.environ | {"HOME": str(tmp_path), "RONDO_API": api.url, "RONDO_TOKEN": "token"}
        typed = f"{Path(sys.executable).with_name('rondo')} {words} {stream}"
        done = subprocess.run(["bash", "-c", typed], env=here, capture_output=True, text=True, check=False)
    assert (done.returncode in {1, 2}, done.stdout, done.stderr.count("\n") < 2) == (True, "", True), done.stderr


WRONG_NUMBERS = ("9" * 20, f"-{'9' * 20}", "0", "1.5", "x")


@pytest.mark.parametrize("path", BY_PATH, ids=" ".join)
def test_no_number_stops_a_command_with_a_traceback(typed: Type, path: tuple[str, ...]):
    params = BY_PATH[path].params
    numbers = [param.opts[-1] for param in params if isinstance(param.type, click.types.IntParamType)]
    needed = [ID for param in params if isinstance(param, click.Argument)]
    for option, number in product(numbers, WRONG_NUMBERS):
        with Scripted(refusing("x"), refusing("x")) as api:
            status, _, err = typed(*path, *needed, option, number, api=api.url)
        assert (status in {1, 2}, err.count("\n")) == (True, 1)


@pytest.mark.parametrize(
    ("typed_", "meant"),
    [("europe/paris", "Europe/Paris"), ("paris", "Europe/Paris"), ("New York", "America/New_York"), ("utc", "UTC")],
)
def test_a_zone_in_the_wrong_case_is_answered_with_its_spelling(typed: Type, typed_: str, meant: str):
    status, _, err = typed("list", "--zone", typed_)
    assert (status, f"Did you mean `{meant}`?" in err) == (2, True)


@pytest.mark.parametrize(
    ("option", "told"), [("--du", "Did you mean `--due`?"), ("--xyz", "There is no option --xyz.")]
)
def test_an_option_that_there_is_not_is_reported_with_those_that_were_meant(typed: Type, option: str, told: str):
    status, _, err = typed("add", "x", option, "1")
    assert (status, told in err) == (2, True)


SECRET = "s3cret"


@pytest.mark.parametrize("words", [("list",), ("whoami",), ("login", f"http://ann:{SECRET}@127.0.0.1:1")], ids=str)
def test_a_host_that_is_not_there_is_reported_without_the_password_of_its_address(
    typed: Type, words: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("RONDO_API", f"http://ann:{SECRET}@127.0.0.1:1")
    monkeypatch.setenv("RONDO_TOKEN", "token")
    status, out, err = typed(*words)
    assert (status, err.count("\n"), SECRET in out + err) == (3, 1, False)
    assert "can't be reached at http://127.0.0.1:1" in err


@pytest.mark.parametrize("kind", [RegistryUnavailable, OSError, KafkaError, InterfaceError])
def test_no_command_on_the_log_tells_the_password_of_an_address(kind: type[Exception]):
    def work() -> None:
        raise kind(f"Nothing answers at http://ann:{SECRET}@127.0.0.1:1/{SECRET}.")

    ended = CliRunner().invoke(LogCommand("verify", callback=work))
    assert (ended.exit_code in {1, 3}, SECRET in ended.output, "127.0.0.1:1" in ended.output) == (True, False, True)


def test_what_names_no_broker_is_reported_without_its_password(typed: Type, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RONDO_KAFKA", f"ann:{SECRET}@127.0.0.1:x")
    status, out, err = typed("topics")
    assert (status, out, SECRET in err, "names no broker" in err) == (1, "", False, True)


@pytest.mark.parametrize("key", ["ключ", "a\nb", "", " "])
def test_a_key_that_no_header_can_carry_is_refused(typed: Type, key: str):
    status, _, err = typed("add", "x", "--key", key)
    assert (status, err.startswith("--key: ")) == (2, True)


def test_what_this_terminal_can_not_write_is_shown_by_its_number(tmp_path: Path):
    with Scripted(Says(200, {"items": [{**ACCEPTED["task"], "title": "Łódź ★"}], "next": None})) as api:
        here = {"PYTHONIOENCODING": "latin-1", "HOME": str(tmp_path), "RONDO_API": api.url, "RONDO_TOKEN": "token"}
        rondo = [Path(sys.executable).with_name("rondo"), "list"]
        done = subprocess.run(rondo, env=os.environ | here, capture_output=True, check=False)
    assert (done.returncode, done.stderr, b"\\u0141\xf3d\\u017a \\u2605" in done.stdout) == (0, b"", True)
