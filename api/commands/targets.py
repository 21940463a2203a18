"""What the address of a command is about, as the views show it: that is what its preconditions are compared with."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.http.preconditions import Current
from api.http.problems import NOT_FOUND, Problem
from api.models import outputs
from domain import validation
from domain.invalid import Invalid
from postgres.reader import List, SavedFilter, Task, View

Read = Callable[[View, str], Awaitable[Any]]


@dataclass(frozen=True)
class Target:
    """What is named ``name`` in the address, and how it is read."""

    name: str
    read: Read
    has_versions: bool = False

    async def current(self, view: View) -> Current:
        """Return what it is now. Raises ``Problem`` where there is no such thing."""
        found = await self.read(view, self.name)
        if not found:
            raise Problem(NOT_FOUND, "There is no such thing. If it was created a moment ago, ask again.")
        if isinstance(found, List):
            return Current((outputs.list_etag(found), outputs.etag(found.version)), found.version)
        if isinstance(found, Task | SavedFilter):
            return Current((outputs.etag(found.version),), found.version)
        return Current()  # what has no version has weak tags only, which are never compared here


async def _command(view: View, command: str) -> Any:
    return await view.command(command) or await view.chunks(command)


async def _collection(_view: View, _name: str) -> Any:
    return True


_BY_ID: Mapping[str, tuple[Read, bool]] = {
    "task": (View.task, True),
    "list_id": (View.list, True),
    "filter_id": (View.filter, True),
    "command": (_command, False),
    "bulk": (_command, False),
}
"""How that is read whose id is a parameter of the path, and whether it has versions."""


def of(parameters: Mapping[str, str]) -> Target | None:
    """Return what the parameters of a path name; None where they name nothing, which is said by their validation."""
    for parameter, name in parameters.items():
        if parameter in _BY_ID:
            read, has_versions = _BY_ID[parameter]
            return Target(str(id_), read, has_versions) if (id_ := _uuid(name)) else None
        return _tag(name)
    return Target("", _collection)


def _tag(name: str) -> Target | None:
    try:
        return Target(validation.borne_tag("name", name), View.tag)
    except Invalid:
        return None


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
