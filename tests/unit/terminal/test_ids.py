"""Ids by their beginning."""

import pytest

from rondo.client import Task
from rondo.terminal import ids
from tests.unit.client.tasks import task

MILK = task(id="6a1a3f5e-3b0f-5b7a-8a53-9f1f3f0f7c21", title="Buy milk")
BREAD = task(id="6a1a9999-3b0f-5b7a-8a53-9f1f3f0f7c21", title="Buy bread")


@pytest.mark.parametrize(
    ("typed", "normal"), [("6a1a", "6a1a"), (" 6A1A3F5E ", "6a1a3f5e"), (MILK["id"].upper(), MILK["id"])]
)
def test_an_id_is_brought_into_its_usual_form(typed: str, normal: str):
    assert ids.normal(typed) == normal


@pytest.mark.parametrize("typed", ["", "6a1", "milk", "6a1a%", "-6a1", "6a1à", MILK["id"] + "0"])
def test_what_can_be_no_id_is_refused_with_where_to_find_one(typed: str):
    with pytest.raises(ValueError, match="rondo list"):
        ids.normal(typed)


def test_only_a_whole_id_is_whole():
    assert ids.whole(MILK["id"])
    assert not ids.whole(MILK["id"][:-1])


def only(text: str, *tasks: Task) -> str:
    return ids.only(text, {"items": [*tasks], "more": False})  # type: ignore[typeddict-item]  # as titles


def test_a_beginning_that_one_task_has_means_it():
    assert only("6a1a3", MILK) == MILK["id"]


def test_a_beginning_that_several_tasks_have_is_refused_with_more_of_their_ids():
    with pytest.raises(ids.NotATask, match=r"several tasks.*6a1a3f5e \(Buy milk\), 6a1a9999 \(Buy bread\)"):
        only("6a1a", MILK, BREAD)


def test_a_beginning_that_no_task_has_is_refused():
    with pytest.raises(ids.NotATask, match="There is no task ffff"):
        only("ffff")


def test_a_deleted_task_is_meant_only_where_there_is_no_other():
    deleted = task(**{**BREAD, "status": "deleted"})
    assert only("6a1a", MILK, deleted) == MILK["id"]
    assert only("6a1a", deleted) == BREAD["id"]


def test_no_title_moves_the_cursor_where_several_are_printed():
    with pytest.raises(ids.NotATask, match=r"\(a\\x1b\[2J\)"):
        only("6a1a", task(**{**MILK, "title": "a\x1b[2J"}), BREAD)
