"""The HTTP/1.1 protocol of every server: malformed requests are refused like all others."""

import sys
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES

from common.serving.connections import Bounded
from common.serving.headers import GUARDS
from common.serving.routes import is_head

LINGER = 1.0
"""Seconds that a client has to read a refusal: closing a connection while the client sends would reset it."""
_HINTS = {
    400: "Send a request as RFC 9110 and 9112 have it.",
    431: "The request line and all headers may have 16 KiB together.",
}


class Protocol(Bounded):
    """One connection. uvicorn's setting ``http`` takes this class with its limits bound."""

    _refused = False

    def data_received(self, data: bytes) -> None:
        """Handle received bytes; ignore them once a request was refused."""
        if not self._refused:
            super().data_received(data)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text says less than h11's
        """Refuse a malformed request or body, and close the connection."""
        error = sys.exc_info()[1]
        hint = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        self._refused = True
        if self.conn.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
            self._answer(hint if hint in _HINTS else 400, f"H11 says: {error}.")
        if self.cycle:  # the request whose body this is gets no other answer
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(LINGER, self.transport.close)

    def _answer(self, status: int, reason: str) -> None:
        answer = self._limits.refuse(status, f"{_HINTS[status]} {reason}")
        headers = [*GUARDS.items(), *answer.headers.items(), ("Connection", "close")]
        events: list[Any] = [
            h11.Response(status_code=status, headers=headers, reason=STATUS_PHRASES[status]),
            h11.Data(data=b"" if self._is_head() else bytes(answer.body)),
            h11.EndOfMessage(),
        ]
        self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))

    def _is_head(self) -> bool:
        """Return whether the answer to the malformed request has no body."""
        return self.conn.has_no_body or bool(self.cycle and not self.cycle.response_complete and is_head(self.scope))
