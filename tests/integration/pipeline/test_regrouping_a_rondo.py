"""A whole Rondo whose stages are regrouped while it is stopped: what people planned comes once, whatever happens."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from streams.topologies import STAGES
from tests.acceptance.days import WAIT, ahead, create_standup, following, sent
from tests.acceptance.stack import Stack, User, running
from tests.acceptance.test_looking import typed
from tests.receiver import Receiver
from tests.worked import ROOT

pytestmark = pytest.mark.deep
ALONE = " ".join(STAGES)
RENAMED = "changes=tasks,recurrence audit=reminders,audit sending=notify views"


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest, receiver: Receiver) -> Iterator[Stack]:
    """A whole Rondo of this module's own."""
    with running(request, RONDO_WEBHOOK=receiver.secret_url) as stack:
        yield stack


def regroup(stack: Stack, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Regroup a stopped Rondo as people do."""
    words = ("during", "--only", "kafka,registry", str(Path(sys.executable).parent / "rondo"), "regroup")
    environment = {**stack._environment, "PATH": os.environ["PATH"], **settings}
    command = [sys.executable, "-m", "local", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_a_regrouping_that_is_killed_is_finished_by_the_next_and_what_was_planned_comes_once(
    stack: Stack, user: User, receiver: Receiver
) -> None:
    early = create_standup(user, ahead(1))
    sent(user, early["id"])
    task = create_standup(user, ahead(10))  # it comes due while nothing runs
    stack.stop()

    stack._environment["RONDO_TOPOLOGIES"] = ALONE
    killed = regroup(stack, RONDO_FAILPOINT="core:committed:kill@2")
    assert killed.returncode == 137, killed.stdout + killed.stderr
    with pytest.raises(AssertionError, match="Rondo ended with status 1 while starting"):
        stack.start()
    assert "has not ended: stop all workers and run `rondo regroup`" in " ".join(stack.told().split())

    user = goes_on(stack, user)
    comes_once(stack, user, receiver, task)
    assert len(receiver.of(early["id"])) == 1


def test_a_rondo_goes_on_in_any_grouping_and_what_was_planned_comes_once(
    stack: Stack, user: User, receiver: Receiver
) -> None:
    for grouping in (RENAMED, ""):  # each another than before, whichever test was first
        task = create_standup(user, ahead(5))
        stack.stop()
        stack._environment["RONDO_TOPOLOGIES"] = grouping
        user = goes_on(stack, user)
        comes_once(stack, user, receiver, task)


def goes_on(stack: Stack, user: User) -> User:
    """Regroup it, start it, and return the user again."""
    done = regroup(stack)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "goes on from" in done.stdout
    stack.start()
    return stack._client(user.id, user.token)


def comes_once(stack: Stack, user: User, receiver: Receiver, task: dict[str, Any]) -> None:
    """The task's reminder is sent once, it is followed by one more, and nothing differs from the log."""
    sent(user, task["id"])
    user.rondo.complete(task["id"], wait=WAIT)
    following(user, task)
    assert typed(stack, "verify").endswith("Everything is as it follows from the log.\n")
    assert len([one for one in user.rondo.tasks("open") if one["series"] == task["series"]]) == 1
    assert len(receiver.of(task["id"])) == 1
