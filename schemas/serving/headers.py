"""What every answer says to whoever receives it: that it is not kept, not guessed at and not shown within others."""

from starlette.datastructures import Headers as Received
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

GUARDS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers of an answer that nobody is to keep, to guess at, or to show within something else."""


class Headers:
    """Adds ``GUARDS`` where an answer says nothing else, and closes the connection after a request with two ends."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in GUARDS.items():
                    headers.setdefault(name, value)
                if _has_two_lengths(scope):
                    headers["Connection"] = "close"
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


def _has_two_lengths(scope: Scope) -> bool:
    """Whether a request says twice where it ends, as one does that smuggles another (RFC 9112, section 6.1)."""
    received = Received(scope=scope)
    return "content-length" in received and "transfer-encoding" in received
