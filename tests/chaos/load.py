"""What people do with their tasks, at random from a seed: series, reminders due soon, changes, and everything twice."""

from datetime import date, timedelta
from itertools import islice
from random import Random
from typing import NamedTuple

from schemas import ids
from schemas import records as r
from schemas.names import partition_of
from streams.domain import times
from streams.domain.tasks import Command

BEGIN = date(2035, 1, 1)
ZONE = "Europe/Paris"
SOONEST, LATEST = 1_000, 5_000  # milliseconds from a command to the reminders that it asks for
DOING = {"create": 30, "update": 20, "complete": 25, "reopen": 5, "delete": 5, "repeat": 15}


class _Known(NamedTuple):
    user: str
    task: str
    series: str
    occurrence: int | None  # 0, 1, 2 … within a series


def spread(seed: str, partitions: int, each: int) -> list[str]:
    """Return users of a test's own, as many in each partition: something happens in all of them."""
    users = [ids.derive("user", seed, number) for number in range(20 * partitions * each)]
    return [
        user
        for partition in range(partitions)
        for user in islice((user for user in users if partition_of(user, partitions) == partition), each)
    ]


class People:
    """Some users of a test's own. The same seed leads to the same commands, but for their times."""

    def __init__(self, seed: str, partitions: int = 4) -> None:
        self.users = spread(seed, partitions, each=2)
        self._seed = seed
        self._chance = Random(seed)
        self._said: list[Command] = []
        self._tasks: list[_Known] = []

    def next(self, at: int) -> Command:
        """Return the next command, said at ``at`` (milliseconds since 1970); some are an earlier one once more."""
        doing = self._chance.choices(list(DOING), list(DOING.values()))[0] if self._tasks else "create"
        if doing == "repeat":
            return self._chance.choice(self._said)
        user = self._chance.choice(self.users)
        command: Command = self._create(user, at) if doing == "create" else self._change(doing, at)
        self._said.append(command)
        return command

    def _create(self, user: str, at: int) -> r.CreateTask:
        identity, task = self._identity(user), ids.task(self._identity(user))
        rule = self._chance.choice([None, "FREQ=DAILY"])
        due = None if rule is None else r.Due(BEGIN.isoformat(), "09:00:00", ZONE)
        self._tasks.append(_Known(user, task, task, None if rule is None else 0))
        fields = r.TaskFields(title=f"Task {len(self._said)}", due=due, rrule=rule, reminders=self._reminders(at))
        return r.CreateTask(identity, user, at, f"user:{user}", task, fields)

    def _change(self, doing: str, at: int) -> Command:
        known = self._chance.choice(self._tasks)
        user, task = known.user, known.task
        common = {"id": self._identity(user), "user": user, "at": at, "actor": f"user:{user}", "task": task}
        match doing:
            case "update":
                fields = r.TaskFields(priority=self._chance.choice(list(r.Priority)), reminders=self._reminders(at))
                return r.UpdateTask(**common, changed=("priority", "reminders"), fields=fields)
            case "complete":
                self._expect_next(known)
                return r.CompleteTask(**common)
            case "reopen":
                return r.ReopenTask(**common)
        return r.DeleteTask(**common)

    def _expect_next(self, known: _Known) -> None:
        """Take note of the task that a series leads to next, so that it is changed too."""
        if known.occurrence is not None:
            following = known.occurrence + 1
            due = r.Due((BEGIN + timedelta(days=following)).isoformat(), "09:00:00", ZONE)
            task = ids.occurrence(known.series, times.key(due), 1)
            self._tasks.append(_Known(known.user, task, known.series, following))

    def _reminders(self, at: int) -> tuple[r.Reminder, ...]:
        return (r.Reminder("soon", at=at + self._chance.randint(SOONEST, LATEST)),)

    def _identity(self, user: str) -> str:
        return ids.command(user, f"{self._seed} {len(self._said)}")
