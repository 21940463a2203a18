"""An API with scripted answers, so that what seldom happens happens now."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, Self

HANG_UP = None
"""Instead of an answer: the connection ends without one."""


@dataclass(frozen=True)
class Says:
    """An answer."""

    status: int
    body: Any
    media: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


def refusal(kind: str, status: int, **headers: str) -> Says:
    """A problem of this kind."""
    body = {"type": f"/problems/{kind}", "title": kind, "status": status, "detail": "It is refused."}
    return Says(
        status, body, "application/problem+json", {name.replace("_", "-"): value for name, value in headers.items()}
    )


@dataclass(frozen=True)
class Asked:
    """A request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


class Scripted:
    """Gives the answers one after the other, and keeps what was asked."""

    def __init__(self, *answers: Says | None) -> None:
        self.asked: list[Asked] = []
        self._answers = list(answers)
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                asked = Asked(self.command, self.path, dict(self.headers), json.loads(body) if body else None)
                scripted.asked.append(asked)
                if (says := scripted._answers.pop(0)) is HANG_UP:
                    self.close_connection = True
                    return
                content = says.body.encode() if isinstance(says.body, str) else json.dumps(says.body).encode()
                self.send_response(says.status)
                headers = {"Content-Type": says.media, "Content-Length": str(len(content)), **says.headers}
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - http.server's names

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
