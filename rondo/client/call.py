"""Calls of the API, and the descriptors that make them methods of the clients."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, overload

from rondo.client.models import Page

P = ParamSpec("P")
Shape = TypeVar("Shape")
Item = TypeVar("Item")


@dataclass(frozen=True)
class Call(Generic[Shape]):
    """A request with the shape of its answer. It can be repeated: commands have an Idempotency-Key."""

    method: str
    path: str
    body: Mapping[str, Any] | None = None
    query: Mapping[str, str | int] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Listing(Generic[Shape]):
    """A list that is read page by page."""

    first: Call[Page[Shape]]

    def after(self, page: Page[Shape]) -> Call[Page[Shape]] | None:
        """Return the call for the next page; None at the end."""
        cursor = page["next"]
        return replace(self.first, query={**self.first.query, "cursor": cursor}) if cursor else None


class Blocking(Protocol):
    """A synchronous client."""

    def send(self, call: Call[Shape], /) -> Shape:
        """Send a call and return its answer."""

    def items(self, listing: Listing[Item], /) -> Iterator[Item]:
        """Yield a list's items, page by page."""


class Awaited(Protocol):
    """A client for asyncio."""

    async def send(self, call: Call[Shape], /) -> Shape:
        """Send a call and return its answer."""

    def items(self, listing: Listing[Item], /) -> AsyncIterator[Item]:
        """Yield a list's items, page by page."""


class Sends(Generic[P, Shape]):
    """A method that sends a call and returns its answer. On the class, the function that describes the call."""

    def __init__(self, describe: Callable[P, Call[Shape]]) -> None:
        self._describe = describe

    @overload
    def __get__(self, client: None, of: type) -> Callable[P, Call[Shape]]: ...
    @overload
    def __get__(self, client: Blocking, of: type) -> Callable[P, Shape]: ...
    @overload
    def __get__(self, client: Awaited, of: type) -> Callable[P, Awaitable[Shape]]: ...
    def __get__(self, client: Any, of: type) -> Any:
        return _method(self._describe, client and client.send)


class Lists(Generic[P, Item]):
    """A method that yields a list's items. On the class, the function that describes the list."""

    def __init__(self, describe: Callable[P, Listing[Item]]) -> None:
        self._describe = describe

    @overload
    def __get__(self, client: None, of: type) -> Callable[P, Listing[Item]]: ...
    @overload
    def __get__(self, client: Blocking, of: type) -> Callable[P, Iterator[Item]]: ...
    @overload
    def __get__(self, client: Awaited, of: type) -> Callable[P, AsyncIterator[Item]]: ...
    def __get__(self, client: Any, of: type) -> Any:
        return _method(self._describe, client and client.items)


def _method(describe: Callable[P, Any], perform: Callable[[Any], Any] | None) -> Callable[P, Any]:
    if perform is None:
        return describe

    @wraps(describe)
    def method(*args: P.args, **kwargs: P.kwargs) -> Any:
        return perform(describe(*args, **kwargs))

    return method
