"""Security headers of every answer: it must not be stored, sniffed or framed."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

GUARDS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Headers that forbid storing, sniffing or framing an answer."""
_GUARDS = [(name.lower().encode(), value.encode()) for name, value in GUARDS.items()]


class Headers:
    """Adds ``GUARDS`` that an answer doesn't set itself, and closes the connection after a request with two lengths."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = list(message.get("headers", ()))
                names = {name.lower() for name, _ in given}
                message = {**message, "headers": [*given, *(each for each in _GUARDS if each[0] not in names)]}
                if _has_two_lengths(scope):
                    MutableHeaders(scope=message)["Connection"] = "close"
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


def _has_two_lengths(scope: Scope) -> bool:
    """Return whether a request states its length twice, as in request smuggling (RFC 9112, section 6.1)."""
    names = [name for name, _ in scope["headers"]]
    return b"content-length" in names and b"transfer-encoding" in names
