"""Clients of the HTTP API during faults, and the answers that they got.

Each request has a key of its own, so each command's id is known before it is sent, whatever becomes of the request.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from random import Random
from typing import Any

import httpx
from httpx import AsyncClient

from api.http import tokens
from rondo.client import calls, wire
from rondo.client.call import Call
from schemas import ids
from tests.chaos.load import spread

WAIT = 5.0
"""Seconds that those who wait for an outcome prefer to wait."""
STATED = 10.0 + 10.0 + 3.0
"""Seconds in which any request is answered besides its wait: one read, one append (docs/api.md), and a busy machine."""
GIVE_UP = 60.0
"""Seconds after which a client gives up."""
DUE = {"date": "2035-01-01", "time": "09:00", "zone": "Europe/Paris"}
TAGS = ("home", "work", "late")
MORE = {"skip": 4, "snooze": 4, "ahead": 6, "change ahead": 4, "settings": 12}
"""What clients do with series, reminders and settings, with weights."""
ISSUED = timedelta(days=30)  # how old a token is: valid whatever is done to the clock


@dataclass(frozen=True)
class Asked:
    """One request for a change, and its answer.

    ``status`` is None where the connection broke; ``problem`` is the kind of a refusal. ``outcome`` is what the answer
    says of the command: accepted, rejected, unchanged, pending, or nothing. ``seconds`` is how long the answer took.
    """

    command: str
    user: str
    call: str
    wait: float | None
    seconds: float
    status: int | None
    problem: str | None = None
    outcome: str | None = None

    @property
    def was_taken(self) -> bool:
        """Return whether the answer says that the command is on the log."""
        return self.status in {200, 201, 202} or (self.status is not None and self.outcome == "rejected")

    @property
    def was_not_taken(self) -> bool:
        """Return whether the answer says that nothing was done."""
        return self.status is not None and self.status >= 400 and not self.is_unknown and not self.was_taken

    @property
    def is_unknown(self) -> bool:
        """Return whether the answer says that the outcome is unknown."""
        return self.problem == "outcome-unknown"


class Clients:
    """Some users in each partition, who send commands on their entities until they are stopped.

    The settings of the first in each, ``probing``, stay as they are, so that their reminders come when they are due.
    """

    def __init__(self, seed: str, secret: str, partitions: int, each: int = 2) -> None:
        self.users = spread(seed, partitions, each)
        self.probing = self.users[::each]
        self.asked: list[Asked] = []
        issued = datetime.now(UTC) - ISSUED
        self._tokens = {user: tokens.issue(secret, user, now=issued) for user in self.users}
        self._chance = Random(seed)
        self._keys = (f"{seed} {number}" for number in count())
        self._tasks: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=30))
        self._lists: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=5))
        self._commands: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=3))

    async def act(self, url: str, pause: float) -> None:
        """Ask for changes ``pause`` seconds apart on average, answered or not, until cancelled."""
        async with (
            AsyncClient(base_url=url, timeout=GIVE_UP, trust_env=False) as client,
            asyncio.TaskGroup() as group,
        ):
            while True:
                user = self._chance.choice(self.users)
                group.create_task(self._ask(client, user, self._call(user)))
                await asyncio.sleep(self._chance.uniform(0, 2 * pause))

    async def ask(self, client: AsyncClient, user: str, call: Call[Any]) -> httpx.Response | None:
        """Send one request of a user's, whatever it is; None where the connection breaks."""
        sent = wire.request(call, self._tokens[user])
        try:
            return await client.request(sent.method, sent.target, headers=dict(sent.headers), content=sent.content)
        except httpx.TransportError:
            return None

    async def _ask(self, client: AsyncClient, user: str, call: Call[Any]) -> None:
        began = time.monotonic()
        answer = await self.ask(client, user, call)
        request = asked(user, call, time.monotonic() - began, answer)
        self.asked.append(request)
        if request.was_taken:
            self._learn(request)

    def _learn(self, request: Asked) -> None:
        method, path = request.call.split(" ")
        if path == "/v1/tasks" and method == "POST":
            self._tasks[request.user].append(ids.task(request.command))
        elif path == "/v1/lists" and method == "POST":
            self._lists[request.user].append(ids.derive("list", request.command))
        elif not path.startswith(("/v1/bulks", "/v1/commands")):
            self._commands[request.user].append(request.command)

    def _call(self, user: str) -> Call[Any]:
        """Return a request for one of the user's actions."""
        how = {"key": next(self._keys), "wait": self._chance.choice([None, None, WAIT])}
        tasks, chance = self._tasks[user], self._chance
        if len(tasks) < 3:
            return self._create(user, how)
        task = chance.choice(list(tasks))
        doing = chance.choices(
            ("create", "complete", "update", "reopen", "delete", "restore", "bulk", "list", "undo", "empty", *MORE),
            (30, 25, 15, 4, 6, 5, 6, 4, 4, 2, *MORE.values()),
        )[0]
        match doing:
            case "complete":
                return calls.complete(task, **how)
            case "update":
                return calls.update(task, priority=chance.choice(["low", "high"]), reminders=self._reminders(), **how)
            case "reopen":
                return calls.reopen(task, **how)
            case "delete":
                return calls.delete(task, **how)
            case "restore":
                return calls.restore(task, **how)
            case "bulk":
                return self._bulk([*tasks], how)
            case "list":
                return calls.create_list(f"List {chance.random()}", **how)
            case "undo" if done := self._commands[user]:
                return calls.undo_command(done[-1], **how)
            case "empty" if lists := self._lists[user]:
                return calls.delete_list(chance.choice(list(lists)), tasks="move", **how)
        return self._one_more(doing, user, task, how)

    def _one_more(self, doing: str, user: str, task: str, how: dict[str, Any]) -> Call[Any]:
        """Return a request for one of the actions ``MORE``, or one that creates a task."""
        match doing:
            case "skip":
                return calls.skip(task, **how)
            case "snooze":
                return calls.snooze(task, duration="PT2S", **how)
            case "ahead":
                return self._chance.choice([calls.complete, calls.skip])(task, occurrence="2035-01-03T09:00", **how)
            case "change ahead":
                return calls.update(task, occurrence="2035-01-04T09:00", title="Anders", **how)
            case "settings" if user not in self.probing:
                return calls.update_settings(**self._settings(), **how)
        return self._create(user, how)

    def _create(self, user: str, how: dict[str, Any]) -> Call[Any]:
        chance, fields = self._chance, dict[str, Any]()
        fields |= chance.choice([{}, {"due": DUE, "recurrence": "FREQ=DAILY"}, self._calendar(), self._days_before()])
        if lists := self._lists[user]:
            fields["list"] = chance.choice([None, *lists])
        title = f"Aufgabe {chance.random()} ✓"
        return calls.create(title, tags=[chance.choice(TAGS)], **{"reminders": self._reminders(), **fields}, **how)

    def _bulk(self, tasks: list[str], how: dict[str, Any]) -> Call[Any]:
        if self._chance.random() < 0.5:
            some = [{"id": task} for task in self._chance.sample(tasks, 2)]
            return calls.change_many(action="update", tasks=some, add_tags=["late"], **how)
        return calls.change_many(action="update", filter="open and #home", remove_tags=["late"], **how)

    def _calendar(self) -> dict[str, Any]:
        """Return the fields of a series by the calendar whose next occurrence comes soon."""
        begun = self._soon() - timedelta(minutes=15)
        due = {"date": f"{begun:%Y-%m-%d}", "time": f"{begun:%H:%M:%S}", "zone": "UTC"}
        missed = self._chance.choice(["each", "latest", "skip"])
        rule = {"recurrence": "FREQ=MINUTELY;INTERVAL=15;COUNT=3", "repeats": "calendar", "missed": missed}
        return {"due": due, **rule}

    def _days_before(self) -> dict[str, Any]:
        """Return a due day and a reminder that comes soon, days before at a time of day of UTC."""
        soon, days = self._soon(), self._chance.randint(0, 3)
        reminder = {"before": f"P{days}D", "time": f"{soon:%H:%M:%S}"}
        return {"due": {"date": f"{soon + timedelta(days=days):%Y-%m-%d}"}, "reminders": [reminder]}

    def _settings(self) -> dict[str, Any]:
        """Return settings that matter soon, as quiet hours that begin now and end soon, and a digest."""
        begin, end = (f"{each:%H:%M:%S}" for each in (datetime.now(UTC), self._soon()))
        quiet = self._chance.choice(["postpone", "suppress"])
        changes: list[dict[str, Any]] = [
            {"zone": self._chance.choice(["UTC", None, "Asia/Tokyo"])},
            {"zone": "UTC", "quiet_from": begin, "quiet_to": end, "in_quiet_hours": quiet},
            {"quiet_from": None, "quiet_to": None},
            {"catch_up": self._chance.choice(["each", "latest", "none"])},
            {"zone": "UTC", "digest_time": end},
            {"digest_time": None},
        ]
        return self._chance.choice(changes)

    def _soon(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._chance.uniform(1, 5))

    def _reminders(self) -> list[dict[str, Any]]:
        soon = self._soon()
        return [{"at": soon.isoformat(timespec="milliseconds")}] if self._chance.random() < 0.5 else []


