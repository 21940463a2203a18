"""To write a log never raises, and what could not be written is not passed over in silence."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

LOG = """
import logging, structlog
from common import logs
logs.configure("warning")
logs.configure("info")  # as a worker does, which the command line has configured before
structlog.get_logger().info("one", field=1)
logging.getLogger("library").error("two %s", 2)
try:
    raise ValueError("four")
except ValueError:
    structlog.get_logger().exception("three")
print(logs.lost())
"""


@pytest.mark.parametrize(
    ("stderr", "lost"), [("2>/dev/full", 3), ("2>&-", 3), ("2> >(exec 2>&-)", None), ("2>/dev/null", 0)]
)
def test_a_log_that_cannot_be_written_stops_nothing(stderr: str, lost: int | None) -> None:
    command = ["bash", "-c", f'sleep 0.1; exec "$0" -c "$1" {stderr}', sys.executable, LOG]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=60)
    assert lost is None or int(done.stdout) == lost


FULL_FOR_A_WHILE = """
import os, resource, structlog, sys
from common import logs
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
logs.configure("info")
log = structlog.get_logger()
written = 0
while not log.info("written", number=written):
    written += 1
log.info("lost")
os.truncate(sys.argv[1], 0)
log.info("again")
print(written, logs.lost())
"""


def test_what_could_not_be_written_is_said_once_it_can(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("ab") as log:
        command = [sys.executable, "-c", FULL_FOR_A_WHILE, str(path)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=log, text=True, check=True, timeout=60)
    assert int(done.stdout.split()[1]) == 2
    told = [json.loads(line) for line in path.read_text().splitlines() if line]
    assert [(each["event"], each.get("lines")) for each in told] == [("log lines lost", 2), ("again", None)]


UNTELLABLE = """
import logging, structlog
from common import logs
class Untellable:
    def __repr__(self):
        raise RuntimeError
logs.configure("info")
structlog.get_logger().info("one", field=Untellable())
logging.getLogger("library").error("two %s %s", 2)
"""


EVIL = """
import logging, structlog, sys
from itertools import product
from common import logs

def evil(method, what):
    def fail(*_):
        if isinstance(what, BaseException):
            raise what
        return what
    return type("Evil", (Exception,), {method: fail})()

class Interrupting:
    def __repr__(self):
        raise KeyboardInterrupt

class Text(str):
    def __str__(self):
        return self
    def __format__(self, _):
        raise RuntimeError
    def encode(self, *_, **__):
        raise RuntimeError

if sys.argv[1] == "terminal":
    sys.stderr.isatty = lambda: True
logs.configure("info")
log, library = structlog.get_logger(), logging.getLogger("library")

def raised(write, value):
    try:
        raise value
    except Exception:
        write("raised")

ways = [
    log.error, lambda value: log.error("%s", value), lambda value: log.error("%s %s", value),
    lambda value: log.error("field", field=value), lambda value: log.bind(field=value).error("bound"),
    lambda value: raised(log.exception, value), lambda value: log.error("error", exc_info=value),
    library.error, lambda value: library.error("%s", value), lambda value: library.error("%s %s", value),
    lambda value: library.error("%r", value), lambda value: raised(library.exception, value),
]
methods, wrong = ("__str__", "__repr__", "__format__"), (RuntimeError(), RecursionError(), 5, Text("text"))
values = [evil(method, what) for method, what in product(methods, wrong)]
for way, value in product(ways, values):
    way(value)
for way in (log.error, library.error):
    way(Text("text"))
for way in (log.error, library.error):
    try:
        way(Interrupting())
    except KeyboardInterrupt:
        print("interrupted")
print(len(ways) * len(values), logs.lost())
"""


@pytest.mark.parametrize("where", ["terminal", "file"])
def test_whatever_is_logged_is_written_and_only_what_ends_a_process_is_raised(where: str, tmp_path: Path) -> None:
    with (tmp_path / "log").open("w") as log:
        command = [sys.executable, "-c", EVIL, where]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=log, text=True, check=False, timeout=60)
    assert done.returncode == 0, (tmp_path / "log").read_text()[-2000:]
    *interrupted, last = done.stdout.splitlines()
    assert (interrupted, last) == (["interrupted"] * 2, f"{12 * 12} 0")


def test_what_cannot_be_shown_is_logged_by_its_name() -> None:
    done = subprocess.run([sys.executable, "-c", UNTELLABLE], capture_output=True, text=True, check=True, timeout=60)
    assert [line.split("(")[0] for line in done.stderr.splitlines()] == ["info one ", "ERROR library: two %s %s"]
