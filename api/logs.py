"""One log event for each request, with the user's and the command's id; never a body, never a token."""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = structlog.get_logger("api")
_QUIET = ("/live", "/ready")


class RequestLog:
    """Logs one event for each request, once it is answered, with all that was learned of it on the way."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""
        if scope["type"] != "http" or scope["path"] in _QUIET:
            return await self.app(scope, receive, send)
        status, began = 500, time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        with structlog.contextvars.bound_contextvars(method=scope["method"], path=scope["path"]):
            try:
                await self.app(scope, receive, noting)
            finally:
                _log.info("answered", status=status, ms=round((time.perf_counter() - began) * 1000, 1))
