"""From a task to the mailbox: as a person types it, with a real mail server, a real webhook, and what goes wrong."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local import ports
from streams import replay, topologies
from streams.runtime.settings import Settings
from tests.acceptance.days import ahead
from tests.acceptance.stack import PATIENCE, Stack, User, running, until
from tests.acceptance.test_terminal import Terminal
from tests.receiver import Receiver
from tests.unit.channels.servers import mailbox

SOON = 8
"""Seconds until a reminder: on a busy machine a command takes some to start, and what is past by then never comes."""
RETRIED = PATIENCE + 15
"""Seconds for what failed once: its wait takes up to 12.5."""


@pytest.fixture(scope="module")
def stack(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A Rondo that may send to this machine."""
    with running(request, RONDO_TARGET_NETWORKS="127.0.0.0/8") as stack:
        yield stack


@pytest.fixture(autouse=True)
def verified(stack: Stack, user: User) -> Iterator[None]:
    """Check afterwards that the log, the state and the views are as they follow from each other."""
    yield
    run = stack.run
    settings = Settings(kafka=run["kafka"], registry=run["registry"], postgres=run["postgres"], data=stack.data)
    report = asyncio.run(replay.verify(settings, topologies.parsed("")))
    assert report.differences == [], report.describe()


@pytest.fixture
def terminal(stack: Stack, user: User, tmp_path: Path) -> Terminal:
    """A terminal, logged in as this test's user."""
    terminal = Terminal(tmp_path, tmp_path / "nothing-runs-here")
    terminal.type("login", stack.run["api"], typed_in=f"{user.token}\n")
    return terminal


def remind(terminal: Terminal, *title: str) -> str:
    """Add a task that reminds soon; return its id."""
    return str(terminal.json("add", *title, "--remind", ahead(SOON).isoformat())["task"]["id"])


def steps(user: User, task: str) -> dict[str | None, list[str]]:
    """Return the steps of a task's notifications, by target."""
    found = [n for n in user.rondo.notifications() if n["task"] and n["task"]["id"] == task]
    return {n["target"]: [step["step"] for step in n["steps"]] for n in found}


def ends(user: User, task: str, expected: dict[str | None, list[str]], seconds: float = PATIENCE) -> None:
    """Return once the ledger has exactly these steps."""
    until(lambda: steps(user, task) == expected, seconds, f"The ledger has {steps(user, task)}, not {expected}.")


def target(terminal: Terminal, name: str, address: str) -> str:
    return str(terminal.json("targets", "add", name, address)["target"]["id"])


def test_a_task_reminds_by_mail_and_webhook_and_the_ledger_has_each_delivery(terminal: Terminal, user: User) -> None:
    with mailbox() as (box, address), Receiver() as hook:
        mail, webhook = target(terminal, "Mail", address), target(terminal, "Hook", hook.url)
        task = remind(terminal, "Water", "the", "plants")
        ends(user, task, {mail: ["claimed", "sent"], webhook: ["claimed", "sent"]})
    assert [one["subject"] for one in box.mails] == ["Water the plants"]
    [posted] = hook.received
    [notification] = [n for n in user.rondo.notifications() if n["target"] == webhook]
    assert (posted.key, posted.body["task"], posted.body["title"]) == (notification["id"], task, "Water the plants")
    assert [one["last_sent_at"] is not None for one in user.rondo.targets()] == [True, True]


def test_a_reminder_arrives_though_the_worker_was_killed_before_it_was_due(
    stack: Stack, terminal: Terminal, user: User
) -> None:
    with mailbox() as (box, address):
        mail = target(terminal, "Mail", address)
        task = remind(terminal, "Water")
        stack.worker("notify").kill()
        ends(user, task, {mail: ["claimed", "sent"]}, RETRIED)
    assert len(box.mails) == 1


def test_what_a_killed_worker_was_sending_is_sent_again_under_the_same_id(
    stack: Stack, terminal: Terminal, user: User
) -> None:
    with Receiver() as hook:
        hook.answering.clear()
        webhook = target(terminal, "Hook", hook.url)
        task = remind(terminal, "Water")
        until(lambda: hook.received, PATIENCE, "Nothing was sent.")
        stack.worker("notify").kill()
        hook.answering.set()
        ends(user, task, {webhook: ["claimed", "claimed", "sent"]}, RETRIED)
    assert len({(posted.key, posted.body["task"]) for posted in hook.received}) == 1
    assert len(hook.received) == 2


def test_a_mail_arrives_once_the_server_is_back(terminal: Terminal, user: User) -> None:
    port = ports.choose(["mail"], {})["mail"]
    with mailbox(port) as (_, address):
        mail = target(terminal, "Mail", address)
    task = remind(terminal, "Water")
    ends(user, task, {mail: ["claimed", "failed"]})
    _, _, status, target_, title, why = terminal.type("notifications").rstrip("\n").split("\t")
    assert (status, target_, title) == ("failed", "Mail", "Water")
    assert "; next try " in why
    assert terminal.json("targets")[0]["failing_since"]
    with mailbox(port) as (box, _):
        ends(user, task, {mail: ["claimed", "failed", "claimed", "sent"]}, RETRIED)
        assert [one["subject"] for one in box.mails] == ["Water"]
    assert terminal.json("targets")[0]["failing_since"] is None


