"""HTTP/1.1 as every server of Rondo speaks it, with what is no request refused by a problem as everything else is."""

import sys
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES

from api.problems import HEADERS_TOO_LARGE, REQUEST, Kind, Problem, respond
from schemas.serving import GUARDS, Bounded, is_head

LINGER = 1.0
"""Seconds that a client has to read a refusal: a connection that is closed while it still sends is reset."""


class Protocol(Bounded):
    """One connection."""

    _refused = False

    def data_received(self, data: bytes) -> None:
        """Take what the client sends; nothing more once it was refused."""
        if not self._refused:
            super().data_received(data)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text says less than the problem
        """Refuse what is no HTTP request, or goes wrong within its body, and close the connection."""
        error = sys.exc_info()[1]
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else REQUEST.status
        self._refused = True
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self._answer(HEADERS_TOO_LARGE if hint == HEADERS_TOO_LARGE.status else REQUEST, f"H11 says: {error}.")
        if self.cycle:  # the request whose body this is gets no other answer
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.close)

    def _answer(self, kind: Kind, reason: str) -> None:
        answer = respond(Problem(kind, f"{kind.meaning} {reason}"))
        headers = [*GUARDS.items(), *answer.headers.items(), ("Connection", "close")]
        events: list[Any] = [
            h11.Response(status_code=kind.status, headers=headers, reason=STATUS_PHRASES[kind.status]),
            h11.Data(data=b"" if self._is_head() else bytes(answer.body)),
            h11.EndOfMessage(),
        ]
        for event in events:
            self.transport.write(self.conn.send(event) or b"")

    def _is_head(self) -> bool:
        """Whether what goes wrong is the body of a request whose answer has none."""
        return bool(self.cycle and not self.cycle.response_complete and is_head(self.scope))
