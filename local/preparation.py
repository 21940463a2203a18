"""Runs the steps of ``local.prepare`` in a process of its own, which ends before the stack's parts are watched.

What the steps import (the stages with Faust, SQLAlchemy, Alembic) takes some 60 MB: the process that watches the parts
would keep it for as long as they run.
"""

import json
import subprocess
import sys
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

from local.errors import Problem
from local.settings import ROOT


class Preparation:
    """Runs one step after the other, for several threads. Its process imports what they need while the broker starts.

    Ctrl-C in a terminal does not reach that process: a step that has begun ends.
    """

    def __init__(self) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        argv = [sys.executable, "-m", "local.prepare"]
        self._process = subprocess.Popen(argv, cwd=ROOT, text=True, start_new_session=True, **pipes)  # type: ignore[call-overload]
        self._one = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate()  # closes its input: it ends

    def run(self, step: str, *arguments: str | int) -> None:
        """Run a step; raise ``Problem`` if it fails."""
        with self._one, suppress(BrokenPipeError):
            print(json.dumps([step, *arguments]), file=self._process.stdin, flush=True)
            if answer := self._process.stdout.readline():
                if problem := json.loads(answer):
                    raise Problem(problem)
                return
        raise Problem(f"Preparing {step} ended with an error, which is printed above.")
