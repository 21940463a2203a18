"""The command line: what it imports, how it ends, what it says where something is not done."""

import json
import re
import socket
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from rondo import cli
from rondo.cli import WIRED
from rondo.client import Login
from rondo.client.wire import ATTEMPTS
from rondo.commands.change import TRIES
from rondo.commands.log import LogCommand
from streams.runtime.rocksdb import DiskError
from tests.unit.client.scripted import HANG_UP, Says, Scripted, refusal
from tests.unit.client.tasks import ACCEPTED, ENTRY, PENDING, SETTINGS, TASK, UPCOMING, task
from tests.unit.typed import Type

ID = TASK["id"]
OTHER = "00000000-0000-0000-0000-000000000000"
HEAVY = ("aiokafka", "fastapi", "faust", "httpx", "msgspec", "rich", "rondo.client", "stamina", "streams")


@pytest.mark.parametrize(
    "arguments", ["['--help']", "['--version']", "['completion', 'bash']"], ids=["help", "version", "completion"]
)
def test_help_imports_nothing_that_takes_long(arguments: str):
    source = f"""
import sys
from rondo.cli import main
try:
    main({arguments})
except SystemExit:
    print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert (done.stderr, bool(done.stdout)) == ("[]\n", True)


@pytest.mark.parametrize("name", WIRED)
def test_a_command_is_where_it_is_wired_under_its_name(name: str):
    module, _, attribute = WIRED[name].where.partition(":")
    command = getattr(import_module(f"rondo.commands.{module}"), attribute)
    assert isinstance(command, click.Command)
    assert command.name == name
    assert command.get_short_help_str(200).split()[0] == WIRED[name].help.split()[0]


def test_each_option_says_what_it_is_for():
    context = click.Context(cli.cli)
    for name in WIRED:
        command = cli.cli.get_command(context, name)
        assert command
        assert all(option.help for option in command.params if isinstance(option, click.Option)), name


@pytest.mark.parametrize(
    "words",
    [
        ("nope",),
        ("list", "--limit", "0"),
        ("add",),
        ("add", "Buy milk", "--due", "soon"),
        ("add", "Buy milk", "--due", "today", "--zone", "Mars/Olympus"),
        ("add", "Buy milk", "--zone", "Europe/Paris"),
        ("add", "Buy milk", "--remind", "tomorrow"),
        ("edit", ID),
        ("edit", ID, "--due", "today", "--clear", "due"),
        ("edit", ID, "--due", "today 09:00", "--clear", "due-time"),
        ("edit", ID, "--tag", "a", "--add-tag", "b"),
        ("edit", ID, "--due", ""),
        ("show", "milk"),
        ("complete",),
        ("move", ID),
        ("move", ID, "--top", "--bottom"),
    ],
    ids=" ".join,
)
def test_what_is_typed_wrong_ends_with_2_and_one_line_that_says_where_to_look(typed: Type, words: tuple[str, ...]):
    status, out, err = typed(*words)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert re.search(r"See `rondo.* --help`\.$", err)


def test_rondo_alone_lists_the_commands(typed: Type):
    status, _, err = typed()
    assert status == 2
    assert all(name in err for name in WIRED)


def test_who_is_not_logged_in_gets_advice(typed: Type):
    status, out, err = typed("list")
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert "`rondo login`" in err


@pytest.mark.parametrize(
    ("says", "status", "told"),
    [
        (refusal("validation", 422), 2, "It is refused."),
        (refusal("unauthorized", 401), 1, "`rondo login` sets another token."),
        (Says(200, "<html>", "text/html"), 1, "is not Rondo's API"),
        (Says(202, PENDING), 3, "its outcome is not known yet. Check later with `rondo list`."),
    ],
)
def test_what_is_not_done_ends_with_one_line_that_says_what_to_do(typed: Type, says: Says, status: int, told: str):
    with Scripted(says) as api:
        ended, out, err = typed("add", "Buy milk", api=api.url)
    assert (ended, out, err.count("\n")) == (status, "", 1)
    assert told in err


@pytest.mark.parametrize(("trouble", "told"), [(HANG_UP, "can't be reached"), (refusal("unavailable", 503), "refused")])
def test_where_rondo_stays_away_the_status_is_3(typed: Type, trouble: Says | None, told: str):
    with Scripted(*[trouble] * ATTEMPTS) as api:
        status, out, err = typed("list", api=api.url)
    assert (status, out, err.count("\n")) == (3, "", 1)
    assert told in err


def connecting() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = free.getsockname()
    socket.create_connection(address).close()


def on_a_full_disk() -> None:
    with Path("/dev/full").open("w") as full:
        full.write("a line")


def looking_into_what_is_a_file() -> None:
    Path(sys.executable, "state").read_bytes()


def reading_a_database() -> None:
    raise DiskError("/data/state/tasks/0: IO error: Too many open files")


@pytest.mark.parametrize(
    ("work", "told", "status"),
    [
        (connecting, "Rondo can't be reached", 3),
        (on_a_full_disk, "It failed on this machine ([Errno 28]", 1),
        (looking_into_what_is_a_file, "It failed on this machine ([Errno 20]", 1),
        (reading_a_database, "It failed on this machine (/data/state/tasks/0: IO error", 1),
    ],
)
def test_only_a_connection_that_fails_is_taken_for_a_rondo_that_is_away(
    work: Callable[[], None], told: str, status: int
):
    ended = CliRunner().invoke(LogCommand("verify", callback=work))
    assert (ended.exit_code, told in ended.output) == (status, True), ended.output


def test_an_id_that_is_typed_whole_is_not_looked_for(typed: Type):
    with Scripted(Says(200, ACCEPTED)) as api:
        assert typed("complete", ID, api=api.url) == (0, f"Completed {ID[:8]} Stand-up\n", "")
    assert [request.path for request in api.asked] == [f"/v1/tasks/{ID}/complete"]


def page(*tasks: Any) -> Says:
    return Says(200, {"items": list(tasks), "next": None})


def begun(*tasks: Any) -> Says:
    """The tasks whose ids begin as they were asked for."""
    return Says(200, {"items": list(tasks), "more": False})


def test_a_beginning_is_asked_for_once_and_a_task_that_is_meant_twice_is_completed_once(typed: Type):
    with Scripted(begun(TASK), begun(TASK), Says(200, ACCEPTED)) as api:
        assert typed("complete", ID[:4], ID[:9], ID[:4], ID, api=api.url)[0] == 0
    asked = [f"/v1/tasks/ids?beginning={text}&limit=4" for text in (ID[:4], ID[:9])]
    assert [request.path for request in api.asked] == [*asked, f"/v1/tasks/{ID}/complete"]


def test_a_task_is_shown_with_its_list_its_parent_and_its_parts(typed: Type):
    part = task(id="7b29aaaa-3b0f-5b7a-8a53-9f1f3f0f7c21", title="Pack", status="completed", parent=ID)
    held, missing = task(list=OTHER, parent=OTHER), refusal("not-found", 404)
    coming = (Says(200, SETTINGS), Says(200, UPCOMING))
    with Scripted(Says(200, held), Says(200, {"name": "Travel"}), missing, page(part), *coming) as api:
        told = typed("show", ID, api=api.url)[1].splitlines()
    assert {"list\tTravel", f"parent\t{OTHER}", "sub-tasks\t7b29aaaa Pack, completed"} <= set(told)


def test_nothing_is_done_where_one_of_several_ids_is_none(typed: Type):
    with Scripted(begun(TASK), begun()) as api:
        status, out, err = typed("delete", ID[:8], "ffff", api=api.url)
    assert (status, out) == (1, "")
    assert "There is no task ffff" in err
    assert {request.method for request in api.asked} == {"GET"}


def test_a_refusal_does_not_keep_the_other_tasks_from_theirs(typed: Type):
    other = "00000000-0000-0000-0000-000000000000"
    with Scripted(refusal("conflict", 409), Says(200, ACCEPTED)) as api:
        status, out, err = typed("complete", other, ID, "--json", api=api.url)
    assert (status, json.loads(out), err) == (1, [ACCEPTED], "00000000: It is refused.\n")


def test_where_rondo_is_away_the_rest_is_not_sent_and_what_was_done_is_reported(typed: Type):
    other = "00000000-0000-0000-0000-000000000000"
    with Scripted(Says(200, ACCEPTED), *[HANG_UP] * ATTEMPTS) as api:
        status, out, _ = typed("complete", ID, other, other[:-1] + "1", "--json", api=api.url)
    assert (status, json.loads(out)) == (3, [ACCEPTED])
    assert api.asked[-1].path == f"/v1/tasks/{other}/complete"


OUTDATED = refusal("version", 412)


def test_tags_are_added_to_those_that_stand_in_the_version_that_was_read(typed: Type):
    newer = TASK | {"tags": ["team", "urgent"], "version": 2}  # type: ignore[operator]
    with Scripted(Says(200, TASK), Says(200, TASK), OUTDATED, Says(200, newer), Says(200, ACCEPTED)) as api:
        assert typed("edit", ID, "--add-tag", "work", "--remove-tag", "team", "--title", "x", api=api.url)[0] == 0
    first, second = (request for request in api.asked if request.method == "PATCH")
    assert (first.headers["If-Match"], first.body) == ('"1"', {"title": "x", "tags": ["work"]})
    assert (second.headers["If-Match"], second.body) == ('"2"', {"title": "x", "tags": ["urgent", "work"]})


def test_a_completed_task_is_shown_with_why_its_series_ended(typed: Type):
    ended = TASK | {"status": "completed", "recurrence": "FREQ=DAILY", "list": None, "parent": None}
    entry = ENTRY | {"event": "TaskCompleted", "led_to": {"status": "rejected", "code": "ended", "detail": "It ends."}}
    coming = (Says(200, SETTINGS), Says(200, UPCOMING))
    with Scripted(Says(200, ended), page(), page(ENTRY, entry), *coming) as api:
        code, out, _ = typed("show", ID, api=api.url)
    assert (code, "ended\tIt ends.\n" in out) == (0, True)


@pytest.mark.parametrize("sign", ["", "#", "##"])
def test_tags_are_added_and_taken_away_with_the_sign_of_filters_or_without(typed: Type, sign: str):
    with Scripted(Says(200, TASK), Says(200, TASK), Says(200, ACCEPTED)) as api:
        assert typed("edit", ID, "--add-tag", f"{sign}errand", "--remove-tag", f"{sign}team", api=api.url)[0] == 0
    assert api.asked[-1].body == {"tags": ["errand"]}


@pytest.mark.parametrize(
    ("known", "name"), [(refusal("not-found", 404), "errand"), (Says(200, {"name": "#errand"}), "%23errand")]
)
def test_a_tag_is_deleted_with_its_sign_only_where_there_is_such_a_one(typed: Type, known: Says, name: str):
    with Scripted(known, Says(202, {"command": PENDING["command"], "tag": None})) as api:
        typed("tags", "delete", "#errand", api=api.url)
    assert [request.path for request in api.asked] == ["/v1/tags/%23errand", f"/v1/tags/{name}"]


def test_tags_of_a_task_that_never_rests_are_given_up(typed: Type):
    with Scripted(*[Says(200, TASK), OUTDATED] * TRIES) as api:
        assert typed("edit", ID, "--add-tag", "work", "--json", api=api.url)[0] == 1
    assert len(api.asked) == 2 * TRIES


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (("--before", OTHER), {"before": OTHER}),
        (("--after", OTHER), {"after": OTHER}),
        (("--top",), {"to": "top"}),
        (("--bottom",), {"to": "bottom"}),
    ],
    ids=str,
)
def test_a_task_is_moved_to_where_it_was_typed(typed: Type, words: tuple[str, ...], body: Any):
    with Scripted(Says(200, ACCEPTED)) as api:
        assert typed("move", ID, *words, api=api.url) == (0, f"Moved {ID[:8]} Stand-up\n", "")
    assert [(request.path, request.body) for request in api.asked] == [(f"/v1/tasks/{ID}/move", body)]


@pytest.mark.parametrize(
    ("words", "body"),
    [
        (("--due", "2027-01-04"), {"due": {"date": "2027-01-04"}}),
        (("--start", "2027-01-04T09:00"), {"start": {"date": "2027-01-04", "time": "09:00"}}),
        (
            ("--start", "2027-01-03", "--due", "2027-01-04 09:00", "--zone", "Europe/Paris"),
            {
                "start": {"date": "2027-01-03"},
                "due": {"date": "2027-01-04", "time": "09:00", "zone": "Europe/Paris"},
            },
        ),
        (("--tag", "b", "--tag", "a"), {"tags": ["b", "a"]}),
        (("--repeat", "FREQ=DAILY"), {"recurrence": "FREQ=DAILY"}),
        (("--repeat", "weekdays"), {"recurrence": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"}),
        (("--due", "5pm"), {"due": {"time": "17:00"}}),
        (("--priority", "none", "--notes", ""), {"priority": "none", "notes": ""}),
        (("--pin",), {"pinned": True}),
        (("--unpin", "--parent", ID), {"pinned": False, "parent": ID}),
        (("--clear", "due", "--clear", "tag", "--title", "x"), {"title": "x", "due": None, "tags": None}),
        (("--clear", "due-time"), {"due": {"time": None}}),
        (
            ("--due", "2027-01-04", "--clear", "due-time", "--clear", "start-time"),
            {"due": {"date": "2027-01-04", "time": None}, "start": {"time": None}},
        ),
    ],
    ids=str,
)
def test_a_change_says_what_was_typed_and_nothing_else(typed: Type, words: tuple[str, ...], body: Any):
    all_at_once = Says(200, {**TASK, **ACCEPTED, "zone": "Europe/Paris"})  # settings, task and outcome
    with Scripted(*[all_at_once] * 3) as api:
        assert typed("edit", ID, *words, api=api.url)[0] == 0
    assert [request.body for request in api.asked if request.method == "PATCH"] == [body]


@pytest.mark.parametrize(
    ("before", "told"),
    [
        (Says(200, task(version=0, title="Sit-down", due=None, due_at=None)), ": title, due"),
        (Says(200, task(version=7, title="Of somebody else")), ""),
        (refusal("not-found", 404), ""),
    ],
)
def test_an_edit_tells_the_fields_that_it_really_changed(typed: Type, before: Says, told: str):
    with Scripted(before, Says(200, ACCEPTED)) as api:
        status, out, _ = typed("edit", ID, "--title", "Stand-up", "--pin", api=api.url)
    assert (status, out) == (0, f"Changed {ID[:8]} Stand-up{told}\n")


def test_what_was_so_already_is_reported_and_is_done(typed: Type):
    already = ACCEPTED | {"command": ACCEPTED["command"] | {"status": "nothing-to-do"}}
    with Scripted(Says(200, already)) as api:
        assert typed("complete", ID, api=api.url) == (0, f"{ID[:8]} Stand-up was already completed\n", "")


def test_a_list_that_is_cut_says_so_beside_the_output(typed: Type):
    with Scripted(Says(200, {"items": [TASK, TASK], "next": None})) as api:
        status, out, err = typed("list", "--limit", "1", api=api.url)
    assert (status, out.count("\n"), err) == (0, 1, "There are more than 1: raise --limit to see them.\n")


@pytest.mark.parametrize(
    ("words", "answer", "value"),
    [
        (("list",), page(TASK), [TASK]),
        (("list",), page(), []),
        (("show", ID), Says(200, TASK | {"new": "in a newer API"}), [TASK | {"new": "in a newer API"}]),  # type: ignore[operator]
        (("history", ID), page(ENTRY), [ENTRY]),
        (("history", ID, "--series"), page(TASK), [TASK]),
        (("add", "Stand-up"), Says(201, ACCEPTED), ACCEPTED),
        (("edit", ID, "--title", "x"), Says(200, ACCEPTED), [ACCEPTED]),
    ],
    ids=str,
)
def test_json_is_one_value_as_the_api_has_it(typed: Type, words: tuple[str, ...], answer: Says, value: Any):
    with Scripted(answer) as api:
        status, out, err = typed(*words, "--json", api=api.url)
    assert (status, json.loads(out), err) == (0, value, "")


def test_the_series_of_a_task_is_a_line_for_each_occurrence(typed: Type):
    done = TASK | {"occurrence": "2026-11-24T09:00:00", "status": "completed", "completed_at": "2026-11-24T08:01:02Z"}
    with Scripted(page(TASK | {"occurrence": "2026-11-25T09:00:00"}, done)) as api:
        status, out, _ = typed("history", ID, "--series", api=api.url)
    line = f"2026-11-24T09:00:00\tcompleted\t2026-11-24T08:01:02Z\t{ID}"
    assert (status, out.splitlines()) == (0, [f"2026-11-25T09:00:00\topen\t\t{ID}", line])
    with Scripted(page()) as api:
        assert typed("history", ID, "--series", api=api.url) == (0, "The task is in no series.\n", "")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_asks_rondo(typed: Type, shell: str):
    status, out, _ = typed("completion", shell)
    assert status == 0
    assert "_RONDO_COMPLETE" in out


@pytest.mark.parametrize(
    ("line", "offered"), [("rondo comp", ["complete", "completion"]), ("rondo list --so", ["--sort"])]
)
def test_a_shell_completes_commands_and_values(
    typed: Type, line: str, offered: list[str], monkeypatch: pytest.MonkeyPatch
):
    assert completed(typed, line, monkeypatch) == offered


def completed(typed: Type, line: str, monkeypatch: pytest.MonkeyPatch, **options: str) -> list[str]:
    """What is offered at the end of a line, by the protocol of click's script for bash."""
    monkeypatch.setenv("_RONDO_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(line.count(" ")))
    status, out, _ = typed(**options)
    assert status == 0
    return [offer.partition(",")[2] for offer in out.split()]


def test_a_shell_completes_ids_of_open_tasks(typed: Type, monkeypatch: pytest.MonkeyPatch):
    with Scripted(page(TASK)) as api:
        assert completed(typed, "rondo complete ", monkeypatch, api=api.url) == [ID[:8]]


def test_a_shell_completes_an_id_that_is_begun(typed: Type, monkeypatch: pytest.MonkeyPatch):
    with Scripted(begun(TASK)) as api:
        assert completed(typed, "rondo complete 6A", monkeypatch, api=api.url) == [ID[:8]]
    assert api.asked[0].path == "/v1/tasks/ids?beginning=6a&limit=200"


def test_a_shell_completes_no_id_where_nobody_is_logged_in(typed: Type, monkeypatch: pytest.MonkeyPatch):
    assert completed(typed, "rondo complete 6a", monkeypatch) == []


def test_a_login_is_kept_only_if_it_is_good(typed: Type, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RONDO_TOKEN", "another")
    with Scripted(refusal("unauthorized", 401)) as api:
        assert typed("login", api.url)[0] == 1
    assert Login.stored() is None
    with Scripted(page()) as api:
        assert typed("login", f"{api.url}/")[0] == 0
        assert Login.stored() == Login(api.url, "another", Login.load().source.partition(",")[0])


LOG_COMMANDS = [
    ("lag",),
    ("replay", "tasks"),
    ("verify",),
    ("topics",),
    ("tail", "task-events", "--no-follow"),
    ("dead-letters",),
    ("audit", "verify"),
    ("reset-positions",),
]


@pytest.mark.parametrize("typed", LOG_COMMANDS, ids=" ".join)
@pytest.mark.parametrize("address", ["user:half/quarter@host", "user:half@quarter@host", "user:half?quarter@host"])
@pytest.mark.parametrize("scheme", ["http", "postgresql"])
def test_an_address_with_a_password_that_is_not_escaped_is_refused_without_a_part_of_it(
    typed: tuple[str, ...], address: str, scheme: str
):
    name = "RONDO_REGISTRY" if scheme == "http" else "RONDO_POSTGRES"
    settings = {"RONDO_KAFKA": "127.0.0.1:1", "RONDO_REGISTRY": "http://r", "RONDO_POSTGRES": "postgresql://p"}
    done = CliRunner().invoke(cli.cli, typed, env={**settings, name: f"{scheme}://{address}/x"})
    assert done.exit_code == 1
    assert done.output.startswith(f"Error: {name} is not an address. It should be as scheme://user:password@host")
    assert not any(part in f"{done.output}{done.exception!r}" for part in ("half", "quarter"))
