"""Reports on running parts, and the restart of one that ended."""

import functools
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.errors import Problem
from local.logs import ROTATE_BYTES, Tail, is_warning
from local.process import Command, Process
from local.stack import Part
from local.watch import Fold, Probe, Watch, pause, reminder

WARNING = '{"level": "warning", "event": "slow"}\n'


class Parts:
    """A stack as its watch sees it."""

    def __init__(self, *parts: Part) -> None:
        self.parts = {part.name: part for part in parts}

    def restart(self, part: Part) -> None:
        self.parts[part.name] = Part(part.name, part.again(), part.again, part.answers)


def process(log: Path, code: str = "") -> Process:
    return Process(Command(log.stem, [sys.executable, "-c", code], log))


def ended(log: Path) -> Process:
    done = process(log)
    done.wait()
    return done


def said(log: Path, lines: str, *, verbose: bool = False) -> list[str]:
    """What a watch says of lines that a part logs, from the first it says to its end."""
    running = process(log, "import time; time.sleep(60)")
    stopping, told = threading.Event(), []

    def say(line: str) -> None:
        told.append(line)
        stopping.set()

    watch = Watch(Parts(Part(log.stem, running, lambda: running)), say, verbose=verbose)  # type: ignore[arg-type]
    with log.open("a") as file:
        file.write(lines)
    watch.until(stopping)
    running.stop()
    return told


STRANGER = """
import signal, sys, time
signal.signal(signal.SIGCONT, lambda *_: print("was held", flush=True))
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
print("here", flush=True)
try:
    time.sleep(60)
finally:
    print("stopped", flush=True)
"""


def test_a_program_that_has_the_number_of_a_part_that_ended_is_not_held_for_its_log(tmp_path: Path):
    stranger = process(tmp_path / "stranger.log", STRANGER)

    class Reused(Process):
        pid = property(lambda _: stranger.pid)  # type: ignore[assignment]

    log = tmp_path / "part.log"
    part = Reused(Command("part", [sys.executable, "-c", ""], log))
    try:
        stranger.wait_until(lambda: "here" in stranger.command.log.read_text(), 10)
        part.wait()
        stopping = threading.Event()
        watch = Watch(Parts(Part("part", part, lambda: part)), lambda _: stopping.set(), verbose=False)  # type: ignore[arg-type]
        os.truncate(log, ROTATE_BYTES + 1)
        watch.until(stopping)
        stranger.stop()
        assert stranger.command.log.read_text() == "here\nstopped\n"
    finally:
        stranger.stop()


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-23T14:00:19.463 [main] WARN org.apache.kafka.clients.NetworkClient - closed",
        "2026-11-23 14:17:57.887 UTC [16805] FATAL:  the database system is not yet accepting connections",
        '{"event": "block failed", "level": "error"}',
        '{"level":"warning","event":"slow"}',
        "2026-11-23T14:00:00Z [warning  ] slow                 command=1",
        "ERROR:    Application startup failed. Exiting.",
    ],
)
def test_a_warning_is_reported(line: str):
    assert is_warning(line)


@pytest.mark.parametrize(
    "line",
    [
        "2026-11-23 14:00:10.055 UTC [7127] LOG:  database system is ready to accept connections",
        '{"event": "no error here", "level": "info"}',
        "2026-11-23T14:00:00Z [info     ] a warning was sent",
    ],
)
def test_all_else_stays_in_the_log(line: str):
    assert not is_warning(line)


def test_only_new_and_whole_lines_are_reported(tmp_path: Path):
    log = tmp_path / "log"
    log.write_text("old\n")
    tail = Tail(log)
    with log.open("a") as file:
        file.write("one\ntwo\nthr")
    assert tail.lines() == ["one", "two"]


def test_a_line_is_reported_once_it_is_whole(tmp_path: Path):
    log = tmp_path / "log"
    log.write_text("")
    tail = Tail(log)
    log.write_text("thr")
    tail.lines()
    log.write_text("three\n")
    assert tail.lines() == ["three"]


