"""A user sees only their own."""

from collections.abc import Callable
from typing import Any

import pytest

from rondo.client import Problem
from tests.acceptance.days import WAIT, ahead, create_standup, sent
from tests.acceptance.stack import Stack, User


def refusal(call: Callable[[], Any]) -> str:
    """Return the kind of problem that a call is refused with."""
    with pytest.raises(Problem) as refused:
        call()
    return refused.value.kind


def test_two_users_never_see_or_change_each_others(stack: Stack, user: User) -> None:
    hers, task = user.rondo, create_standup(user, ahead(1.5))["id"]
    sent(user, task)
    (entry,) = user.settled_trail()
    before = hers.task(task)
    his = stack.new_user().rondo

    lists: list[Callable[[], Any]] = [his.tasks, his.reminders, his.notifications]
    assert [list(listed()) for listed in lists] == [[], [], []]
    one_by_one: list[Callable[[], Any]] = [
        lambda: his.task(task),
        lambda: list(his.history(task)),
        lambda: his.command(entry["command"]),
        lambda: his.update(task, title="His", wait=WAIT),
        lambda: his.complete(task, wait=WAIT),
        lambda: his.reopen(task, wait=WAIT),
        lambda: his.delete(task, wait=WAIT),
    ]
    assert [refusal(call) for call in one_by_one] == ["not-found"] * len(one_by_one)
    assert hers.task(task) == before
    assert user.trail() == [entry]
