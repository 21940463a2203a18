"""Conditional reads: every response has an entity tag, and is not sent again to a client that has it."""

import base64
import hashlib

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.http.preconditions import Tags
from api.http.problems import VERSION, Problem, respond

_LEFT_OUT = ("Content-Type", "Content-Length", "Preference-Applied")
"""Headers that a response without a body lacks."""


class Reads:
    """Answers ``If-None-Match`` and ``If-Match`` of GET (RFC 9110, section 13.2).

    A response without an entity tag gets a weak one, a hash of its body: it detects changes, but never satisfies
    ``If-Match``.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""
        start: Message | None = None
        body = bytearray()

        async def hold(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and message["status"] == 200:
                start = message
            elif start is None:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    await _answer(start, bytes(body), scope, receive, send)

        reads = scope["type"] == "http" and scope["method"] == "GET"
        await self.app(scope, receive, hold if reads else send)


async def _answer(start: Message, body: bytes, scope: Scope, receive: Receive, send: Send) -> None:
    asked, headers = Headers(scope=scope), MutableHeaders(scope=start)
    tag = headers.setdefault("ETag", _weak(body))
    wanted, had = (Tags.of(asked.getlist(name) or None) for name in ("if-match", "if-none-match"))
    if wanted and not wanted.holds([tag]):
        await respond(Problem(VERSION))(scope, receive, send)
        return
    if had and had.excludes([tag]):
        for name in _LEFT_OUT:
            del headers[name]
        start, body = {**start, "status": 304}, b""
    await send(start)
    await send({"type": "http.response.body", "body": body})


def _weak(body: bytes) -> str:
    return f'W/"{base64.urlsafe_b64encode(hashlib.blake2b(body, digest_size=15).digest()).decode()}"'
