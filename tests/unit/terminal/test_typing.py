"""What is typed in other words: shorter names and options, filters that are put together, what other programs write."""

import json
import os
import shlex
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import click
import pytest
from hypothesis import given

from bench import terminal
from domain.query import Filter, QueryError, parse
from domain.query.bounds import MAX_BRACKETS, MAX_LENGTH
from domain.query.tree import every
from rondo.cli import ELSEWHERE, WIRED, cli
from rondo.commands import hints
from rondo.commands.aliases import ALIASES
from rondo.commands.choices import OneOf
from rondo.commands.conditions import Condition, combined
from tests.unit.client.scripted import Says, Scripted, refusal
from tests.unit.client.tasks import ACCEPTED, TASK, UPCOMING, task
from tests.unit.client.tasks import SETTINGS as STORED
from tests.unit.domain.filtering import filters
from tests.unit.terminal.commands import FILTERS, ID, LISTS, SETTINGS, commands
from tests.unit.test_cli import page
from tests.unit.typed import Type

HEAVY = (
    "asyncio",
    "httpx",
    "jwt",
    "lark",
    "msgspec",
    "pydantic",
    "rich.console",
    "schemas.records",
    "stamina",
    "domain.query",
)
CPU, CLICK = 150.0, 40.0
"""Milliseconds that `rondo list` may take of the processor, where importing click alone takes the second number."""


def asked_filter(path: str) -> str:
    return parse_qs(urlsplit(path).query)["filter"][0]


@pytest.mark.parametrize("alias", ALIASES)
def test_a_shorter_name_is_the_command(alias: str):
    context = click.Context(cli)
    assert cli.get_command(context, alias) is cli.get_command(context, ALIASES[alias][0])
    assert alias not in WIRED


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        (("bulk", "done"), ("bulk", "complete")),
        (("bulk", "rm"), ("bulk", "delete")),
        *(((group, "ls"), (group, "show")) for group in ("lists", "filters", "tags")),
        *(((group, "rm"), (group, "delete")) for group in ("lists", "filters", "tags")),
    ],
    ids=str,
)
def test_a_shorter_name_is_the_command_also_in_a_group(words: tuple[str, str], meant: tuple[str, str]):
    group = cli.get_command(click.Context(cli), words[0])
    assert isinstance(group, click.Group)
    assert group.get_command(click.Context(group), words[1]) is dict(commands())[meant]


def test_a_short_option_means_the_same_in_every_command():
    means = defaultdict[str, set[str]](set)
    for _, command in commands():
        for param in command.params:
            short = [option for option in param.opts if not option.startswith("--")]
            long = [option for option in param.opts if option.startswith("--")]
            for option in short if isinstance(param, click.Option) else ():
                means[option] |= {*long}
    assert {option: len(names) for option, names in means.items()} == dict.fromkeys(means, 1)
    assert {"-d", "-f", "-j", "-l", "-n", "-p", "-r", "-s", "-t", "-y", "-z"} == {*means}


