"""Seeded commands: 60 % create a task, 25 % change a priority, 15 % complete, always on the user's own tasks."""

import random
from dataclasses import dataclass
from functools import cached_property, lru_cache

import msgspec
from msgspec import Struct

from bench.task_commands import Command, Complete, Create, Update, digest, fold, row
from schemas.names import partition_of

USERS = 10_000
PARTITIONS = 4
_FIRST_AT = 1_735_689_600_000  # 2025-01-01: record times do not depend on when it runs
_WARMING = 1_000_003  # added to the seed
_CREATE, _UPDATE = 0.60, 0.85
_TITLES = ("Water the plants", "Call the landlord about the heating", "Stand-up", "Read the contract", "Buy oat milk")


@dataclass(frozen=True)
class Message:
    """A command as a Kafka record."""

    partition: int
    key: bytes
    value: bytes
    at: int


@dataclass(frozen=True)
class Workload:
    """Commands, and their expected results."""

    commands: tuple[Command, ...]

    @cached_property
    def messages(self) -> tuple[Message, ...]:
        """The commands, encoded."""
        encode = msgspec.json.Encoder().encode
        return tuple(Message(partition_of(c.user, PARTITIONS), c.user.encode(), encode(c), c.at) for c in self.commands)

    @cached_property
    def digest(self) -> str:
        """The digest of the expected table."""
        return digest(map(row, fold(self.commands).values()))

    @cached_property
    def last(self) -> dict[str, str]:
        """The last command of each partition, by its task: once these rows are written, all are."""
        last = {partition_of(c.user, PARTITIONS): c for c in self.commands}
        return {command.task: command.id for command in last.values()}

    def __len__(self) -> int:
        return len(self.commands)

    def __add__(self, other: "Workload") -> "Workload":
        return Workload(self.commands + other.commands)


class Plan(Struct, frozen=True):
    """The number of commands: ``warm`` for the warm-up, then ``size`` measured ones. A seed determines them."""

    seed: int
    size: int
    warm: int


@lru_cache(2)  # all implementations get the same ones
def seeded(plan: Plan) -> Workload:
    """Return the measured commands."""
    return _generated(plan.seed, plan.size)


@lru_cache(2)
def warming(plan: Plan) -> Workload:
    """Return the commands of the warm-up, of other users."""
    return _generated(plan.seed + _WARMING, plan.warm)


def _generated(seed: int, size: int, users: int = USERS) -> Workload:
    chance = random.Random(seed)  # noqa: S311 - the same each time
    people = [_uuid(chance) for _ in range(users)]
    open_: list[tuple[str, str]] = []  # user and task of each that is not completed
    commands: list[Command] = []
    for number in range(size):
        id_, at, kind = _uuid(chance), _FIRST_AT + number, chance.random()
        if kind < _CREATE or not open_:
            user, task = people[int(chance.random() * users)], _uuid(chance)
            open_.append((user, task))
            commands.append(Create(id_, user, at, task, f"{_TITLES[number % 5]}, {number}", number % 4))
            continue
        place = int(chance.random() * len(open_))
        user, task = open_[place]
        if kind < _UPDATE:
            commands.append(Update(id_, user, at, task, number % 4))
        else:
            open_[place] = open_[-1]
            open_.pop()
            commands.append(Complete(id_, user, at, task))
    return Workload(tuple(commands))


def _uuid(chance: random.Random) -> str:
    digits = f"{chance.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
