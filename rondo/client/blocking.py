"""The client for synchronous programs: a thin shell that sends the calls of ``calls``."""

from collections.abc import Iterator
from time import monotonic
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

from rondo.client import wire
from rondo.client.call import Call, Listing
from rondo.client.calls import Methods
from rondo.client.errors import RondoError, Unavailable
from rondo.client.login import Login
from rondo.client.models import Page
from rondo.client.transport import Transport

Shape = TypeVar("Shape")
Item = TypeVar("Item")


class Rondo(Methods):
    """A client of Rondo at ``url`` for one user, by their token. A context manager that closes its connections.

    Every method raises a ``Problem`` for a refusal, ``Unreachable`` if the API does not answer.
    """

    def __init__(self, url: str, token: str, timeout: float = 60, attempts: int = wire.ATTEMPTS) -> None:
        self._url, self._token, self._attempts = url, token, attempts
        self._transport = Transport(urlsplit(url), timeout)

    @classmethod
    def from_login(cls) -> Self:
        """Return the client of the user who is logged in, see ``Login.load``. Raises ``Unknown``."""
        login = Login.load()
        return cls(login.api, login.token)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def send(self, call: Call[Shape]) -> Shape:
        """Send a call, with retries, and return its answer.

        If the last attempt did nothing, but an earlier one may have, the earlier one's error is raised.
        """
        doubts: list[RondoError] = []
        begun = monotonic()
        try:
            answer: Shape = self._once(call, doubts)
        except RondoError as error:
            left = wire.PATIENCE - (monotonic() - begun)
            if self._attempts < 2 or left <= 0 or not wire.again(error):
                raise
            answer = self._again(call, doubts, error, left)
        return answer

    def items(self, listing: Listing[Item]) -> Iterator[Item]:
        """Yield a list's items, page by page."""
        following: Call[Page[Item]] | None = listing.first
        while following:
            page = self.send(following)
            yield from page["items"]
            following = listing.after(page)

    def _again(self, call: Call[Any], doubts: list[RondoError], failed: RondoError, left: float) -> Any:
        """Return the answer of a retry within ``left`` seconds, after the first attempt ``failed``."""
        import stamina  # noqa: PLC0415 - it takes long to import, and is rarely needed

        failures = [failed]

        def once() -> Any:
            if failures:
                raise failures.pop()
            return self._once(call, doubts)

        try:
            return stamina.RetryingCaller(self._attempts, left, wait_jitter=0.1)(wire.again, once)
        except Unavailable as error:
            raise doubts[-1] if doubts else error from None

    def _once(self, call: Call[Any], doubts: list[RondoError]) -> Any:
        try:
            return wire.answered(self._url, self._asked(call))
        except RondoError as error:
            doubts += [error] if wire.in_doubt(call, error) else []
            raise

    def _asked(self, call: Call[Any]) -> wire.Reply:
        try:
            return self._transport.send(wire.request(call, self._token))
        except wire.Unanswered as error:
            raise wire.unreachable(self._url, error) from error
