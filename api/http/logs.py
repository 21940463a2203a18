"""One log event for each request, with the user's and the command's id; never a body, a token or users' text.

That of a command that is on the log also has its ``type``, and its entity or its number of ``tasks``. A request that
waits for an outcome has another event, when its command is on the log.
"""

import re
import time
from collections.abc import Mapping
from http import HTTPMethod
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = structlog.get_logger("api")
_QUIET = ("/live", "/ready")
_ID = re.compile("[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)
_PARAMETER = re.compile(r"{(\w+)(?::\w+)?}")
ELSEWHERE = "none of the API's"
"""Logged instead of an unknown path, which may contain anything."""


def path_of(scope: Mapping[str, Any]) -> str:
    """Return a request's path as it is logged: with ids, and with the names of all other parameters.

    Users write the names of tags, and may write anything in the place of an id.
    """
    form, given = getattr(scope.get("route"), "path_format", ELSEWHERE), scope.get("path_params", {})
    return _PARAMETER.sub(lambda name: value if _ID.fullmatch(value := str(given.get(name[1]))) else name[0], form)


def _method(scope: Scope) -> str:
    method = str(scope["method"])
    return method if method in HTTPMethod.__members__ else "OTHER"


class RequestLog:
    """Logs one event for each request when it is answered, with the context that was bound meanwhile."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""
        if scope["type"] != "http" or scope["path"] in _QUIET:
            return await self.app(scope, receive, send)
        structlog.contextvars.clear_contextvars()  # a request sent ahead has the context of the one before it
        status, began = 500, time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        structlog.contextvars.bind_contextvars(method=_method(scope))
        try:
            await self.app(scope, receive, noting)
        finally:
            taken = round((time.perf_counter() - began) * 1000, 1)
            client = (scope.get("client") or ("",))[0]
            _log.info("answered", client=client, path=path_of(scope), status=status, ms=taken)