def test_a_corrected_address_gets_at_once_what_waits(terminal: Terminal, user: User) -> None:
    gone = f"http://127.0.0.1:{ports.choose(['gone'], {})['gone']}/"
    with Receiver() as hook:
        webhook = target(terminal, "Hook", gone)
        tasks = [remind(terminal, f"Water {number}") for number in range(4)]
        until(lambda: len(failed(user)) == 3, PATIENCE, "The breaker did not open.")
        terminal.type("targets", "edit", "Hook", "--address", hook.url)
        corrected = datetime.now(UTC)
        until(lambda: {*tasks} == {one.body["task"] for one in hook.received}, PATIENCE, "Not all arrived.")
        assert datetime.now(UTC) - corrected < timedelta(seconds=25), "The breaker's pause is 30 s."
    assert {n["target"] for n in user.rondo.notifications()} == {webhook}


def failed(user: User) -> list[Any]:
    return [step for n in user.rondo.notifications() for step in n["steps"] if step["step"] == "failed"]


@pytest.mark.parametrize("addresses", [0, 2])
def test_within_quiet_hours_nothing_is_sent_and_the_ledger_says_so(
    terminal: Terminal, user: User, addresses: int
) -> None:
    now = datetime.now(UTC)
    begin, end = ((now + timedelta(hours=hours)).strftime("%H:%M") for hours in (-2, 2))
    terminal.type("settings", "--zone", "UTC", "--quiet", f"{begin}-{end}", "--in-quiet-hours", "suppress")
    with Receiver() as hook:
        hooks = [target(terminal, f"Hook {number}", hook.url) for number in range(addresses)]
        task = remind(terminal, "Water")
        ends(user, task, {hook_: ["suppressed"] for hook_ in hooks or [None]})
        assert not hook.received
    shown = [line.split("\t")[2:] for line in terminal.type("notifications").splitlines()]
    to = sorted(f"Hook {number}" for number in range(addresses)) or ["log"]
    why = "It was due within the quiet hours."
    assert sorted(shown) == [["suppressed", each, "Water", why] for each in to]
    [reminder] = user.rondo.reminders()
    assert reminder["status"] == "suppressed"
    assert {step["detail"] for n in user.rondo.notifications() for step in n["steps"]} == {
        "It was due within the quiet hours."
    }


def test_the_digest_of_the_day_comes_by_mail_and_webhook_once(terminal: Terminal, user: User) -> None:
    come = ahead(3 * SOON)
    day = come.date()
    dues = {"Rent": day - timedelta(days=2), "Water": day, "Later": day + timedelta(days=2)}
    tasks = {title: terminal.json("add", title, "--due", due.isoformat())["task"]["id"] for title, due in dues.items()}
    with mailbox() as (box, address), Receiver() as hook:
        mail, webhook = target(terminal, "Mail", address), target(terminal, "Hook", hook.url)
        terminal.type("settings", "--zone", "UTC", "--digest", f"{come:%H:%M:%S}")
        until(lambda: box.mails and hook.received, RETRIED, "The digest did not come.")
        expected = dict.fromkeys((mail, webhook), (day.isoformat(), None, "sent"))
        until(lambda: digests(user) == expected, PATIENCE, f"The ledger has {digests(user)}, not {expected}.")
    [letter], [posted] = box.mails, hook.received
    assert letter["subject"] == f"Digest of {day}"
    text = letter.get_payload(decode=True).decode()
    assert text.split() == f"Overdue: - Rent ({dues['Rent']}) Due today: - Water".split()
    assert posted.body["digest"] == {
        "day": day.isoformat(),
        "overdue": [{"id": tasks["Rent"], "title": "Rent", "due": dues["Rent"].isoformat()}],
        "due": [{"id": tasks["Water"], "title": "Water", "due": day.isoformat()}],
        "starts": [],
        "more": 0,
    }


def test_a_digest_of_nothing_is_suppressed_and_the_ledger_says_so(terminal: Terminal, user: User) -> None:
    come = ahead(SOON)
    terminal.type("settings", "--zone", "UTC", "--digest", f"{come:%H:%M:%S}")
    expected = {None: (come.date().isoformat(), None, "suppressed")}
    until(lambda: digests(user) == expected, PATIENCE, f"The ledger has {digests(user)}, not {expected}.")


def digests(user: User) -> dict[str | None, tuple[str | None, Any, str]]:
    """Return day, task and status of each delivery, by target."""
    return {n["target"]: (n["digest"], n["task"], n["status"]) for n in user.rondo.notifications()}
