"""The target of a command's address, whose current state in the views its preconditions are compared with."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.http.preconditions import Current
from api.http.problems import NOT_FOUND, Problem
from api.models.entities import RESOURCES
from api.models.resource import Resource
from api.models.tag import TAG
from api.models.user_settings import SETTINGS
from domain import validation
from domain.invalid import Invalid
from postgres.reader import View

Read = Callable[[View, str], Awaitable[Any]]


@dataclass(frozen=True)
class Target:
    """The target of an address: an entity of a resource, or what ``read`` returns."""

    name: str
    of: Resource[Any, Any] | None = None
    read: Read | None = None

    @property
    def has_versions(self) -> bool:
        """Whether it has a version that a command may name."""
        return self.of is not None and self.of.etags is not None

    async def current(self, view: View) -> Current:
        """Return its current state. Raises ``Problem`` if it does not exist."""
        found = await self.read(view, self.name) if self.read else None
        found = await view.entity(self.of.table, self.name) if self.of else found
        if not found:
            raise Problem(NOT_FOUND, "It does not exist. If it was created a moment ago, ask again.")
        if self.of and self.of.etags:
            return Current(self.of.etags(found), found.version)
        return Current()  # without a version it has only weak tags, which are not compared here


async def _command(view: View, command: str) -> Any:
    return await view.command(command) or await view.chunks(command)


async def _collection(_view: View, _name: str) -> Any:
    return True


_BY_ID: Mapping[str, Resource[Any, Any]] = {one.parameter: one for one in RESOURCES if one.of.key == "id"}
_COMMANDS = frozenset({"command", "bulk"})
"""Path parameters: those with an entity's id, and those with a command's."""


def of(path: str, parameters: Mapping[str, str], user: str) -> Target | None:
    """Return the target of a path and its parameters; None where these are not valid, which validation reports."""
    if path == SETTINGS.href(user):
        return Target(user, SETTINGS)
    for parameter, name in parameters.items():
        if parameter in _BY_ID or parameter in _COMMANDS:
            read = _command if parameter in _COMMANDS else None
            return Target(id_, _BY_ID.get(parameter), read) if (id_ := _uuid(name)) else None
        return _tag(name)
    return Target("", read=_collection)


def _tag(name: str) -> Target | None:
    try:
        return Target(validation.existing_tag("name", name), TAG)
    except Invalid:
        return None


def _uuid(text: str) -> str | None:
    try:
        return str(UUID(text))
    except ValueError:
        return None
