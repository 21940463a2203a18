"""Watches a running stack: prints its parts' warnings, and restarts a part that ended."""

import json
import re
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor

from local.disk_pressure import DiskPressure, nothing
from local.errors import Problem, Stopped
from local.logs import Tail, is_warning
from local.process import Process
from local.stack import BROKER, Part, Stack

EVERY = 15.0  # seconds between two probes
MISSES = 4  # probes in a row without an answer: a busy machine, or one that slept, may miss one or two
_HUNG = 10.0  # seconds that a hung part has to end after its signal
_PATIENT = 60.0  # seconds between reports of a part that is still starting
_STEADY = 60.0  # seconds of running after which failures count from one again
_LINES, _SECONDS = 5, 5.0  # lines of a part per period: eight parts may warn of one cause at once
# A log line written for a terminal.
_REMINDER = re.compile(r"\S+ \[\w+ *\] reminder .*?\btitle=(?P<title>'.*?'|\".*?\"|\S+)(?= \w+=|\s*$)")
_COLOURS = re.compile(r"\x1b\[[\d;]*m")


class Fold:
    """Passes the first few lines of a part in a period, and counts the others."""

    def __init__(self) -> None:
        self._until = 0.0
        self._passed = 0
        self._folded = 0

    def passes(self, now: float) -> bool:
        """Return whether to print a line at ``now`` (seconds); call ``ended`` for that time first."""
        if now >= self._until:
            self._until, self._passed = now + _SECONDS, 0
        self._passed += 1
        self._folded += self._passed > _LINES
        return self._passed <= _LINES

    def ended(self, now: float) -> int:
        """Return the number of lines not printed, once the period has passed; 0 before."""
        if now < self._until:
            return 0
        folded, self._folded = self._folded, 0
        return folded


class Probe:
    """Probes repeatedly whether a part ``answers``, in a pool, so that a slow answer delays nothing.

    It counts probes, not time: none is made while the machine sleeps.
    """

    def __init__(self, answers: Callable[[], bool] | None, every: float = EVERY) -> None:
        self._answers = answers
        self._every = every
        self._asked: Future[bool] | None = None
        self._next = 0.0
        self._misses = 0

    def hangs(self, now: float, pool: Executor) -> bool:
        """Probe if it is time; return whether ``MISSES`` probes in a row had no answer. ``now`` is monotonic."""
        if self._answers is None:
            return False
        if self._asked is not None and self._asked.done():
            self._misses = 0 if self._answered(self._asked) else self._misses + 1
            self._asked = None
        if self._asked is None and now >= self._next:
            self._next = now + self._every
            self._asked = pool.submit(self._answers)
        return self._misses >= MISSES

    def _answered(self, asked: "Future[bool]") -> bool:
        return asked.exception() is None and asked.result()


class _Health:
    """The state of a part: its log, its failures in a row, when to restart it."""

    def __init__(self, part: Part, now: float, every: float) -> None:
        self.tail = Tail(part.process.command.log, part.process.start_of_log)
        self.probe = Probe(part.answers, every)
        self.fold = Fold()
        self.began = now
        self.failures = 0
        self.next: float | None = None
        self.restarting = False
        self.failed = False  # to restart: the reason is reported already
        self.waits = False  # for room on the disk


