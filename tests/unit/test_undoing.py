"""What the terminal keeps for `rondo undo`."""

from typing import Any

import pytest

from rondo.client import Login
from rondo.terminal import journal
from tests.unit.client.scripted import Says, Scripted, refusal
from tests.unit.client.tasks import ACCEPTED, PENDING, TASK
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
        return [ids for _, ids in journal.steps(Login.found())]


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


def test_a_step_of_which_there_is_nothing_to_undo_is_told_and_not_kept(typed: Type):
    with Scripted(answer("nothing-to-do", tag=None), refusal("conflict", 409)) as api:
        typed("tags", "delete", "home", api=api.url)
        assert typed("undo", api=api.url) == (1, "", "It is refused.\n")
        assert journal.steps(Login.found()) == []
