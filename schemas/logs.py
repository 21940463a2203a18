"""Logs are events with fields, one a line: for people on a terminal, as JSON elsewhere."""

import logging
import sys

import structlog


def configure(level: str) -> None:
    """Send everything at or above ``level`` (debug, info, warning, error) to standard error.

    Raises SystemExit for a level that does not exist.
    """
    number = logging.getLevelNamesMapping().get(level.upper())
    if number is None:
        raise SystemExit(f"RONDO_LOG is {level!r}; use debug, info, warning or error.")
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer = structlog.dev.ConsoleRenderer() if sys.stderr.isatty() else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler()
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(processor=renderer, foreign_pre_chain=shared))
    logging.basicConfig(level=max(number, logging.WARNING), handlers=[handler], force=True)
    # While the broker is away it says so many times a second; whoever needed the broker says it once.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