class Watch:
    """Watches the parts of ``stack``. ``say`` prints for its user; ``room`` is the disk space that the parts need.

    A running part is probed every ``every`` seconds.
    """

    def __init__(
        self,
        stack: Stack,
        say: Callable[[str], None],
        *,
        verbose: bool,
        room: DiskPressure | None = None,
        every: float = EVERY,
    ) -> None:
        self._every = every
        self._stack = stack
        self._room = room or nothing()
        self._say = say
        self._verbose = verbose
        now = time.monotonic()
        self._health = {name: _Health(part, now, every) for name, part in stack.parts.items()}
        self._patient = dict.fromkeys(self._health, now)  # when it was last reported that a part is still starting
        stack.waiting = self._wait
        self.remind()

    def until(self, stopping: threading.Event) -> None:
        """Watch until ``stopping`` is set."""
        with ThreadPoolExecutor(2 * len(self._health) or 1) as restarts:  # its exit waits for running restarts
            while not stopping.wait(0.5):
                self._room.look()
                self._halt(restarts, time.monotonic())
                for part in list(self._stack.parts.values()):
                    self._look(part, restarts, time.monotonic())
        for part in self._stack.parts.values():
            self._unfold(part, float("inf"))

    def remind(self) -> None:
        """Print the reminders among the new lines, and nothing else: messages of a start or stop would only worry."""
        for health in self._health.values():
            self._reminders(health.tail.lines())

    def _reminders(self, lines: list[str]) -> None:
        for line in lines:
            if title := reminder(line):
                self._say(f"Reminder: {title}")

    def _wait(self, name: str, said: str) -> None:
        """Print now and then that a part is still starting, with the last line that it logged."""
        now = time.monotonic()
        if now - max(self._patient[name], self._health[name].began) >= _PATIENT:
            self._patient[name] = now
            self._say(f"{name} is still starting: {said}")

    def _look(self, part: Part, restarts: ThreadPoolExecutor, now: float) -> None:
        health = self._health[part.name]
        if health.restarting:
            return
        self._print(part, now)
        if part.process.ended is not None:
            self._revive(part, health, restarts, now)
        elif health.probe.hangs(now, restarts):
            self._say(f"{part.name} did not answer {MISSES} times in a row: restarting it.")
            health.restarting = True
            restarts.submit(self._end, part, health)

    def _end(self, part: Part, health: _Health) -> None:
        part.process.stop(grace=_HUNG)
        health.restarting = False

    def _print(self, part: Part, now: float) -> None:
        health = self._health[part.name]
        self._unfold(part, now)
        runs = part.process.ended is None
        for line in (*health.tail.lines(), *health.tail.rotated(part.process.pid, runs=runs)):
            self._reminders([line])
            if self._verbose or (is_warning(line) and health.fold.passes(now)):
                self._say(f"{part.name}: {line}")

    def _unfold(self, part: Part, now: float) -> None:
        if more := self._health[part.name].fold.ended(now):
            lines = "1 more line" if more == 1 else f"{more} more lines"
            self._say(f"{part.name}: {lines}, see {part.process.command.log}")

    def _halt(self, restarts: ThreadPoolExecutor, now: float) -> None:
        """Shut down the parts that must not run on a disk that is short of space."""
        if names := self._room.to_stop(filter(self._runs, list(self._stack.parts)), now):
            for name in names:
                self._health[name].waits = self._health[name].restarting = True
            restarts.submit(self._stop, names)

    def _stop(self, names: Sequence[str]) -> None:
        try:
            with ThreadPoolExecutor(len(names)) as pool:
                list(pool.map(Process.stop, [self._stack.parts[name].process for name in names]))
        finally:
            for name in names:
                self._health[name].restarting = False

    def _runs(self, name: str) -> bool:
        return self._stack.parts[name].process.ended is None and not self._health[name].restarting

    def _must_wait(self, part: Part, health: _Health) -> bool:
        """Return whether an ended part must wait: for space, and then for the broker that waited too."""
        if self._room.is_short(part.name):
            if not health.waits:
                self._say(f"{_ended(part, health)} waits for room on the disk.")
            health.waits = True
            return True
        return health.waits and part.name != BROKER and BROKER in self._stack.parts and not self._runs(BROKER)

    def _revive(self, part: Part, health: _Health, restarts: ThreadPoolExecutor, now: float) -> None:
        if self._must_wait(part, health):
            health.failures, health.next = 0, now
        elif health.next is None:
            health.failures = health.failures + 1 if now - health.began < _STEADY else 1
            health.next = now + pause(health.failures)
            self._say(f"{_ended(part, health)} restarts in {health.next - now:.0f} s.")
        elif now >= health.next and self._room.takes(part.name):
            health.next, health.restarting, health.failed = None, True, True
            restarts.submit(self._restart, part, health)  # a part that waits for another delays no third

    def _restart(self, part: Part, health: _Health) -> None:
        try:
            self._stack.restart(part)
        except Stopped:
            return
        except Problem as problem:
            self._say(str(problem))
        except Exception as error:  # noqa: BLE001 - whatever it is, the next attempt may succeed
            self._say(f"{part.name} did not restart: {error}")
        else:
            health.failed = health.waits = False
            health.probe = Probe(part.answers, self._every)
            self._reminders(health.tail.lines())  # its other messages while starting would only worry
            self._say(f"{part.name} is ready again.")
        finally:
            health.began, health.restarting = time.monotonic(), False


def _ended(part: Part, health: _Health) -> str:
    """Return the subject of a sentence about an ended part, with the reason unless that is reported already."""
    ended = f" ended with status {part.process.ended} (its log: {part.process.command.log}); it"
    return f"{part.name}{'' if health.failed else ended}"


def reminder(line: str) -> str | None:
    """Return the title of the reminder that a log line delivers; ``None`` for other lines."""
    if found := _REMINDER.match(_COLOURS.sub("", line)):
        title = found["title"]
        return _printable(title[1:-1] if title[0] in "'\"" else title)
    try:
        event = json.loads(line)
    except ValueError:
        return None
    if not isinstance(event, dict) or event.get("event") != "reminder":
        return None
    return _printable(str(event.get("title")))


def _printable(title: str) -> str:
    """Return a title without control characters."""
    return "".join(character if character.isprintable() else " " for character in title)


def pause(failures: int) -> float:
    """Return the seconds before the restart of a part after ``failures`` in a row: 1, 2, 4 … 30."""
    return min(30.0, 2.0 ** (failures - 1))
