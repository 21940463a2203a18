"""Connections of a server: uvicorn's protocol on h11, with limits on what a client may hold.

A client has ``Limits.seconds`` to send a request, head and body together; after that it is answered 408 and cut off
(RFC 9110, section 15.5.9). A client that reads nothing of an answer for as long is cut off too. There are at most
``Limits.connections``: one more replaces the connection that has owed its request the longest, or an idle one; if all
are being answered, the new one is answered 503. uvicorn itself has no time limit, and answers everybody 503 while half
requests hold all connections.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

import h11
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from common.serving.headers import GUARDS
from common.serving.refusals import Refuse
from common.serving.routes import is_head

READ = 4096
"""Bytes read from a connection at once; the most they hold (some 700 chunks of a byte) is parsed within 20 ms."""
LONGEST = 16 * 1024
"""The most bytes of a request's line and headers. h11 checks only an incomplete head: one that arrives at once may be
longer."""
FEW, SHORT = 1000, 64
"""Beyond ``FEW`` pieces, those of a body have at least ``SHORT`` bytes on average: a short one costs as much as a long.
"""
_INFORMATIONAL = b"HTTP/1.1 1"


@dataclass(frozen=True)
class Limits:
    """Limits of what clients may hold of a server. ``spared`` paths are answered even beyond its connections."""

    seconds: float
    connections: int
    refuse: Refuse
    spared: frozenset[str] = frozenset({"/live", "/ready", "/metrics"})


class Measured(h11.Connection):
    """An h11 connection that measures the head of a request and counts the pieces of its body."""

    pieces = size = 0
    has_no_body = False
    """Whether the refused request is one whose answer has no body."""

    def next_event(self) -> Any:
        """Return the next event. Raises ``h11.RemoteProtocolError``."""
        held = len(self.trailing_data[0]) if self.their_state is h11.IDLE else 0
        event = super().next_event()
        if isinstance(event, h11.Request):
            self.pieces = self.size = 0
            if held - len(self.trailing_data[0]) > LONGEST:
                self.has_no_body = event.method == b"HEAD"
                raise h11.RemoteProtocolError("The head is too long.", error_status_hint=431)
        elif isinstance(event, h11.Data):
            self.pieces, self.size = self.pieces + 1, self.size + len(event.data)
            if self.pieces > FEW + self.size // SHORT:
                raise h11.RemoteProtocolError("The body comes in too many pieces.")
        return event


class AnswerTransport:
    """The transport of one answer: its head is kept, and written together with the first piece of its body.

    Apart they would be two packets, and often wake the client twice.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self._is_begun = False

    def write(self, data: bytes) -> None:
        """Write data, or keep it if it is the head; ``100 Continue`` is written at once."""
        if not self._is_begun and not data.startswith(_INFORMATIONAL):
            self._is_begun, self._head = True, data
            return
        self._head, data = None, (self._head or b"") + data
        if data:
            self._transport.write(data)

    def close(self) -> None:
        """Close the connection, after writing a head that was kept."""
        self.write(b"")
        self._transport.close()

    def is_closing(self) -> bool:
        """Return whether the connection is closing."""
        return self._transport.is_closing()


