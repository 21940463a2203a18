"""The client for asyncio: a thin shell that sends the calls of ``calls``."""

from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlsplit

import httpx
import stamina

from common.addresses import without_secrets
from rondo.client import proxies, wire
from rondo.client.call import Call, Listing
from rondo.client.calls import Methods
from rondo.client.errors import RondoError, Unavailable
from rondo.client.login import Login
from rondo.client.models import Page
from rondo.client.trust import trusted

Shape = TypeVar("Shape")
Item = TypeVar("Item")

SPOKEN = frozenset({"http", "https"})
"""The protocols for proxies."""


def _options(url: str) -> dict[str, Any]:
    """Return httpx's options for an address, from the environment as ``Rondo`` reads it. Raises ``WrongWay``."""
    try:
        context, proxy = trusted(), proxies.leading_to(urlsplit(url), SPOKEN)
    except wire.Misled as error:
        raise wire.unreachable(url, error) from error
    if proxy is None:
        return {"trust_env": False, "verify": context}
    encrypted = context if proxy.at.scheme == "https" else None
    return {"trust_env": False, "verify": context, "proxy": httpx.Proxy(proxy.at.geturl(), ssl_context=encrypted)}


class AsyncRondo(Methods):
    """``Rondo`` for asyncio: the same methods, awaited; lists are iterated with ``async for``.

    The constructor raises ``WrongWay`` if the environment names a proxy that can't be used.
    """

    def __init__(self, url: str, token: str, timeout: float = 60, attempts: int = wire.ATTEMPTS) -> None:
        self._url, self._token = url, token
        self._http = httpx.AsyncClient(
            base_url=without_secrets(url),
            timeout=httpx.Timeout(timeout, connect=min(timeout, wire.CONNECT)),
            **_options(url),
        )
        self._retry = stamina.AsyncRetryingCaller(attempts, wire.PATIENCE, wait_jitter=0.1).on(wire.again)

    @classmethod
    def from_login(cls) -> Self:
        """Return the client of the user who is logged in, see ``Login.load``. Raises ``Unknown``."""
        login = Login.load()
        return cls(login.api, login.token)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def send(self, call: Call[Shape]) -> Shape:
        """Send a call, with retries, and return its answer.

        If the last attempt did nothing, but an earlier one may have, the earlier one's error is raised.
        """
        doubts: list[RondoError] = []
        try:
            answer: Shape = await self._retry(self._once, call, doubts)
        except Unavailable as error:
            raise doubts[-1] if doubts else error from None
        return answer

    async def items(self, listing: Listing[Item]) -> AsyncIterator[Item]:
        """Yield a list's items, page by page."""
        following: Call[Page[Item]] | None = listing.first
        while following:
            page = await self.send(following)
            for item in page["items"]:
                yield item
            following = listing.after(page)

    async def _once(self, call: Call[Any], doubts: list[RondoError]) -> Any:
        try:
            return wire.answered(self._url, await self._asked(call))
        except RondoError as error:
            doubts += [error] if wire.in_doubt(call, error) else []
            raise

    async def _asked(self, call: Call[Any]) -> wire.Reply:
        sent = wire.request(call, self._token)
        try:
            answer = await self._http.request(
                sent.method, sent.target, headers=dict(sent.headers), content=sent.content
            )
        except httpx.TimeoutException as error:
            raise wire.unreachable(self._url, wire.Unanswered("it did not answer in time")) from error
        except httpx.RequestError as error:
            raise wire.unreachable(self._url, wire.Unanswered(str(error) or type(error).__name__)) from error
        return wire.Reply(call.method, answer.status_code, answer.reason_phrase, answer.headers, answer.content)
