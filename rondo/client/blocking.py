"""The client for plain programs: a thin shell that sends what ``calls`` describes."""

from collections.abc import Callable, Iterator
from functools import update_wrapper
from time import monotonic
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar
from urllib.parse import urlsplit

from rondo.client import calls, wire
from rondo.client.calls import Call, Listing
from rondo.client.errors import RondoError, Unavailable
from rondo.client.login import Login
from rondo.client.transport import Transport

P = ParamSpec("P")
Shape = TypeVar("Shape")
Item = TypeVar("Item")


def _sends(describe: Callable[P, Call[Shape]]) -> "Callable[Concatenate[Rondo, P], Shape]":
    """Return the method of ``Rondo`` that sends a call and returns its answer."""

    def method(self: "Rondo", /, *args: P.args, **kwargs: P.kwargs) -> Shape:
        return self.send(describe(*args, **kwargs))

    update_wrapper(method, describe)
    return method


def _lists(describe: Callable[P, Listing[Item]]) -> "Callable[Concatenate[Rondo, P], Iterator[Item]]":
    """Return the method of ``Rondo`` that yields a list's items, page by page."""

    def method(self: "Rondo", /, *args: P.args, **kwargs: P.kwargs) -> Iterator[Item]:
        listing = describe(*args, **kwargs)
        following: Call[Any] | None = listing.first
        while following:
            page = self.send(following)
            yield from page["items"]
            following = listing.after(page)

    update_wrapper(method, describe)
    return method


class Rondo:
    """One user's view of Rondo at ``url``, by their token. Closes its connections as a context manager.

    Every method raises a ``Problem`` for a refusal, ``Unreachable`` where the API does not answer.
    """

    def __init__(self, url: str, token: str, timeout: float = 60, attempts: int = wire.ATTEMPTS) -> None:
        self._url, self._token, self._attempts = url, token, attempts
        self._transport = Transport(urlsplit(url), timeout)

    @classmethod
    def found(cls) -> Self:
        """Return the client of who is logged in, see ``Login.found``. Raises ``Unknown``."""
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
        """Send a call, again where that helps, and return its answer.

        Where the last attempt did nothing, but one before may have, that one's error is raised.
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

    def _again(self, call: Call[Any], doubts: list[RondoError], failed: RondoError, left: float) -> Any:
        """Return the answer of one of the attempts that are left within so many seconds after the first ``failed``."""
        import stamina  # noqa: PLC0415 - it takes long to import, and is seldom needed

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

    create = _sends(calls.create)
    update = _sends(calls.update)
    move = _sends(calls.move)
    complete = _sends(calls.complete)
    reopen = _sends(calls.reopen)
    delete = _sends(calls.delete)
    restore = _sends(calls.restore)
    change_many = _sends(calls.change_many)
    count_many = _sends(calls.count_many)
    undo_command = _sends(calls.undo_command)
    undo_bulk = _sends(calls.undo_bulk)
    bulk = _sends(calls.bulk)
    refusals = _lists(calls.refusals)
    create_list = _sends(calls.create_list)
    update_list = _sends(calls.update_list)
    delete_list = _sends(calls.delete_list)
    restore_list = _sends(calls.restore_list)
    show_list = _sends(calls.show_list)
    lists = _lists(calls.lists)
    create_filter = _sends(calls.create_filter)
    update_filter = _sends(calls.update_filter)
    delete_filter = _sends(calls.delete_filter)
    restore_filter = _sends(calls.restore_filter)
    show_filter = _sends(calls.show_filter)
    filters = _lists(calls.filters)
    tasks_of_filter = _lists(calls.tasks_of_filter)
    history_of_filter = _lists(calls.history_of_filter)
    tags = _lists(calls.tags)
    show_tag = _sends(calls.show_tag)
    colour_tag = _sends(calls.colour_tag)
    rename_tag = _sends(calls.rename_tag)
    delete_tag = _sends(calls.delete_tag)
    history_of_list = _lists(calls.history_of_list)
    command = _sends(calls.command)
    task = _sends(calls.task)
    tasks_by_id = _sends(calls.tasks_by_id)
    facets = _sends(calls.facets)
    tasks = _lists(calls.tasks)
    history = _lists(calls.history)
    reminders = _lists(calls.reminders)
    notifications = _lists(calls.notifications)
