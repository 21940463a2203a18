"""The FastAPI application that every server of Rondo serves."""

from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from starlette.middleware import Middleware
from starlette.responses import Response
from starlette.types import ASGIApp

from common.serving.headers import Headers
from common.serving.refusals import Refuse, plain
from common.serving.routes import Addresses, Direct

_log = structlog.get_logger("serving")


class Application(FastAPI):
    """An application without FastAPI's own pages, with ``GUARDS`` on all answers.

    ``refuse`` answers requests that match no handler, or fail in one. ``outer`` and ``inner`` are middleware around
    ``Addresses``, which matches a request to an address.
    """

    def __init__(
        self,
        refuse: Refuse = plain,
        outer: Sequence[Middleware] = (),
        inner: Sequence[Middleware] = (),
        **given: Any,
    ) -> None:
        super().__init__(
            openapi_url=None,
            docs_url=None,
            redoc_url=None,
            redirect_slashes=False,
            telemetry={"tracing": False, "metrics": False, "logs": False},  # looked for on each request otherwise
            middleware=[*outer, Middleware(Addresses, refuse), *inner],
            **given,
        )
        self.refuse = refuse
        self.router.middleware_stack = Direct(self.router.app)
        self.add_exception_handler(Exception, self._failed)

    def build_middleware_stack(self) -> ASGIApp:
        """Return the middleware stack. ``Headers`` is outermost, so that answers to errors have them too."""
        return Headers(super().build_middleware_stack())

    async def _failed(self, _request: Request, error: Exception) -> Response:
        _log.error("request failed", exc_info=error)
        return self.refuse(500)
