"""Where notifications go: the log, or a webhook that gets JSON with the delivery's id as its Idempotency-Key."""

import asyncio
import logging
import ssl
from functools import cache

import httpx
import structlog
from msgspec.structs import asdict

from schemas.records import Notification
from streams.settings import Settings

SECONDS = 20.0  # for one delivery, from connecting to the end of the answer

# A reminder in the log is a delivery, not chatter: it is written whatever RONDO_LOG says.
log = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))


def name_of(settings: Settings) -> str:
    """Return the channel that the settings choose."""
    return "webhook" if settings.webhook else "log"


async def deliver(settings: Settings, claim: Notification) -> str | None:
    """Deliver a claimed notification; return None, or a sentence on why it failed."""
    if settings.webhook is None:
        named = {"title": claim.title, "task": claim.task, "user": claim.user, "command": claim.command, "id": claim.id}
        error = log.info("reminder", **named)  # a line that can't be written is a delivery that failed
        return f"{type(error).__name__}: {error}" if error else None
    body = {
        key: value for key, value in asdict(claim).items() if key in {"id", "user", "task", "title", "due", "attempt"}
    }
    try:
        async with asyncio.timeout(SECONDS), httpx.AsyncClient(verify=_tls(), timeout=None) as client:  # noqa: S113
            answer = await client.post(str(settings.webhook), json=body, headers={"Idempotency-Key": claim.id})
            answer.raise_for_status()
    except TimeoutError:
        return f"TimeoutError: it was not answered within {SECONDS:.0f} seconds."
    except httpx.HTTPError as error:
        return f"{type(error).__name__}: {error}"
    return None


@cache
def _tls() -> ssl.SSLContext:
    """Return the trusted certificates; reading them takes 50 ms in which nothing else runs, so they are read once."""
    return httpx.create_ssl_context()
