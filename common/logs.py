"""Logging: events with fields, one per line, as text on a terminal and as JSON elsewhere.

Error messages that may quote values are left out, see ``causes``: logs hold ids, but neither users' data nor secrets.

Writing a log never raises, whatever happens to standard error: lost lines are counted and reported once a line can be
written again.
"""

import errno
import logging
import os
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

from common import causes

Render = Callable[[str, EventDict], str]


def configure(level: str) -> None:
    """Send everything at or above ``level`` (debug, info, warning, error) to standard error.

    Raises SystemExit for a level that does not exist.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise SystemExit(f"RONDO_LOG is {level!r}; use debug, info, warning or error.")
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _trace,
    ]
    on_terminal = sys.stderr is not None and sys.stderr.isatty()
    renderer = structlog.dev.ConsoleRenderer() if on_terminal else structlog.processors.JSONRenderer()
    render = _unfailing([*shared, renderer])
    _lines.to(_standard_error(), lambda lost: render("warning", {"event": "log lines lost", "lines": lost}))
    structlog.configure(
        processors=[lambda _, method, event: render(method, event)],
        wrapper_class=_bound(number),
        logger_factory=lambda *_: _Logger(),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared)
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[_Handler(formatter)], force=True)
    # While the broker is away, aiokafka logs that many times a second; its callers log it once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    sys.excepthook = _uncaught
    if threading.excepthook is threading.__excepthook__:  # else somebody handles them, as pytest does
        threading.excepthook = lambda hooked: _log_uncaught(hooked.exc_value)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = lambda hooked: _log_uncaught(hooked.exc_value)


def lost() -> int:
    """Return how many lines of this process could not be written."""
    return _lines.lost


class Lines:
    """Writes each line by one call, so that processes sharing a file don't mix their lines."""

    def __init__(self) -> None:
        self.lost = 0
        self._unsaid = 0
        self._torn = False  # whether the last line was written partially
        self._writing = threading.Lock()
        self._put: Callable[[bytes], int] = _nowhere
        self._say: Callable[[int], str] = str

    def to(self, put: Callable[[bytes], int], say: Callable[[int], str]) -> None:
        """Write by ``put``, which returns the number of bytes written; ``say`` renders a report of lost lines."""
        self._put, self._say = put, say

    def write(self, line: str) -> Exception | None:
        """Write a line; return the error that prevented it, or None."""
        with self._writing:
            begins = "\n" if self._torn else ""
            report = f"{self._say(self._unsaid)}\n" if self._unsaid else ""
            try:
                self._whole(f"{begins}{report}{line}\n".encode(errors="backslashreplace"))
            except (OSError, ValueError) as error:  # ValueError: the stream is closed
                self.lost += 1
                self._unsaid += 1
                return error
            self._unsaid, self._torn = 0, False
            return None

    def _whole(self, rest: bytes) -> None:
        while rest:
            rest = rest[self._put(rest) :]
            self._torn = True


def _nowhere(_: bytes) -> int:
    raise OSError(errno.EBADF, "there is no standard error")


def _standard_error() -> Callable[[bytes], int]:
    """Return a function that writes to standard error and returns the number of bytes written.

    If standard error was closed before this process began, nothing is written, and /dev/null takes its descriptor: else
    the next opened file would take it and receive whatever a library writes there.
    """
    if sys.__stderr__ is None:
        if sys.stderr is None:
            _take_numbers()
            sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - for as long as the process lives
        return _nowhere
    if sys.stderr is not sys.__stderr__:
        return _to(sys.stderr)
    number = sys.__stderr__.fileno()
    return lambda data: os.write(number, data)


def _take_numbers() -> None:
    """Open /dev/null in place of each closed standard stream."""
    while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:
        continue
    os.close(opened)


def _to(stream: TextIO) -> Callable[[bytes], int]:
    def put(data: bytes) -> int:
        stream.write(data.decode())
        stream.flush()
        return len(data)

    return put


_lines = Lines()
_METHODS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "msg": logging.INFO,
    "warn": logging.WARNING,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "exception": logging.ERROR,
    "critical": logging.CRITICAL,
    "fatal": logging.CRITICAL,
}


class _Logger:
    """Receives structlog's rendered events. Each method returns the error that prevented writing, or None."""

    def msg(self, line: str) -> Exception | None:
        return _lines.write(line)

    debug = info = warn = warning = error = critical = exception = fatal = failure = log = err = msg


def _trace(_: Any, __: str, event: EventDict) -> EventDict:
    """Add the traceback of an event's error to it."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = causes.trace(error)
    return event


def _uncaught(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """Log an error that ends the process."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, at)
    else:
        _log_uncaught(error)


def _log_uncaught(error: BaseException | None) -> None:
    """Log an uncaught error."""
    structlog.get_logger().critical("uncaught", exc_info=error)


class _Handler(logging.Handler):
    """Receives the libraries' own log records."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record; without its arguments if they can't be rendered."""
        try:
            line = self.format(_without_texts(record))
        except Exception:  # noqa: BLE001 - a log that can't be rendered is no reason to fail
            line = f"{record.levelname} {record.name}: {_plain(record.msg)}"
        _lines.write(line)


def _without_texts(record: logging.LogRecord) -> logging.LogRecord:
    """Return a library's record with its errors described; asyncio's, which print whole futures, cut to one line."""
    copy = logging.makeLogRecord(record.__dict__)
    if isinstance(record.args, tuple):
        copy.args = tuple(causes.described(each) if isinstance(each, BaseException) else each for each in record.args)
    if record.name == "asyncio":
        copy.msg, copy.args = record.getMessage().partition("\n")[0], ()
    return copy


def _unfailing(processors: list[Any]) -> Render:
    """Return a renderer of events that falls back to the event's name: its fields may be anything."""

    def render(method: str, event: EventDict) -> str:
        rendered: Any = dict(event)
        try:
            for process in processors:
                rendered = process(None, method, rendered)
        except Exception as error:  # noqa: BLE001
            return _instead(method, event.get("event"), error)
        return _plain(rendered)

    return render


def _bound(level: int) -> type[Any]:
    """Return structlog's logger for a level, changed to accept any arguments of an event."""
    made = structlog.make_filtering_bound_logger(level)

    def unfailing(name: str) -> Callable[..., Exception | None]:
        method: Callable[..., Exception | None] = getattr(made, name)

        def write(self: Any, event: Any, *arguments: Any, **fields: Any) -> Exception | None:
            try:
                return method(self, event, *arguments, **fields)
            except Exception as error:  # noqa: BLE001
                return _lines.write(_instead(name, event, error))

        return write

    return type("BoundLogger", (made,), {name: unfailing(name) for name, at in _METHODS.items() if at >= level})


def _instead(method: str, event: object, error: Exception) -> str:
    """Return the line for an event that can't be rendered."""
    return f"{method} {_plain(event)} (the rest can't be shown: {type(error).__name__})"


def _plain(value: object) -> str:
    """Return a value as plain text, or the name of its type if that fails."""
    try:
        return "".join([str(value)])  # turns a subclass of str into a plain str
    except Exception:  # noqa: BLE001
        return f"<{type(value).__name__}>"
