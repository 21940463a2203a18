"""The HTTP/1.1 server shared by the API, the registry, and each worker's health.

All servers therefore behave the same: headers of answers, HEAD wherever there is GET, refusals, and limits on what a
client may hold of a server and for how long.
"""

from functools import partial
from typing import Any

import uvicorn

from common.serving.application import Application
from common.serving.connections import FEW, SHORT, Limits
from common.serving.headers import GUARDS
from common.serving.protocol import Protocol
from common.serving.refusals import MEDIA_TYPE, Refuse, plain

__all__ = ["FEW", "GUARDS", "MEDIA_TYPE", "SHORT", "Application", "Limits", "Protocol", "Refuse", "config", "plain"]


def config(app: Application, host: str, port: int, seconds: float, connections: int, **given: Any) -> uvicorn.Config:
    """Return uvicorn's configuration for an application. Clients have ``seconds`` to send a request."""
    limits = Limits(seconds, connections, app.refuse)
    return uvicorn.Config(
        app,
        host,
        port,
        http=partial(Protocol, limits),  # type: ignore[arg-type]
        ws="none",  # even if a library is installed: no limit applies to a WebSocket
        server_header=False,
        log_config=None,
        access_log=False,
        **{"proxy_headers": "forwarded_allow_ips" in given, **given},
    )