@pytest.mark.parametrize("room", [40, 60, 80])
def test_every_command_has_a_short_help_that_fits_the_terminal(room: int):
    source = """
import sys
from rondo.cli import cli
for line in sys.stdin:
    cli.main([*line.split(), "-h"], standalone_mode=False)
"""
    lines = "\n".join(" ".join(path) for path, _ in commands())
    done = subprocess.run(
        [sys.executable, "-c", source],
        input=f"\n{lines}",
        env=os.environ | {"COLUMNS": str(room)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line for line in done.stdout.splitlines() if len(line) > room] == []
    assert (done.stdout.count("Usage: "), done.stdout.count("-h, --help")) == (len(lines.splitlines()) + 1,) * 2


@pytest.mark.parametrize(
    ("typed_", "meant"),
    [*((word, name) for word, name in ELSEWHERE.items() if word != "tag"), ("compleet", "complete")],
)
def test_a_command_of_another_program_is_answered_with_its_name_here(typed: Type, typed_: str, meant: str):
    status, _, err = typed(typed_, "x")
    assert (status, f"Did you mean `rondo {meant}`?" in err) == (2, True)
    assert meant.split(maxsplit=1)[0] in {*WIRED, "--help", "--version"}


@given(filters, filters)
def test_filters_that_are_put_together_find_what_all_of_them_find(one: Filter, other: Filter):
    conditions = [Condition("--saved", str(one)), Condition("--filter", str(other))]
    assert parse(combined(conditions)) == every((one, other))


TRICKS = ("open) or (deleted", "open or", "(open", "open)", '"open', "#", "open))((deleted", "and", "", " ")


@pytest.mark.parametrize("text", TRICKS)
@pytest.mark.parametrize("beside", [("--list", "home"), ("--saved", "home")], ids=str)
def test_what_is_no_filter_by_itself_is_none_beside_others(typed: Type, text: str, beside: tuple[str, str]):
    with Scripted(LISTS if beside[0] == "--list" else FILTERS) as api:
        status, out, err = typed("list", "--filter", text, *beside, api=api.url)
    assert (status, out, err.startswith("--filter")) == (2, "", True)
    if text.strip():
        with pytest.raises(QueryError) as refused:
            parse(text)
        assert err.startswith(f"--filter: {refused.value.detail.rstrip('.')}")  # the column is that of what was written


@pytest.mark.parametrize("words", [("list",), ("search", "x"), ("bulk", "complete", "--yes")], ids=str)
def test_a_filter_alone_goes_as_it_was_written_so_that_columns_count_from_it(typed: Type, words: tuple[str, ...]):
    with Scripted(refusal("validation", 422)) as api:
        typed(*words, "--filter", " due < tomorow", api=api.url)
        asked = api.asked[0]
    assert (asked.body["filter"] if asked.body else asked_filter(asked.path)) == " due < tomorow"


@pytest.mark.parametrize("words", [("list",), ("search", "x"), ("bulk", "complete", "--yes")], ids=str)
def test_an_empty_filter_is_refused_and_never_all_tasks(typed: Type, words: tuple[str, ...]):
    status, _, err = typed(*words, "--filter", " ", api="http://127.0.0.1:1")
    assert (status, err.startswith("--filter is empty")) == (2, True)


FILTERING = [path for path, command in commands() if any("--filter" in param.opts for param in command.params)]


@pytest.mark.parametrize("path", FILTERING, ids=" ".join)
def test_no_filter_is_left_out_beside_another(typed: Type, path: tuple[str, ...]):
    status, _, err = typed(*path, "--filter", "open", "--filter", "overdue", api="http://127.0.0.1:1")
    assert (status, err.startswith("--filter is given twice")) == (2, True)


@pytest.mark.parametrize(
    "text", [f'"{"a" * (MAX_LENGTH - 2)}"', "(" * MAX_BRACKETS + "open" + ")" * MAX_BRACKETS], ids=["long", "deep"]
)
def test_filters_that_are_too_much_together_are_reported(text: str):
    parse(text)
    with pytest.raises(click.UsageError, match="--filter and --list together exceed the limits of a filter"):
        combined([Condition("--filter", text), Condition("--list", "open")])


@pytest.mark.parametrize(
    ("title", "told"),
    [
        ("Buy milk project:Home +shop due:friday", "--title 'Buy milk' --list Home --add-tag shop --due friday"),
        ("Pay rent pri:H", "--title 'Pay rent' --priority high"),
        ("Call @phone p1", "--title Call --add-tag phone --priority urgent"),
        ("due:friday", "--due friday"),
        ("Water recur:weekly scheduled:mon", "--title Water --repeat weekly --start mon"),
    ],
)
def test_fields_of_another_program_in_a_title_are_hinted_at_and_stay(typed: Type, title: str, told: str):
    with Scripted(Says(201, ACCEPTED)) as api:
        status, out, err = typed("add", *title.split(), api=api.url)
    assert (status, out[:7], api.asked[0].body["title"]) == (0, "Created", title)
    assert err.endswith(f"To set fields instead: rondo edit {ID[:8]} {told}\n")
    command = shlex.split(err.rpartition("instead: ")[2])
    dict(commands())["edit",].make_context("edit", command[2:]).close()  # can be typed unchanged


@pytest.mark.parametrize(
    "title",
    ["Buy milk", "See https://a.example/b:c", "Meet at 10:30", "1 + 1", "Re: due", "a: b", "+1", "pri:X", "C++"],
)
def test_a_title_that_says_no_field_has_no_hint(typed: Type, title: str):
    with Scripted(Says(201, ACCEPTED)) as api:
        assert typed("add", *title.split(), api=api.url)[2] == ""


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("list", "project:Home", "+shop", "due:friday"),
            "rondo list --filter 'list = Home and #shop and due = friday'",
        ),
        (("list", "overdue"), "rondo list --filter overdue"),
        (("ls", "p1", "@home"), "rondo list --filter 'priority = urgent and #home'"),
        (("list", "milk"), "rondo list --filter '\"milk\"'"),
        (("edit", ID, "due:friday"), "--due friday"),
        (("edit", ID, "+shop"), "--add-tag shop"),
        (("edit", ID, "priority:H"), "--priority high"),
    ],
    ids=str,
)
def test_words_of_another_program_are_reported_as_they_are_typed_here(typed: Type, words: tuple[str, ...], told: str):
    status, _, err = typed(*words)
    assert (status, f"Did you mean `{told}`?" in err) == (2, True), err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "x", "--priority", "H"), "high"),
        (("add", "x", "--priority", "1"), "urgent"),
        (("add", "x", "--priority", "hgih"), "high"),
        (("add", "x", "--priority", "URGENT"), "urgent"),
        (("edit", ID, "--clear", "tags"), "tag"),
        (("edit", ID, "--clear", "reminders"), "remind"),
        (("bulk", "edit", ID, "--clear", "duetime"), "due-time"),
        (("lists", "delete", "x", "--tasks", "mov"), "move"),
        (("lists", "edit", "x", "--clear", "color"), "colour"),
        (("filters", "edit", "x", "--clear", "sorting"), "sort"),
        (("completion", "bsh"), "bash"),
    ],
    ids=str,
)
def test_a_word_that_an_option_does_not_know_is_reported_with_the_one_it_knows(
    typed: Type, words: tuple[str, ...], told: str
):
    status, _, err = typed(*words)
    assert (status, f"Did you mean `{told}`?" in err) == (2, True), err


