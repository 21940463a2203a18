"""A day of downtime over reminders and digests: what each catch-up policy sends, and that the ledger lists the rest."""

import asyncio
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from domain import digests
from streams import replay, topologies
from streams.runtime.settings import Settings
from tests.acceptance.days import WAIT, ahead
from tests.acceptance.stack import PATIENCE, Stack, User, running, until
from tests.acceptance.test_terminal import Terminal
from tests.chaos.clock import HOUR, Clock

pytestmark = pytest.mark.skipif(bool(Clock.why_not()), reason=Clock.why_not())

SOON = 60
"""Seconds until what comes due meanwhile: enough to ask for it and to stop all."""
DOWN = 25 * HOUR
ONLY_LATEST = "It was missed, and the settings say to send only the latest of a task."
NONE = "It was missed, and the settings say to send none that was."
SENT = ("sent", "")
POLICIES = {
    "each": (SENT, SENT, SENT, SENT),
    "latest": (("missed", ONLY_LATEST), SENT, SENT, SENT),
    "none": (("missed", NONE), ("missed", NONE), ("missed", NONE), ("missed", digests.UNWANTED)),
}
"""By policy, the ends of the earlier and the later reminder of a task, of the only one of another, and of the digest of
the second day."""


class Away(NamedTuple):
    """A user with a policy, and the instant at which what they asked for came due while all was stopped."""

    user: User
    due: datetime


@pytest.fixture(scope="module")
def clock() -> Iterator[Clock]:
    """The clocks of the stack's processes."""
    with tempfile.TemporaryDirectory(prefix="rondo-clock-") as directory:
        yield Clock(Path(directory))  # not in pytest's, which another user, as Postgres may run as, can't read


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Stack]:
    """A Rondo with clocks of its own."""
    with running(request, **clock.environment()) as stack:
        yield stack


@pytest.fixture(scope="module")
def away(stack: Stack, clock: Clock) -> dict[str, Away]:
    """Users of each policy, by policy, after the downtime."""
    found = {policy: asked(stack.new_user(), policy) for policy in POLICIES}
    stack.stop()
    assert all(datetime.now(one.due.tzinfo) < one.due for one in found.values()), "It took so long to stop."
    clock.jump(DOWN)
    stack.start()
    return found


def asked(user: User, policy: str) -> Away:
    """Ask for reminders and a digest soon."""
    due = ahead(SOON).replace(microsecond=0)
    earlier, later = ({"at": (due + timedelta(seconds=seconds)).isoformat()} for seconds in (0, 1))
    user.rondo.create("Water", due={"date": due.date().isoformat()}, reminders=[earlier, later], wait=WAIT)
    user.rondo.create("Feed", reminders=[earlier], wait=WAIT)
    user.rondo.update_settings(zone="UTC", catch_up=policy, digest_time=f"{due:%H:%M:%S}", wait=WAIT)
    return Away(user, due)


@pytest.fixture(params=POLICIES)
def policy(request: pytest.FixtureRequest) -> str:
    """A catch-up policy."""
    return str(request.param)


def expected(policy: str, due: datetime) -> list[tuple[str, str, str]]:
    """Return title, status and reason of what the ledger lists, sorted."""
    today, tomorrow = (f"Digest of {(due + timedelta(days)).date()}" for days in (0, 1))
    titles = ("Water", "Water", "Feed", tomorrow)
    ends = [(title, *end) for title, end in zip(titles, POLICIES[policy], strict=True)]
    return sorted([*ends, (today, "missed", digests.OUTRUN)])


def listed(user: User) -> list[tuple[str, str, str]]:
    """Return title, status and reason of each delivery by HTTP, sorted."""
    found = user.rondo.notifications()
    return sorted((n["title"], n["status"], n["steps"][-1]["detail"] or "") for n in found)


def test_each_that_was_missed_is_sent_or_listed_as_the_policy_says(
    away: dict[str, Away], policy: str, stack: Stack, tmp_path: Path
) -> None:
    user, due = away[policy]
    wanted = expected(policy, due)
    settled(user, wanted)
    assert sorted(in_terminal(stack, user, tmp_path)) == wanted
    missed = [n for n in user.rondo.notifications() if n["status"] == "missed"]
    assert all([step["step"] for step in n["steps"]] == ["missed"] for n in missed)
    assert statuses(user) == sorted("due" if end == SENT else "missed" for end in POLICIES[policy][:3])


def settled(user: User, wanted: list[tuple[str, str, str]]) -> None:
    """Return once the ledger is as expected."""
    until(lambda: listed(user) == wanted, PATIENCE, f"The ledger has {listed(user)}, not {wanted}.")


def in_terminal(stack: Stack, user: User, home: Path) -> list[tuple[str, str, str]]:
    """Return title, status and reason of each delivery as `rondo notifications` shows them."""
    terminal = Terminal(home, home / "nothing-runs-here")
    terminal.type("login", stack.run["api"], typed_in=f"{user.token}\n")
    lines = [line.split("\t") for line in terminal.type("notifications").splitlines()]
    return [(title, status, why) for _, _, status, _, title, why in lines]


def statuses(user: User) -> list[Any]:
    """Return the status of each reminder, sorted."""
    return sorted(one["status"] for one in user.rondo.reminders())


def test_the_log_of_a_downtime_verifies(stack: Stack, away: dict[str, Away]) -> None:
    for policy, (user, due) in away.items():
        settled(user, expected(policy, due))
    run = stack.run
    settings = Settings(kafka=run["kafka"], registry=run["registry"], postgres=run["postgres"], data=stack.data)
    report = asyncio.run(replay.verify(settings, topologies.parsed("")))
    assert report.differences == [], report.describe()