def test_a_log_that_moved_aside_is_read_from_its_start(tmp_path: Path):
    log = tmp_path / "log"
    log.write_text("much that is old\n")
    tail = Tail(log)
    log.write_text("new\n")
    assert tail.lines() == ["new"]


def test_a_part_that_is_slow_to_start_again_holds_up_no_other(tmp_path: Path):
    slow_log, quick_log = tmp_path / "slow.log", tmp_path / "quick.log"
    stopping, back, was_back = threading.Event(), threading.Event(), []

    def slow() -> Process:
        was_back.append(back.wait(10))
        stopping.set()
        return ended(slow_log)

    def quick() -> Process:
        back.set()
        return ended(quick_log)

    parts = Parts(*(Part(log.stem, ended(log), again) for log, again in ((slow_log, slow), (quick_log, quick))))
    Watch(parts, print, verbose=False).until(stopping)  # type: ignore[arg-type]
    assert was_back == [True]


def test_a_part_that_did_not_start_again_is_not_said_to_have_ended_again(tmp_path: Path):
    stopping, told, log = threading.Event(), [], tmp_path / "part.log"

    def again() -> Process:
        raise Problem("It does not start.")

    def say(line: str) -> None:
        told.append(line)
        if len(told) == 3:
            stopping.set()

    Watch(Parts(Part("part", ended(log), again)), say, verbose=False).until(stopping)  # type: ignore[arg-type]
    first = f"part ended with status 0 (its log: {log}); it restarts in 1 s."
    assert told == [first, "It does not start.", "part restarts in 2 s."]


def test_the_watch_ends_only_when_what_it_starts_again_has_ended_too(tmp_path: Path):
    stopping, finished = threading.Event(), []

    def again() -> Process:
        stopping.set()
        threading.Event().wait(0.3)
        finished.append(True)
        return ended(tmp_path / "part.log")

    Watch(Parts(Part("part", ended(tmp_path / "part.log"), again)), print, verbose=False).until(stopping)  # type: ignore[arg-type]
    assert finished == [True]


def test_a_flood_of_warnings_is_reported_in_one_line_after_the_first_few(tmp_path: Path):
    log = tmp_path / "tasks.log"
    told = said(log, WARNING * 817)
    assert told == [f"tasks: {WARNING.strip()}"] * 5 + [f"tasks: 812 more lines, see {log}"]


def test_nothing_is_folded_for_who_asked_for_all(tmp_path: Path):
    assert len(said(tmp_path / "tasks.log", WARNING * 20, verbose=True)) == 20


def test_a_reminder_is_reported_by_its_title(tmp_path: Path):
    line = '{"title": "Water the plants", "task": "t", "event": "reminder", "level": "info"}\n'
    assert said(tmp_path / "notify.log", line) == ["Reminder: Water the plants"]


def test_a_flood_hides_no_reminder(tmp_path: Path):
    told = said(tmp_path / "notify.log", WARNING * 9 + '{"title": "Tea", "event": "reminder"}\n')
    assert "Reminder: Tea" in told


REMINDER = '{"title": "Tea", "event": "reminder"}\n'


def test_reminders_that_came_before_all_was_ready_are_reported_and_old_ones_and_warnings_are_not(tmp_path: Path):
    log = tmp_path / "notify.log"
    log.write_text(REMINDER.replace("Tea", "Of an earlier run"))
    running = process(log, "import time; time.sleep(60)")
    with log.open("a") as file:
        file.write(WARNING + REMINDER)
    told: list[str] = []
    Watch(Parts(Part("notify", running, lambda: running)), told.append, verbose=False)  # type: ignore[arg-type]
    running.stop()
    assert told == ["Reminder: Tea"]


