"""Logs are events with fields, one a line: for people on a terminal, as JSON elsewhere.

What an error's own text quotes is left out of them, see ``causes``: they hold ids, neither words of users nor secrets.

To write a log never raises, whatever becomes of standard error: what could not be written is counted, and said once it
can be written again.
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

from schemas import causes

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
    # While the broker is away it says so many times a second; whoever needed the broker says it once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    sys.excepthook = _uncaught
    if threading.excepthook is threading.__excepthook__:  # else somebody looks at them, as pytest does
        threading.excepthook = lambda hooked: _tell(hooked.exc_value)
    if sys.unraisablehook is sys.__unraisablehook__:
        sys.unraisablehook = lambda hooked: _tell(hooked.exc_value)


def lost() -> int:
    """Return how many lines of this process could not be written."""
    return _lines.lost


class Lines:
    """Writes lines, each by one call, so that processes that share a file don't mix theirs."""

    def __init__(self) -> None:
        self.lost = 0
        self._unsaid = 0
        self._torn = False  # whether the last line was written in part
        self._writing = threading.Lock()
        self._put: Callable[[bytes], int] = _nowhere
        self._say: Callable[[int], str] = str

    def to(self, put: Callable[[bytes], int], say: Callable[[int], str]) -> None:
        """Write by ``put``, which returns how many bytes it wrote; ``say`` makes the line that tells of lost ones."""
        self._put, self._say = put, say

    def write(self, line: str) -> Exception | None:
        """Write a line; return what kept it from being written, None where it was."""
        with self._writing:
            begins = "\n" if self._torn else ""
            told = f"{self._say(self._unsaid)}\n" if self._unsaid else ""
            try:
                self._whole(f"{begins}{told}{line}\n".encode(errors="backslashreplace"))
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
    """Return what writes to standard error and returns how many bytes it wrote.

    Where it was closed before this process began, nothing is written, and its number is taken by /dev/null: else the
    next file that is opened had it, and would get whatever a library writes there.
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
    """Open /dev/null in the place of each of the three standard streams that is closed."""
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
    """What structlog hands its rendered events to. Each method returns what kept the line from being written."""

    def msg(self, line: str) -> Exception | None:
        return _lines.write(line)

    debug = info = warn = warning = error = critical = exception = fatal = failure = log = err = msg


def _trace(_: Any, __: str, event: EventDict) -> EventDict:
    """Put the traceback of an event's error into it."""
    given = event.pop("exc_info", None)
    error = sys.exc_info()[1] if given is True else given[1] if isinstance(given, tuple) else given
    if isinstance(error, BaseException):
        event["exception"] = causes.trace(error)
    return event


def _uncaught(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """Tell of an error that ends the process."""
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, at)
    else:
        _tell(error)


def _tell(error: BaseException | None) -> None:
    """Tell of an error that nobody caught."""
    structlog.get_logger().critical("uncaught", exc_info=error)


class _Handler(logging.Handler):
    """What the libraries' own logs go to."""

    def __init__(self, formatter: logging.Formatter) -> None:
        super().__init__()
        self.setFormatter(formatter)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, if need be without its arguments."""
        try:
            line = self.format(_without_texts(record))
        except Exception:  # noqa: BLE001 - a log that can't be rendered is no reason to fail
            line = f"{record.levelname} {record.name}: {_shown(record.msg)}"
        _lines.write(line)


def _without_texts(record: logging.LogRecord) -> logging.LogRecord:
    """Return a library's record with its errors described; of asyncio's, which show whole futures, the first line."""
    told = logging.makeLogRecord(record.__dict__)
    if isinstance(record.args, tuple):
        told.args = tuple(causes.described(each) if isinstance(each, BaseException) else each for each in record.args)
    if record.name == "asyncio":
        told.msg, told.args = record.getMessage().partition("\n")[0], ()
    return told


def _unfailing(processors: list[Any]) -> Render:
    """Return what renders an event, if need be by its name alone: what it holds may be anything."""

    def render(method: str, event: EventDict) -> str:
        shown: Any = dict(event)
        try:
            for process in processors:
                shown = process(None, method, shown)
        except Exception as error:  # noqa: BLE001
            return _instead(method, event.get("event"), error)
        return _shown(shown)

    return render


def _bound(level: int) -> type[Any]:
    """Return structlog's logger for a level, but that an event's arguments may be anything, too."""
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
    """Return the line of an event that can't be rendered."""
    return f"{method} {_shown(event)} (the rest can't be shown: {type(error).__name__})"


def _shown(value: object) -> str:
    """Return a value as a plain text, by the name of its type where it has none."""
    try:
        return "".join([str(value)])  # of a subclass of str it makes a plain one
    except Exception:  # noqa: BLE001
        return f"<{type(value).__name__}>"
