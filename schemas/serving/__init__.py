"""HTTP/1.1 as every server of Rondo serves it: the API, the registry, and each worker's health.

One way to make a server, so that what holds of one holds of all: whose answers have which headers, HEAD wherever GET
is, what is refused and how, and how much of a server a client may hold, and for how long.
"""

from functools import partial
from typing import Any

import uvicorn

from schemas.serving.application import Application
from schemas.serving.connections import FEW, SHORT, Limits
from schemas.serving.headers import GUARDS
from schemas.serving.protocol import Protocol
from schemas.serving.refusals import MEDIA_TYPE, Refuse, plain

__all__ = ["FEW", "GUARDS", "MEDIA_TYPE", "SHORT", "Application", "Limits", "Protocol", "Refuse", "config", "plain"]


def config(app: Application, host: str, port: int, seconds: float, connections: int, **given: Any) -> uvicorn.Config:
    """Return how uvicorn serves an application: clients have so many seconds to send a request, and connections."""
    limits = Limits(seconds, connections, app.refuse)
    return uvicorn.Config(
        app,
        host,
        port,
        http=partial(Protocol, limits),  # type: ignore[arg-type]
        ws="none",  # whatever is installed: what becomes a WebSocket is bound by no limit
        server_header=False,
        log_config=None,
        access_log=False,
        **given,
    )
