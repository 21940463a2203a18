"""Connections of a server: uvicorn's protocol on h11, bounded by what people may hold of it.

A client has so many seconds to send a request, head and body together; who has not by then is answered 408 and cut off
(RFC 9110, section 15.5.9), and so is who reads nothing of an answer for so long. There are so many connections: where
one more comes, the one that has owed its request for the longest gives way, or one that waits for another request; if
all of them are being answered, the new one is answered 503. uvicorn itself has no limit on the time, and answers 503
to everybody while half requests hold all connections.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, cast

import h11
from starlette.responses import Response
from uvicorn.protocols.http.h11_impl import H11Protocol

from schemas.serving.headers import GUARDS
from schemas.serving.refusals import Refuse
from schemas.serving.routes import is_head

READ = 4096
"""Bytes that are read of a connection at once; what they hold (some 700 chunks of a byte) is read within 20 ms."""
LONGEST = 16 * 1024
"""Bytes of a request's line and headers. h11 asks while these are not all there: what comes at once may be longer."""
FEW, SHORT = 1000, 64
"""A body comes in pieces of at least ``SHORT`` bytes on average, but for a ``FEW``: each costs as much as a long."""


@dataclass(frozen=True)
class Limits:
    """What clients may hold of a server. ``spared`` are paths that are answered beyond its connections, too."""

    seconds: float
    connections: int
    refuse: Refuse
    spared: frozenset[str] = frozenset({"/live", "/ready", "/metrics"})


class Measured(h11.Connection):
    """An h11 connection that measures the head of a request, and counts the pieces of its body."""

    pieces = size = 0
    has_no_body = False
    """Whether what was refused is a request whose answer has no body."""

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


class Bounded(H11Protocol):
    """uvicorn's protocol, with an end to what a client may owe."""

    conn: Measured

    def __init__(self, limits: Limits, **given: Any) -> None:
        super().__init__(**given)
        self.conn = Measured(h11.SERVER)
        self._limits = limits
        self._since = 0.0  # when the client began to owe something, by the event loop's clock
        self._owes: asyncio.TimerHandle | None = None
        self._reads: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, if need be in the place of another."""
        super().connection_made(transport)
        if hasattr(transport, "max_size"):  # of asyncio's own transports
            transport.max_size = READ
        if len(self.connections) > self._limits.connections and not self._take_a_place():
            self.app = cast("Any", _Full(self.app, self._limits))
        self._watch(anew=True)

    def connection_lost(self, exc: Exception | None) -> None:
        """Let go of a connection."""
        self._stop("_owes")
        self._stop("_reads")
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what the client has sent."""
        super().data_received(data)
        self._watch()

    def on_response_complete(self) -> None:
        """Turn to the next request."""
        super().on_response_complete()
        self._since = self.loop.time()
        self._watch()

    def pause_writing(self) -> None:
        """Note that the client does not read what it is sent."""
        super().pause_writing()
        self._look_whether_it_reads(self.transport.get_write_buffer_size() + 1)

    def resume_writing(self) -> None:
        """Note that the client reads."""
        super().resume_writing()
        self._stop("_reads")

    @property
    def gives_way(self) -> bool:
        """Whether nothing is being done for the client, and it has all that was."""
        is_busy = self.transport.is_closing() or self.transport.get_write_buffer_size()
        return not is_busy and (self._owes or self.timeout_keep_alive_task) is not None

    def give_way(self) -> None:
        """Make room for another connection."""
        self._cut_off(503)

    def _watch(self, anew: bool = False) -> None:
        """Count the time while a request is under way, from its first byte, or from the connection, to its last."""
        begun = anew or (self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0]))
        if not begun and self.conn.their_state is not h11.SEND_BODY:
            self._stop("_owes")
        elif self._owes is None:
            self._since = self.loop.time()
            self._owes = self.loop.call_later(self._limits.seconds, self._overdue)

    def _overdue(self) -> None:
        self._owes = None
        if self.cycle and self.cycle.response_started and not self.cycle.response_complete:
            self._watch()  # it is being answered without its body, which is looked at again later
        else:
            self._cut_off(408)

    def _cut_off(self, status: int) -> None:
        """Answer a request that has begun, and close the connection."""
        if self.transport.is_closing():
            return
        begun = self.conn.their_state is h11.SEND_BODY or bool(self.conn.trailing_data[0])
        try:
            if begun and self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                self._tell(status)
        finally:
            self.transport.close()

    def _tell(self, status: int) -> None:
        begun = self.conn.their_state is h11.SEND_BODY
        answer = self._limits.refuse(status)
        headers = [*self.server_state.default_headers, *_headers(answer)]
        events = [h11.Response(status_code=status, headers=headers, reason=HTTPStatus(status).phrase.encode())]
        if self.cycle and not self.cycle.response_complete:  # what it would still answer goes nowhere
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        shown = b"" if begun and is_head(self.scope) else bytes(answer.body)
        for event in (*events, h11.Data(data=shown), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")

    def _look_whether_it_reads(self, left: int) -> None:
        """Cut a client off that has not read a byte since there were so many ``left``."""
        self._stop("_reads")
        now = self.transport.get_write_buffer_size()
        if now >= left:
            self.transport.abort()
        else:
            self._reads = self.loop.call_later(self._limits.seconds, self._look_whether_it_reads, now)

    def _take_a_place(self) -> bool:
        """Close the connection that can be spared best, and return whether there was one."""
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
    """Answers 503 in the place of an application, but for the paths that are spared."""

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
    told = {**GUARDS, **answer.headers, "retry-after": "5", "connection": "close"}
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in told.items()]