def asked(user: str, call: Call[Any], seconds: float, answer: httpx.Response | None) -> Asked:
    """Return a request as it was answered after ``seconds``; without an answer its status is None."""
    wait = next((float(one.partition("=")[2]) for one in [call.headers.get("Prefer", "")] if "=" in one), None)
    command = ids.command(user, call.headers["Idempotency-Key"])
    request = (command, user, f"{call.method} {call.path}", wait, seconds)
    if answer is None:
        return Asked(*request, status=None)
    body = _object(answer)
    about = body.get("command") or {}
    kind = str(body.get("type", "")).removeprefix("/problems/") if answer.status_code >= 400 else None
    return Asked(*request, status=answer.status_code, problem=kind, outcome=about.get("status"))


def _object(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


OUTCOMES = {"accepted": "ACCEPTED", "rejected": "REJECTED", "nothing-to-do": "NOTHING_TO_DO"}


def false_answers(asked: list[Asked], taken: set[str], outcomes: dict[str, str]) -> Iterator[str]:
    """Yield each answer that the log belies, that says nothing of use, or that came later than is stated.

    ``taken`` are the commands and bulks on the log, ``outcomes`` the kind of outcome there by command.
    """
    for one in asked:
        what = f"{one.call} ({one.command})"
        if one.was_taken and one.command not in taken:
            yield f"{what} was answered {one.status}, and is not on the log."
        if one.was_not_taken and one.command in taken:
            yield f"{what} was answered {one.status} {one.problem}, and is on the log."
        if one.status is not None and one.status >= 500 and not (one.problem and one.status == 503):
            yield f"{what} was answered {one.status} {one.problem}."
        outcome, there = OUTCOMES.get(one.outcome or ""), outcomes.get(one.command)
        if outcome and there and outcome != there:
            yield f"{what} was answered {one.outcome}, and its outcome is {there}."
        if one.seconds > STATED + (one.wait or 0):
            yield f"{what} was answered {one.status} after {one.seconds:.1f} s."
