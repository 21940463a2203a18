"""Notification channels: the log, or a webhook that gets JSON with the delivery's id as its Idempotency-Key."""

import asyncio
import logging

import httpx
import structlog

from channels.failures import reason
from channels.sending import SECONDS, Message, tls
from domain import reasons
from schemas.records import Notification
from streams.runtime.settings import Settings

# A reminder in the log is a delivery: it is written at any level of RONDO_LOG.
log = structlog.wrap_logger(None, wrapper_class=structlog.make_filtering_bound_logger(logging.INFO))


def name_of(settings: Settings) -> str:
    """Return the name of the channel chosen by the settings."""
    return "webhook" if settings.webhook else "log"


async def deliver(settings: Settings, claim: Notification, message: Message, seconds: float = SECONDS) -> str | None:
    """Deliver a claimed notification; return None, or why it failed, in the words of ``reasons``."""
    if settings.webhook is None:
        return _put_into_the_log(claim, message)
    try:
        async with asyncio.timeout(seconds):
            status = await _post(str(settings.webhook), message)
    except Exception as error:  # noqa: BLE001 - any error must be reported without what it quotes
        return reason(error, seconds)
    return None if 200 <= status < 300 else reasons.of_status(status)


def _put_into_the_log(claim: Notification, message: Message) -> str | None:
    named = {"title": claim.title, "task": claim.task, "user": claim.user, "command": claim.command, "id": claim.id}
    event, details = ("digest", message.details["digest"]) if claim.digest else ("reminder", {})
    error = log.info(event, **named, **details)  # a line that can't be written is a failed delivery
    return reasons.NOT_LOGGED.format(error=type(error).__name__) if error else None


async def _post(url: str, message: Message) -> int:
    """Send a message to a webhook; return the status of the answer."""
    body = {**message.body, **message.details}
    async with httpx.AsyncClient(verify=tls(), timeout=None) as client:  # noqa: S113
        answer = await client.post(url, json=body, headers={"Idempotency-Key": message.id})
        return answer.status_code
