"""The other end of a webhook."""

import json
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, Self

from local import ports

SECRET = "planted-in-the-address"


@dataclass(frozen=True)
class Received:
    """One POST."""

    key: str | None  # its Idempotency-Key
    media: str | None
    body: dict[str, Any]
    at: float
    """When it came, in seconds since 1970."""


class Receiver:
    """Keeps what is posted to ``url``. A title in ``refusing`` is answered 500 once, or by its status in ``statuses``.

    0 is no answer. All are answered after ``seconds``, and not before ``answering`` is set, as it is in the beginning.
    """

    def __init__(self, seconds: float = 0.0) -> None:
        self.received: list[Received] = []
        self.refusing: set[str] = set()
        self.statuses: dict[str, int] = {}
        self.answering = Event()
        self.answering.set()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                received = Received(self.headers["Idempotency-Key"], self.headers["Content-Type"], body, time.time())
                status = receiver.take(received)
                time.sleep(seconds)
                receiver.answering.wait()
                with suppress(OSError):  # the client may be dead
                    if status:
                        self.send_response(status)
                        self.send_header("Location", f"{receiver.secret_url}/elsewhere")
                        self.send_header("Content-Length", "0")
                        self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer((ports.HOST, 0), Handler)
        self._thread = Thread(target=self._server.serve_forever)

    @property
    def url(self) -> str:
        """Where to post to."""
        return f"http://{ports.HOST}:{self._server.server_port}/hook"

    @property
    def secret_url(self) -> str:
        """Where to post to, with all of an address that may be secret."""
        return self.url.replace("//", f"//{SECRET}-user:{SECRET}-password@") + f"/{SECRET}-path?key={SECRET}-key"

    def take(self, received: Received) -> int:
        """Keep a POST; return the status that answers it."""
        self.received.append(received)
        if received.body["title"] in self.refusing:
            self.refusing.remove(received.body["title"])
            return 500
        return self.statuses.get(received.body["title"], 204)

    @property
    def came(self) -> dict[str | None, list[float]]:
        """The times of the POSTs under each key."""
        times: dict[str | None, list[float]] = defaultdict(list)
        for received in [*self.received]:
            times[received.key].append(received.at)
        return times

    @property
    def tasks(self) -> set[str]:
        """The tasks that people were reminded of."""
        return {received.body["task"] for received in [*self.received] if "task" in received.body}

    def of(self, task: str) -> list[Received]:
        """Return what came for a task."""
        return [received for received in self.received if received.body.get("task") == task]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.answering.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
