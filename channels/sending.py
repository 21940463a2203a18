"""Sends a message to an address: in a thread, as the libraries wait, within a time and within networks."""

import asyncio
import contextvars
import json
import logging
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import httpx

from channels import addresses
from channels.failures import reason
from channels.network import Networks, Sending
from channels.sealing import Seal
from domain import reasons

SECONDS = 20.0
"""Seconds for one delivery, from connecting to the end of the answer."""
_TTL = 24 * 60 * 60  # seconds that a push service keeps a message for a browser that is off
_PUSHED = 200  # characters of a text in a push message: 12 bytes each at most, as JSON, beside the title's 500
_STATUS = re.compile(r"error=(\d{3})\b", re.ASCII)


@dataclass(frozen=True)
class Message:
    """What is sent: ``id`` is the idempotency key, ``body`` JSON for webhooks and Web Push, ``details`` for webhooks.

    A push service takes 4,096 bytes (RFC 8291, section 4), so a browser gets the beginning of the text.
    """

    id: str
    title: str
    text: str
    body: dict[str, Any] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)


class Sender:
    """Sends to addresses, at most ``threads`` at a time, and one message at a time to each target.

    A thread can't be ended. So when its time is over its connections are, and it keeps its target until it has ended:
    a target that hangs takes one thread, however often it is tried.
    """

    def __init__(self, networks: Networks, seal: Seal, threads: int, seconds: float = SECONDS) -> None:
        self._networks, self._seal, self._seconds = networks, seal, seconds
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="target")
        self._busy: set[str] = set()

    async def send(self, target: str, address: str, message: Message) -> str | None:
        """Send a message; return None, or why it failed, in the words of ``domain.reasons``. Raises nothing."""
        if target in self._busy:
            return reasons.TIMED_OUT.format(seconds=self._seconds)
        self._busy.add(target)
        sending, context = Sending(self._networks), contextvars.copy_context()
        future = self._pool.submit(context.run, self._send, sending, address, message)
        future.add_done_callback(partial(self._ended, target, asyncio.get_running_loop()))
        done, _ = await asyncio.wait({asyncio.wrap_future(future)}, timeout=self._seconds)
        if done:
            return future.result()
        sending.abort()
        return reasons.TIMED_OUT.format(seconds=self._seconds)

    def close(self) -> None:
        """Begin no other sending."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ended(self, target: str, loop: asyncio.AbstractEventLoop, _future: object) -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(self._busy.discard, target)

    def _send(self, sending: Sending, address: str, message: Message) -> str | None:
        errors: list[BaseException] = []
        try:
            with sending.running():
                failed = self._sent(address, message, errors)
        except Exception as error:  # noqa: BLE001 - any error must be reported without what it quotes
            failed = reason(error, self._seconds)
        return reasons.FORBIDDEN if failed and sending.forbidden else failed

    def _sent(self, address: str, message: Message, errors: list[BaseException]) -> str | None:
        kind = addresses.kind_of(address)
        if kind == addresses.WEBHOOK:
            return _post(address, message)
        if kind == addresses.WEB_PUSH:
            return _push(address, message, self._seal)
        return _notify(address, message, errors, self._seconds)


def _post(url: str, message: Message) -> str | None:
    """POST a message as JSON, with its id as Idempotency-Key."""
    headers = {"Idempotency-Key": message.id}
    with (
        httpx.Client(verify=tls(), timeout=15) as client,
        client.stream("POST", url, json={**message.body, **message.details}, headers=headers) as answer,
    ):
        return None if answer.is_success else reasons.of_status(answer.status_code)


def _push(address: str, message: Message, seal: Seal) -> str | None:
    """Send a message to a browser (RFC 8030, 8291, 8292). Raises the libraries' errors."""
    import pywebpush  # noqa: PLC0415 - it takes 15 MB
    import requests  # noqa: PLC0415
    from py_vapid import Vapid02  # noqa: PLC0415

    session = requests.Session()
    session.max_redirects = 0
    content = json.dumps({"title": message.title, "text": _short(message.text), **message.body})
    claims: dict[str, str | int] = {"sub": "mailto:rondo@localhost.invalid"}
    found = addresses.subscription(address)
    vapid = Vapid02(private_key=seal.vapid)
    pywebpush.webpush(found, content, vapid, claims, ttl=_TTL, timeout=15, requests_session=session)
    return None


def _short(text: str) -> str:
    """Return at most ``_PUSHED`` characters of a text."""
    return text if len(text) <= _PUSHED else f"{text[: _PUSHED - 1]}…"


def _notify(address: str, message: Message, errors: list[BaseException], seconds: float) -> str | None:
    """Notify by apprise, which returns whether it succeeded and logs why not."""
    plugin, told = addresses.parsed(address), _Told([], errors)
    _listen()
    token = _told.set(told)
    try:
        if plugin.notify(body=message.text, title=message.title, body_format="text"):
            return None
    finally:
        _told.reset(token)
    statuses = [int(found[1]) for text in told.texts if (found := _STATUS.search(text))]
    if statuses:
        return reasons.of_status(statuses[-1])
    return reason(errors[-1], seconds) if errors else reasons.REFUSED_BY_SERVICE


@dataclass
class _Told:
    """What apprise logged of one sending: texts, which may quote anything, and the errors that it handled."""

    texts: list[str]
    errors: list[BaseException]


_told: ContextVar[_Told | None] = ContextVar("told", default=None)


class _Listener(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if told := _told.get():
            told.texts.append(record.getMessage())
            if error := sys.exc_info()[1]:
                told.errors.append(error)


@cache
def _listen() -> None:
    """Let the logger of apprise tell each sending what it logs."""
    logger = logging.getLogger("apprise")
    logger.addHandler(_Listener())
    logger.setLevel(logging.DEBUG)


@cache
def tls() -> Any:
    """Return the trusted certificates; loading them blocks for 50 ms, so they are loaded once."""
    return httpx.create_ssl_context()
