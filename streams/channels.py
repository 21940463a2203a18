"""Notification channels: the log, or a webhook that gets JSON with the delivery's id as its Idempotency-Key."""

import asyncio
import logging
import socket
import ssl
from collections.abc import Iterator
from functools import cache

import httpx
import structlog
from msgspec.structs import asdict

from domain import reasons
from schemas.records import Notification
from streams.runtime.settings import Settings

SECONDS = 20.0  # for one delivery, from connecting to the end of the answer

# A reminder in the log is a delivery: it is written at any level of RONDO_LOG.
log = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))


def name_of(settings: Settings) -> str:
    """Return the name of the channel chosen by the settings."""
    return "webhook" if settings.webhook else "log"


async def deliver(settings: Settings, claim: Notification, seconds: float = SECONDS) -> str | None:
    """Deliver a claimed notification; return None, or why it failed, in the words of ``reasons``."""
    if settings.webhook is None:
        return _put_into_the_log(claim)
    try:
        async with asyncio.timeout(seconds):
            status = await _post(str(settings.webhook), claim)
    except Exception as error:  # noqa: BLE001 - any error must be reported without what it quotes
        return reason(error, seconds)
    return None if 200 <= status < 300 else reasons.of_status(status)


def _put_into_the_log(claim: Notification) -> str | None:
    named = {"title": claim.title, "task": claim.task, "user": claim.user, "command": claim.command, "id": claim.id}
    error = log.info("reminder", **named)  # a line that can't be written is a failed delivery
    return reasons.NOT_LOGGED.format(error=type(error).__name__) if error else None


async def _post(url: str, claim: Notification) -> int:
    """Send a notification to a webhook; return the status of the answer."""
    body = {
        key: value for key, value in asdict(claim).items() if key in {"id", "user", "task", "title", "due", "attempt"}
    }
    async with httpx.AsyncClient(verify=_tls(), timeout=None) as client:  # noqa: S113
        answer = await client.post(url, json=body, headers={"Idempotency-Key": claim.id})
        return answer.status_code


_REASONS: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, reasons.TIMED_OUT),
    (socket.gaierror, reasons.UNRESOLVED),
    (ssl.SSLCertVerificationError, reasons.NO_TRUST),
    (ssl.SSLError, reasons.NO_TLS),
    (ConnectionRefusedError, reasons.NO_LISTENER),
    (httpx.ConnectError, reasons.NO_CONNECTION),
    (httpx.RemoteProtocolError, reasons.NO_ANSWER),
    (httpx.DecodingError, reasons.NO_ANSWER),
    (httpx.NetworkError, reasons.NO_ANSWER),
)
"""Reasons by error type, the most specific first."""


def reason(error: Exception, seconds: float) -> str:
    """Return why a delivery with a timeout of ``seconds`` failed, by the types of an error and its causes.

    Their messages are left out: they quote addresses.
    """
    chain = list(_chain(error))
    known = (text for kind, text in _REASONS if any(isinstance(each, kind) for each in chain))
    return next(known, reasons.OTHER).format(seconds=seconds, error=type(error).__name__)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error:
        yield error
        if isinstance(error, BaseExceptionGroup):  # of the attempts to connect to each address of a host
            yield from error.exceptions
        error = error.__cause__ or error.__context__


@cache
def _tls() -> ssl.SSLContext:
    """Return the trusted certificates; loading them blocks for 50 ms, so they are loaded once."""
    return httpx.create_ssl_context()
