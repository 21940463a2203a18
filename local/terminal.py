"""What the stack tells the person who started it, who may have gone, and the signals by which they stop it."""

import codecs
import io
import os
import signal
import sys
import threading
from collections.abc import Callable

import click


class _Unfailing(io.FileIO):
    """A file whose reader may go away: a terminal that was closed, a pipe to ``head``, a full disk."""

    def write(self, data: object) -> int:
        """Write what can be written, and act as if it had been all."""
        try:
            return super().write(data) or 0  # type: ignore[arg-type]
        except OSError:
            return memoryview(data).nbytes  # type: ignore[arg-type]


def _encoded(error: UnicodeError) -> "tuple[str | bytes, int]":
    """Give a path's own bytes back, and a question mark for what the locale has no character for."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    wrong = error.object[error.start : error.end]
    return b"".join(os.fsencode(c) if "\udc80" <= c <= "\udcff" else b"?" for c in wrong), error.end


def never_fail() -> None:
    """Let what is printed never fail: parts must be stopped though nobody reads that they are."""
    codecs.register_error("rondo", _encoded)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None or not hasattr(stream, "fileno"):  # closed by whoever started us
            continue
        raw = _Unfailing(stream.fileno(), "w", closefd=False)
        unfailing = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding=stream.encoding, errors="rondo", line_buffering=raw.isatty()
        )
        setattr(sys, name, unfailing)


def asked_to_stop(kill: Callable[[], None]) -> threading.Event:
    """Return an event that Ctrl-C, SIGTERM or the terminal's closing sets, instead of ending this process.

    Asked again, it says that a third time ends all by force (``kill``). The terminal's closing asks nothing where nohup
    ignores it.
    """
    stopping = threading.Event()
    asked: list[int] = []

    def ask(number: int, _: object) -> None:
        asked.append(number)
        stopping.set()
        if len(asked) > 1:  # in a thread: the main one may be in the midst of printing
            threading.Thread(target=_again, args=(len(asked), kill), daemon=True).start()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, ask)
    return stopping


def _again(times: int, kill: Callable[[], None]) -> None:
    if times == 2:
        click.echo("Still stopping, at most 30 s a part, the broker five minutes; once more ends all at once.")
    else:
        kill()
