"""The stack's output, which must not fail if its terminal is gone, and the signals that stop it."""

import codecs
import io
import os
import signal
import sys
import threading
from collections.abc import Callable

import click


class _Unfailing(io.FileIO):
    """A file whose writes never fail: its terminal may be closed, its pipe read by ``head``, its disk full."""

    def write(self, data: object) -> int:
        """Write what can be written, and report success."""
        try:
            return super().write(data) or 0  # type: ignore[arg-type]
        except OSError:
            return memoryview(data).nbytes  # type: ignore[arg-type]


def _encoded(error: UnicodeError) -> "tuple[str | bytes, int]":
    """Return a path's own bytes, and a question mark for characters that the encoding lacks."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return b"".join(os.fsencode(c) if "\udc80" <= c <= "\udcff" else b"?" for c in wrong), error.end


def never_fail() -> None:
    """Make output never fail: parts must be stopped even if nobody reads about it."""
    codecs.register_error("rondo", _encoded)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or not hasattr(stream, "fileno"):  # closed by the parent process
            continue
        raw = _Unfailing(stream.fileno(), "w", closefd=False)
        unfailing = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding=stream.encoding, errors="rondo", line_buffering=raw.isatty()
        )
        setattr(sys, name, unfailing)


def asked_to_stop(kill: Callable[[], None]) -> threading.Event:
    """Return an event that Ctrl-C, SIGTERM or SIGHUP sets, instead of ending this process.

    A second signal prints that a third one ends everything by force (``kill``). SIGHUP stays ignored under nohup.
    """
    stopping = threading.Event()
    asked: list[int] = []

    def ask(number: int, _: object) -> None:
        asked.append(number)
        stopping.set()
        if len(asked) > 1:  # in a thread: the main one may be printing
            threading.Thread(target=_again, args=(len(asked), kill), daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, ask)
    return stopping


def _again(times: int, kill: Callable[[], None]) -> None:
    if times == 2:
        click.echo(
            "Still stopping: at most 30 s per part, five minutes for the broker. Press Ctrl-C again to kill everything."
        )
    else:
        kill()
