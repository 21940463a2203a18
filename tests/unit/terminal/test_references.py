"""What a name means that is typed where a list is: a list, in any case, or the inbox; and nothing is guessed."""

from typing import Any
from unicodedata import normalize

import click
import pytest

from tests.unit.client.scripted import Says, Scripted, refusal
from tests.unit.client.tasks import ACCEPTED, TASK
from tests.unit.terminal.commands import ID, commands
from tests.unit.terminal.test_typing import asked_filter
from tests.unit.test_cli import page
from tests.unit.typed import Type

HOME, DEEP, INBOX, CAFE, TWICE, AGAIN = (f"{number}{ID[1:]}" for number in range(1, 7))
NAMES = {HOME: "Home", DEEP: "Deep work", CAFE: "Café Straße", TWICE: "twice", AGAIN: "Twice"}
CALLED_INBOX = NAMES | {INBOX: "Inbox"}

MEANT = [
    ("Home", HOME),
    ("home", HOME),
    ("HOME", HOME),
    (" home\n", HOME),
    ("\uff48\uff4f\uff4d\uff45", HOME),
    ("deep WORK", DEEP),
    (normalize("NFD", "café straße"), CAFE),
    ("CAFÉ STRASSE", CAFE),
    (HOME, HOME),
    (DEEP[:8].upper(), DEEP),
    ("twice", TWICE),
    ("Twice", AGAIN),
]
"""What is typed, and the list that it means."""
COMMANDS: dict[str, tuple[tuple[str, ...], tuple[str, ...], Says]] = {
    "list": (("list", "--list"), (), page()),
    "add": (("add", "milk", "--list"), (), Says(201, ACCEPTED)),
    "edit": (("edit", ID, "--list"), ("--json",), Says(200, ACCEPTED)),
    "bulk edit": (("bulk", "edit", ID, "--list"), (), refusal("validation", 422)),
    "lists show": (("lists", "show"), ("--json",), page()),
    "lists edit": (("lists", "edit"), ("--name", "x"), refusal("validation", 422)),
    "lists delete": (("lists", "delete"), (), refusal("validation", 422)),
}
"""Every command that takes a list: what is typed before and behind it, and what is answered at last."""


def test_every_command_that_takes_a_list_is_typed_here() -> None:
    taking = {" ".join(path) for path, command in commands() for param in command.params if is_list(param)}
    assert taking == {*COMMANDS}


def is_list(param: click.Parameter) -> bool:
    return (param.name or "").removesuffix("_") == "list"


def lists(names: dict[str, str]) -> Says:
    """The lists, which have these names by their ids."""
    items = [{"id": id_, "name": name, "open": 1, "colour": None} for id_, name in names.items()]
    return Says(200, {"items": items, "next": None})


def typed_with(typed: Type, command: str, name: str, names: dict[str, str]) -> tuple[tuple[int, str, str], str | None]:
    """Type a command with the name of a list: how it ended, and as text the list that it was about; None where none."""
    before, behind, says = COMMANDS[command]
    with Scripted(lists(names), says) as api:
        ended = typed(*before, name, *behind, api=api.url)
    return ended, about(api.asked[-1]) if len(api.asked) > 1 or command == "lists show" else None


def about(asked: Any) -> str:
    if asked.method == "GET" and "filter" in asked.path:
        return asked_filter(asked.path)
    changed = (asked.body or {}).get("changes", asked.body or {})
    return str(changed["list"]) if "list" in changed else str(asked.path)


@pytest.mark.parametrize(
    ("command", "name", "meant"), [*(("list", *each) for each in MEANT), *((each, "HOME", HOME) for each in COMMANDS)]
)
def test_a_list_is_found_by_its_name_in_any_case_or_its_id(typed: Type, command: str, name: str, meant: str) -> None:
    ended, said = typed_with(typed, command, name, NAMES)
    assert said is not None
    assert meant in (ended[1] if command == "lists show" else said)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_list_called_inbox_is_found_by_its_name(typed: Type, command: str) -> None:
    ended, said = typed_with(typed, command, "inbox", CALLED_INBOX)
    assert said is not None
    assert INBOX in (ended[1] if command == "lists show" else said)


@pytest.mark.parametrize("name", ["inbox", " INBOX "])
@pytest.mark.parametrize(
    ("command", "said"),
    [("list", "(open) and (no list)"), ("add", "None"), ("edit", "None"), ("bulk edit", "None")],
)
def test_the_inbox_is_meant_where_no_list_is_called_so(typed: Type, command: str, said: str, name: str) -> None:
    assert typed_with(typed, command, name, NAMES)[1] == said


@pytest.mark.parametrize("command", ["lists show", "lists edit", "lists delete"])
def test_the_inbox_itself_is_reported_to_be_no_list(typed: Type, command: str) -> None:
    (status, out, err), _ = typed_with(typed, command, "Inbox", NAMES)
    assert (status, out, err) == (
        1,
        "",
        "The inbox is not a list: it holds the tasks without one, see `rondo list --list inbox`.\n",
    )


@pytest.mark.parametrize("command", ["list", "lists edit"])
@pytest.mark.parametrize(("name", "told"), [("hone", "Did you mean `Home`?"), ("", "There is no list"), ("in", "")])
def test_an_unknown_list_is_reported_with_the_one_that_was_probably_meant(
    typed: Type, command: str, name: str, told: str
) -> None:
    (status, out, err), _ = typed_with(typed, command, name, NAMES)
    assert (status, out, told in err, "list them with `rondo lists`" in err) == (1, "", True, True)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_name_that_two_lists_have_in_another_case_is_not_guessed(typed: Type, command: str) -> None:
    (status, _, err), _ = typed_with(typed, command, "TWICE", NAMES)
    assert (status, TWICE in err, AGAIN in err) == (1, True, True)


def test_a_saved_filter_is_found_in_any_case(typed: Type) -> None:
    saved = {"id": ID, "name": "Die\u017fe Woche", "filter": "open", "sort": "", "colour": None}
    with Scripted(Says(200, {"items": [saved], "next": None}), page(TASK)) as api:
        status, _, _ = typed("list", "--saved", "DIESE WOCHE", api=api.url)
    assert (status, asked_filter(api.asked[1].path)) == (0, "open")