class Bounded(H11Protocol):
    """uvicorn's protocol, with timeouts on clients that owe bytes."""

    conn: Measured

    def __init__(self, limits: Limits, **given: Any) -> None:
        super().__init__(**given)
        self.conn = Measured(h11.SERVER)
        self._limits = limits
        self._since = 0.0  # when the client began to owe something, by the event loop's clock
        self._owes: asyncio.TimerHandle | None = None
        self._reads: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept a connection, replacing another if needed."""
        super().connection_made(transport)
        if hasattr(transport, "max_size"):  # of asyncio's own transports
            transport.max_size = READ
        if len(self.connections) > self._limits.connections and not self._take_a_place():
            self.app = cast("Any", _Full(self.app, self._limits))
        self._watch(is_new=True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timers of a closed connection."""
        self._stop("_owes")
        self._stop("_reads")
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Handle received bytes."""
        super().data_received(data)
        self._watch()

    def handle_events(self) -> None:
        """Begin to answer requests, each answer by as few writes as possible."""
        super().handle_events()
        if self.cycle and self.cycle.transport is self.transport:
            self.cycle.transport = cast("Any", AnswerTransport(self.transport))

    def on_response_complete(self) -> None:
        """Go on to the next request."""
        super().on_response_complete()
        self._since = self.loop.time()
        self._watch()

    def pause_writing(self) -> None:
        """Note that the client does not read."""
        super().pause_writing()
        self._look_whether_it_reads(self.transport.get_write_buffer_size() + 1)

    def resume_writing(self) -> None:
        """Note that the client reads again."""
        super().resume_writing()
        self._stop("_reads")

    @property
    def gives_way(self) -> bool:
        """Whether no request is being answered, and all earlier answers are sent."""
        is_busy = self.transport.is_closing() or self.transport.get_write_buffer_size()
        return not is_busy and (self._owes or self.timeout_keep_alive_task) is not None

    def give_way(self) -> None:
        """Close, to make room for another connection."""
        self._cut_off(503)

    def _watch(self, is_new: bool = False) -> None:
        """Time a request from its first byte, or from the connection, to its last."""
        begun = is_new or (self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0]))
        if not begun and self.conn.their_state is not h11.SEND_BODY:
            self._stop("_owes")
        elif self._owes is None:
            self._since = self.loop.time()
            self._owes = self.loop.call_later(self._limits.seconds, self._overdue)

    def _overdue(self) -> None:
        self._owes = None
        if self.cycle and self.cycle.response_started and not self.cycle.response_complete:
            self._watch()  # it is being answered before its body is complete: check again later
        else:
            self._cut_off(408)

    def _cut_off(self, status: int) -> None:
        """Answer an incomplete request, and close the connection."""
        if self.transport.is_closing():
            return
        begun = self.conn.their_state is h11.SEND_BODY or bool(self.conn.trailing_data[0])
        try:
            if begun and self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                self._refuse(status)
        finally:
            self.transport.close()

    def _refuse(self, status: int) -> None:
        begun = self.conn.their_state is h11.SEND_BODY
        answer = self._limits.refuse(status)
        headers = [*self.server_state.default_headers, *_headers(answer)]
        events: list[Any] = [
            h11.Response(status_code=status, headers=headers, reason=HTTPStatus(status).phrase.encode())
        ]
        if self.cycle and not self.cycle.response_complete:  # the rest of its answer is dropped
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        content = b"" if begun and is_head(self.scope) else bytes(answer.body)
        events = [*events, h11.Data(data=content), h11.EndOfMessage()]
        self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))

    def _look_whether_it_reads(self, left: int) -> None:
        """Cut off a client that has not read a byte since ``left`` bytes were to be sent."""
        self._stop("_reads")
        now = self.transport.get_write_buffer_size()
        if now >= left:
            self.transport.abort()
        else:
            self._reads = self.loop.call_later(self._limits.seconds, self._look_whether_it_reads, now)

    def _take_a_place(self) -> bool:
        """Close the connection that can best be spared; return whether there was one."""
        spared = min(self._giving_way(), key=lambda each: each._since, default=None)
        if spared:
            spared.give_way()
        return spared is not None

    def _giving_way(self) -> Iterator["Bounded"]:
        others = (each for each in self.connections if each is not self)
        return (each for each in others if isinstance(each, Bounded) and each.gives_way)

    def _stop(self, timer: str) -> None:
        if handle := getattr(self, timer):
            handle.cancel()
            setattr(self, timer, None)


class _Full:
    """Answers 503 instead of the application, except on spared paths."""

    def __init__(self, app: Any, limits: Limits) -> None:
        self._app, self._limits = app, limits

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        if scope["path"] in self._limits.spared:
            await self._app(scope, receive, send)
            return
        answer = self._limits.refuse(503)
        await send({"type": "http.response.start", "status": 503, "headers": _headers(answer)})
        await send({"type": "http.response.body", "body": answer.body})


def _headers(answer: Response) -> list[tuple[bytes, bytes]]:
    headers = {**GUARDS, **answer.headers, "retry-after": "5", "connection": "close"}
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
