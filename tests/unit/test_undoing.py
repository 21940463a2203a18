"""What the terminal keeps for `rondo undo`."""

import json
from typing import Any

import pytest

from rondo.client import Login
from rondo.commands import undo
from rondo.terminal import journal
from tests.unit.client.scripted import Says, Scripted, refusal
from tests.unit.client.tasks import ACCEPTED, BULK, PENDING, TASK
from tests.unit.typed import Type

ID = TASK["id"]
COMMAND = ACCEPTED["command"]["id"]
LIST = {"id": ID, "name": "Errands"}


def answer(status: str, **about: Any) -> Says:
    return Says(200, {"command": ACCEPTED["command"] | {"status": status}, **about})


def rejection() -> Says:
    refused = refusal("conflict", 409)
    return Says(409, refused.body | {"command": {"id": COMMAND, "status": "rejected"}}, refused.media)


LISTS = Says(200, {"items": [LIST], "next": None})


def kept(typed: Type, *words: str, answers: tuple[Says, ...]) -> list[list[str]]:
    """The commands of each step that is kept after one was typed."""
    with Scripted(*answers) as api:
        typed(*words, api=api.url)
        return [step.ids for step in journal.steps(Login.load())]


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        (("tags", "rename", "home", "house"), (answer("nothing-to-do", tag=None),)),
        (("tags", "delete", "home"), (answer("nothing-to-do", tag=None),)),
        (("tags", "delete", "home"), (rejection(),)),
        (("lists", "delete", "errands", "--tasks", "move"), (LISTS, rejection())),
        (("delete", ID), (rejection(),)),
        (("delete", ID), (answer("nothing-to-do", task=TASK),)),
    ],
    ids=str,
)
def test_what_a_bulk_went_ahead_of_can_be_undone_whatever_became_of_it(
    typed: Type, words: tuple[str, ...], answers: tuple[Says, ...]
):
    assert kept(typed, *words, answers=answers) == [[COMMAND]]


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        (("tags", "colour", "home", "#ffffff"), (answer("nothing-to-do", tag=None),)),
        (("lists", "delete", "errands"), (LISTS, rejection())),
        (("delete", ID, "--keep-parts"), (rejection(),)),
        (("complete", ID), (answer("nothing-to-do", task=TASK),)),
        (("delete", ID), (refusal("unauthorized", 401),)),
    ],
    ids=str,
)
def test_what_changed_nothing_is_no_step(typed: Type, words: tuple[str, ...], answers: tuple[Says, ...]):
    assert kept(typed, *words, answers=answers) == []


@pytest.mark.parametrize("words", [("add", "Stand-up"), ("complete", ID)], ids=str)
def test_what_was_taken_and_is_not_known_yet_can_be_undone(typed: Type, words: tuple[str, ...]):
    assert kept(typed, *words, answers=(Says(202, PENDING),)) == [[COMMAND]]


UNDONE = BULK | {"status": "done", "chunks": 1, "decided": 1, "changed": 1, "unchanged": 0, "refused": 0}
PUT_BACK = f"Put back 1 change. Bulk {UNDONE['id']}\n"
NOTHING = Says(409, refusal("conflict", 409).body | {"code": "nothing-to-undo"}, "application/problem+json")


def test_what_is_undone_is_reported(typed: Type):
    with Scripted(answer("accepted", task=TASK), Says(202, UNDONE)) as api:
        typed("complete", ID, api=api.url)
        assert typed("undo", api=api.url) == (0, f"Undone: Completed {ID[:8]} Stand-up.\n{PUT_BACK}", "")
        assert journal.steps(Login.load()) == []


def test_a_step_that_changed_nothing_is_passed_over(typed: Type):
    done = (answer("accepted", task=TASK), answer("nothing-to-do", tag=None))
    with Scripted(*done, NOTHING, Says(202, UNDONE)) as api:
        typed("complete", ID, api=api.url)
        typed("tags", "delete", "home", api=api.url)
        status, out, err = typed("undo", api=api.url)
        assert (status, out) == (0, f"Undone: Completed {ID[:8]} Stand-up.\n{PUT_BACK}")
        assert err == "Skipped, as it changed nothing: Deleted home.\n"
        assert journal.steps(Login.load()) == []


def test_where_every_step_changed_nothing_that_is_reported(typed: Type):
    with Scripted(answer("nothing-to-do", tag=None), NOTHING) as api:
        typed("tags", "delete", "home", api=api.url)
        status, out, err = typed("undo", api=api.url)
    assert (status, out, err.splitlines()[1:]) == (1, "", [undo.NOTHING])


def test_a_step_that_can_not_be_undone_is_reported_and_not_kept(typed: Type):
    with Scripted(answer("accepted", task=TASK), refusal("conflict", 409)) as api:
        typed("complete", ID, api=api.url)
        told = f"It is refused.\nNot undone: Completed {ID[:8]} Stand-up.\n"
        assert typed("undo", api=api.url) == (1, "", told)
        assert journal.steps(Login.load()) == []


def test_a_command_that_is_named_is_reported_by_its_task(typed: Type):
    known = {**ACCEPTED["command"], "task": {"id": ID, "href": ""}, "list": None, "filter": None, "tag": None}
    with Scripted(Says(200, known), Says(200, TASK), Says(202, UNDONE)) as api:
        status, out, _ = typed("undo", COMMAND, api=api.url)
    assert (status, out) == (0, f"Undone: command {COMMAND} on {ID[:8]} Stand-up.\n{PUT_BACK}")


def test_what_an_earlier_version_kept_can_be_undone(typed: Type):
    with Scripted(Says(202, UNDONE)) as api:
        Login(api.url, "token").store()
        file = journal.file(Login.load())
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps([["command", [COMMAND]]]))
        status, out, _ = typed("undo", api=api.url)
    assert (status, out) == (0, f"Undone: command {COMMAND[:8]}.\n{PUT_BACK}")