def test_a_reminder_that_a_part_delivered_while_it_ended_or_started_again_is_reported_once(tmp_path: Path):
    stopping, told, log = threading.Event(), [], tmp_path / "notify.log"

    def again() -> Process:
        started = process(log, f"import time; print({(WARNING + REMINDER)!r}, flush=True); time.sleep(60)")
        started.wait_until(lambda: "Tea" in log.read_text(), 10)
        return started

    def say(line: str) -> None:
        told.append(line)
        if "ready again" in line:
            stopping.set()

    parts = Parts(Part("notify", ended(log), again))
    watch = Watch(parts, say, verbose=False)  # type: ignore[arg-type]
    watch.until(stopping)
    parts.parts["notify"].process.stop()
    with log.open("a") as file:
        file.write(REMINDER.replace("Tea", "While all stopped"))
    watch.remind()
    assert [line for line in told if "Reminder" in line] == ["Reminder: Tea", "Reminder: While all stopped"]
    assert not any("slow" in line for line in told)


def test_a_part_that_runs_but_answers_nothing_is_ended_and_started_again(tmp_path: Path):
    stopping, told, log = threading.Event(), [], tmp_path / "api.log"
    hanging = process(log, "import time; time.sleep(60)")

    def say(line: str) -> None:
        told.append(line)
        if "ready again" in line:
            stopping.set()

    def answers() -> bool:
        return parts.parts["api"].process is not hanging

    again = functools.partial(process, log, "import time; time.sleep(60)")
    parts = Parts(Part("api", hanging, again, answers))
    Watch(parts, say, verbose=False, every=0.1).until(stopping)  # type: ignore[arg-type]
    parts.parts["api"].process.stop()
    assert hanging.ended is not None
    assert told[0] == "api did not answer 4 times in a row: restarting it."
    assert told[-1] == "api is ready again."


def test_a_part_that_is_slow_to_answer_now_and_then_is_left_alone():
    answers = iter([True, False, False, False, True] * 3)
    probe = Probe(lambda: next(answers), every=1)
    with ThreadPoolExecutor(1) as pool:
        hangs = []
        for now in range(14):
            hangs.append(probe.hangs(now, pool))
            pool.submit(int).result()  # what was asked is answered
    assert not any(hangs)


def test_a_question_that_raises_is_one_without_an_answer():
    probe = Probe(lambda: bool(1 / 0), every=1)
    with ThreadPoolExecutor(1) as pool:
        hangs = []
        for now in range(6):
            hangs.append(probe.hangs(now, pool))
            pool.submit(int).result()
    assert hangs == [False] * 4 + [True] * 2


def test_a_question_that_is_not_answered_yet_is_asked_once(tmp_path: Path):
    asked, answered = [], threading.Event()

    def answers() -> bool:
        asked.append(True)
        return answered.wait(10)

    probe = Probe(answers, every=1)
    with ThreadPoolExecutor(4) as pool:
        assert not any(probe.hangs(now, pool) for now in range(100))
        answered.set()
    assert len(asked) == 1


@pytest.mark.parametrize(
    ("line", "title"),
    [
        (
            "2026-11-23T14:00:00Z [info     ] reminder             id=1 title='Water the plants' user=u",
            "Water the plants",
        ),
        ("2026-11-23T14:00:00Z [info     ] reminder             title=Tea", "Tea"),
        (
            '\x1b[2m2026-11-23T14:00:00Z\x1b[0m [\x1b[32minfo     \x1b[0m] \x1b[1mreminder\x1b[0m title="It\'s tea"',
            "It's tea",
        ),
        ('{"event": "reminder", "title": "\\u001b[2JTea\\n"}', " [2JTea "),
        ('{"event": "claimed", "title": "reminder"}', None),
        ("2026-11-23T14:00:00Z [info     ] claimed              title=reminder", None),
        ("reminder", None),
        ("7", None),
    ],
)
def test_a_reminder_is_known_from_the_line_that_delivers_it(line: str, title: str | None):
    assert reminder(line) == title


@given(st.lists(st.floats(0, 100), max_size=200).map(sorted))
def test_every_line_is_reported_or_counted(times: list[float]):
    fold, counted = Fold(), 0
    told = 0
    for now in times:
        counted += fold.ended(now)
        told += fold.passes(now)
    assert told + counted + fold.ended(float("inf")) == len(times)


@given(st.integers(1, 1000))
def test_pauses_grow_up_to_half_a_minute(failures: int):
    assert 1 <= pause(failures) <= pause(failures + 1) <= 30