def test_every_option_that_takes_one_of_a_few_words_suggests_one():
    few = [param for _, command in commands() for param in command.params if isinstance(param.type, click.Choice)]
    assert few
    assert {type(param.type) for param in few} == {OneOf}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("tags", "delete", "nope"), "No task has nope, and it has no colour\n"),
        (("tags", "rename", "nope", "x"), "No task has nope, and it has no colour\n"),
        (("tags", "rename", "nope", "nope"), "nope already has that name\n"),
        (("tags", "colour", "x", "#ffffff"), "x already had that colour\n"),
        (("tags", "colour", "x"), "x had none\n"),
        (("lists", "edit", "home", "--name", "home"), f"{ID[:8]} home was already like that\n"),
        (("filters", "edit", "home", "--name", "home"), f"{ID[:8]} home was already like that\n"),
    ],
    ids=str,
)
def test_what_changed_nothing_is_reported_so(typed: Type, words: tuple[str, ...], told: str):
    command = ACCEPTED["command"] | {"status": "nothing-to-do"}
    named = None if words[0] == "tags" else {"id": ID, "name": "home"}
    before = {"lists": (LISTS,), "filters": (FILTERS,)}.get(words[0], ())
    with Scripted(*before, Says(200, {"command": command, words[0].removesuffix("s"): named})) as api:
        assert typed(*words, api=api.url) == (0, told, "")


def test_undo_drops_no_option_without_a_word(typed: Type):
    status, _, err = typed("undo", "--bulk")
    assert (status, err.startswith("--bulk needs the ID of a bulk.")) == (2, True)


def test_what_is_hinted_at_is_an_option_that_there_is():
    known = {param.name for _, command in commands() for param in command.params}
    assert {name for names in hints.OPTIONS.values() for name in names} <= known


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine in Tokyo."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")


@pytest.mark.usefixtures("tokyo")
@pytest.mark.parametrize("zone", [(), ("--zone", "UTC")], ids=["floating", "with a zone"])
def test_a_typed_time_floats_unless_a_zone_is_typed_also_with_reminders(typed: Type, zone: tuple[str, ...]):
    due = {"date": "2027-01-04", "time": "09:00", **({"zone": "UTC"} if zone else {})}
    before = [] if zone else [SETTINGS]
    with Scripted(
        *before, Says(201, ACCEPTED), *before, Says(200, ACCEPTED), *before, refusal("validation", 422)
    ) as api:
        for command in (("add", "x"), ("edit", ID, "--json"), ("bulk", "edit", ID)):
            typed(*command, "--due", "2027-01-04 9:00", "--remind", "15m", *zone, api=api.url)
    sent = [asked.body.get("changes", asked.body) for asked in api.asked if asked.method != "GET"]
    assert [each["due"] for each in sent] == [due] * 3


def test_a_task_list_takes_little_of_the_processor():
    with terminal.server() as api:
        for way in (terminal.into_a_pipe, terminal.on_a_terminal):
            found = min(terminal.costs(way, api, 5, [terminal.RONDO, "list"]))
            click_alone = min(terminal.costs(way, api, 5, [sys.executable, "-c", "import click"]))
            assert found <= max(CPU, CPU / CLICK * click_alone)  # others on the machine make all of it dearer


@pytest.mark.parametrize("words", [["list"], ["list", "--json"], ["show", ID], ["complete", ID]], ids=" ".join)
@pytest.mark.parametrize("shown", ["", "1"], ids=["pipe", "terminal"])
def test_what_takes_long_to_import_is_not_imported_for_nothing(tmp_path: Path, words: list[str], shown: str):
    source = f"""
import sys
from rondo.cli import main
try:
    main({words})
except SystemExit as ended:
    print(json.dumps([ended.code, [name for name in {HEAVY} if name in sys.modules]]), file=sys.stderr)
"""
    shown_ = [Says(200, task(parent=None, list=None)), page(), Says(200, STORED), Says(200, UPCOMING)]
    answers = {"list": [page(TASK)], "show": shown_}
    with Scripted(*answers.get(words[0], [Says(200, ACCEPTED)])) as api:
        here = {"HOME": str(tmp_path), "RONDO_API": api.url, "RONDO_TOKEN": "token", "FORCE_COLOR": shown}
        python = [sys.executable, "-c", f"import json\n{source}"]
        done = subprocess.run(python, env=os.environ | here, capture_output=True, text=True, check=True)
    assert json.loads(done.stderr) == [0, []]
