"""An answer that the log belies, that is no use, or that comes late is found; a true one is not."""

import httpx
import pytest

from rondo.client import calls
from schemas import ids
from tests.chaos.clients import STATED, WAIT, Asked, asked, false_answers

USER = "1b4e28ba-2fa1-51d2-883f-0016d3cca427"
COMMAND = ids.command(USER, "key")
KINDS = {200: None, 201: None, 202: None, 404: "not-found", 422: "validation", 500: "internal", 503: "unavailable"}


def answered(status: int | None, problem: str | None = None, seconds: float = 0.1, outcome: str | None = None) -> Asked:
    return Asked(COMMAND, USER, "POST /v1/tasks", None, seconds, status, problem, outcome)


def wrong(one: Asked, *, taken: bool, outcome: str | None = None) -> list[str]:
    return list(false_answers([one], {COMMAND} if taken else set(), {COMMAND: outcome} if outcome else {}))


@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_command_that_was_answered_as_taken_is_on_the_log(status: int):
    assert wrong(answered(status), taken=True) == []
    assert wrong(answered(status), taken=False)


@pytest.mark.parametrize("status", [404, 422, 503])
def test_a_command_of_which_nothing_was_done_is_not_on_the_log(status: int):
    assert wrong(answered(status, KINDS[status]), taken=False) == []
    assert wrong(answered(status, KINDS[status]), taken=True)


@pytest.mark.parametrize("taken", [True, False])
def test_a_command_of_which_nobody_knows_may_be_on_the_log(taken: bool):
    assert wrong(answered(503, "outcome-unknown", outcome="unknown"), taken=taken) == []


@pytest.mark.parametrize("taken", [True, False])
def test_a_connection_that_broke_says_nothing(taken: bool):
    assert wrong(answered(None), taken=taken) == []


def test_a_rejected_command_is_on_the_log():
    assert wrong(answered(409, "conflict", outcome="rejected"), taken=True, outcome="REJECTED") == []
    assert wrong(answered(409, "conflict", outcome="rejected"), taken=False)


@pytest.mark.parametrize("taken", [True, False])
def test_an_internal_error_is_wrong_whatever_was_done(taken: bool):
    assert wrong(answered(500, "internal"), taken=taken)


@pytest.mark.parametrize(
    ("told", "is_"), [("accepted", "REJECTED"), ("rejected", "ACCEPTED"), ("accepted", "NOTHING_TO_DO")]
)
def test_another_outcome_than_the_logs_is_wrong(told: str, is_: str):
    assert wrong(answered(200, outcome=told), taken=True, outcome=is_)


def test_an_answer_that_comes_late_is_wrong():
    assert wrong(answered(202, seconds=STATED + 1), taken=True)


def test_an_answer_is_read_as_it_came():
    call = calls.create("Water the plants", key="key", wait=WAIT)
    shown = {"type": "/problems/outcome-unknown", "status": 503, "command": {"id": COMMAND, "status": "unknown"}}
    read = asked(USER, call, 0.1, httpx.Response(503, json=shown))
    assert (read.command, read.wait, read.is_unknown, read.was_not_taken) == (COMMAND, WAIT, True, False)
