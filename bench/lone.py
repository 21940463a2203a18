"""A command through a whole Rondo, one at a time and many: its CPU in every process, and the wait for its outcome.

Each version runs as ``make run`` starts it, on empty data; they alternate, one at a time. A load counts as ended when
every command that was accepted has its outcome, its audit entry and its reminder in the views.
"""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from bench import bare, floor, load, stack
from bench.floor import Floor
from bench.implementations import wait_until
from bench.ingress import MANY, of_rondo
from bench.load import Answers, Load
from bench.run import LOGS
from bench.stack import Done, Running
from bench.trial import Say, Wrong
from bench.versions import Version
from local import ports
from local.process import Command, Process
from local.settings import ROOT

RATES = (20, 200)
"""Commands per second whose clients wait for the outcome."""
_SECONDS = 120.0  # timeout until the views have everything
_SHARE = 0.5  # of the seconds of a load: the floor
_SECRET = "s" * 32


@dataclass(frozen=True)
class Sent:
    """The answers to a load of commands, and the CPU seconds of each part until the views had all."""

    answers: Answers
    cpu: dict[str, float]

    def us(self, part: str) -> float:
        """CPU microseconds of a part per command; 0 for a part that this version does not have."""
        return self.cpu.get(part, 0.0) / self.answers.count * 1e6

    @property
    def all_us(self) -> float:
        """CPU microseconds of all parts per command."""
        return sum(map(self.us, self.cpu))


@dataclass(frozen=True)
class Lone:
    """A round of a version: by connections without waits, by rate with ``Prefer: wait`` and beside the floor."""

    version: str
    loops: dict[int, Sent]
    waits: dict[int, Sent]
    floors: dict[int, Floor]


def measure(versions: Sequence[Version], seconds: float, rounds: int, say: Say) -> list[dict[str, Lone]]:
    """Return for each round what each version takes; each round begins with another version."""
    found: list[dict[str, Lone]] = []
    for number in range(rounds):
        found.append({})
        for version in versions[:: -1 if number % 2 else 1]:
            at = partial(_under, say, f"round {number + 1}, {version.name}")
            at("starting")
            with stack.running(version) as running:
                found[-1][version.name] = of(version.name, running, seconds, at)
    return found


def _under(say: Say, label: str, text: str) -> None:
    say(f"{label}: {text}")


def of(name: str, running: Running, seconds: float, say: Say) -> Lone:
    """Measure a running stack."""
    say("warming up")
    _send(running, seconds, MANY)
    loops, waits, floors = {}, {}, {}
    for connections in (1, MANY):
        say(f"{connections} connections")
        loops[connections] = _send(running, seconds, connections)
    for rate in RATES:
        say(f"{rate} commands/s, with waits")
        waits[rate] = _send(running, seconds, rate=rate)
    with floor.topics(running.kafka), _bare(running) as port:
        for rate in RATES:
            say(f"the floor, {rate} a second")
            floors[rate] = floor.measure(running.kafka, running.postgres, port, rate, seconds * _SHARE)
    return Lone(name, loops, waits, floors)


def _send(running: Running, seconds: float, connections: int = 1, rate: int = 0) -> Sent:
    """Send commands, wait until the views have all they led to, and return their cost; raise ``Wrong`` for a lost one.

    With a ``rate`` their clients wait for the outcome.
    """
    create, _ = of_rondo(running.port, running.token, {"Prefer": "wait"} if rate else {})
    done, before = running.done(), running.cpu()
    answers = load.run(Load(create.port, create.sent, seconds, connections, rate))
    sure = answers.statuses.get(201, 0) + answers.statuses.get(202, 0)
    wait_until(lambda: _least(running, done) >= sure, _SECONDS, f"{sure} commands in the views")
    used = {part: cpu - before.get(part, 0.0) for part, cpu in running.cpu().items()}
    check(answers.count, sure, running.done().accepted - done.accepted, allows_overload=bool(rate))
    return Sent(answers, used)


def _least(running: Running, before: Done) -> int:
    """Return the number of commands of which the views have everything, since ``before``."""
    time.sleep(0.1)  # counting takes Postgres some milliseconds
    now = running.done()
    return min(now.accepted - before.accepted, now.entries - before.entries, now.reminders - before.reminders)


def check(sent: int, sure: int, accepted: int, *, allows_overload: bool) -> None:
    """Raise ``Wrong`` unless each command that was answered 201 or 202 was accepted, and no other that is not counted.

    A server that is overloaded by a rate answers 503, and the command may be on the log or not.
    """
    if not sure <= accepted <= sent:
        raise Wrong(f"Of {sent} commands {sure} were answered by 201 or 202, and {accepted} accepted.")
    if sure < sent and not allows_overload:
        raise Wrong(f"Of {sent} commands only {sure} were answered by 202.")


@contextmanager
def _bare(running: Running) -> Iterator[int]:
    """Run the bare routes on a stack's broker; yield their port."""
    port = ports.choose([bare.TOPIC], {})[bare.TOPIC]
    named = {"KAFKA": running.kafka, "REGISTRY": running.api, "POSTGRES": running.postgres, "SECRET": _SECRET}
    environment = {f"RONDO_{name}": value for name, value in {**named, "PORT": str(port)}.items()}
    argv = [sys.executable, "-m", "bench.bare"]
    process = Process(Command("bare", argv, LOGS / "bare.log", environment, ROOT, foreign=True))
    try:
        process.wait_until(lambda: ports.answers(port), _SECONDS)
        yield port
    finally:
        process.stop()
