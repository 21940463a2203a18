"""Reads of entities: one by its name, a page of all in the custom order, and the history of one."""

from typing import Any, TypeVar
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from api.commands.services import Components
from api.http import cursors
from api.models import histories, outputs
from api.models.paging import listed
from api.models.resource import Resource

Model = TypeVar("Model", bound=BaseModel)


async def one(of: Resource[Any, Model], id_: UUID, user: str, services: Components, response: Response) -> Model:
    """Return an entity, with its entity tag. Raises ``Problem`` if it does not exist."""
    async with services.views.of(user) as view:
        item = await view.entity(of.table, str(id_))
    if item is None:
        raise of.missing()
    if of.etags:
        response.headers["ETag"] = of.etags(item)[0]
    return of.show(item)


async def page(
    of: Resource[Any, Model], user: str, services: Components, limit: int, cursor: str | None
) -> outputs.Page[Any]:
    """Return the entities in the custom order, without deleted ones. Raises ``Problem`` for another list's cursor."""
    after = cursors.ranked(of.of.plural, cursor)
    async with services.views.of(user) as view:
        page = await view.entities(of.table, limit, after)
    return listed(of.of.plural, of.show, page)


async def history(  # noqa: PLR0917 - as in its route
    of: Resource[Any, Any], id_: UUID, user: str, services: Components, limit: int, cursor: str | None
) -> outputs.Page[histories.Entry]:
    """Return the history of an entity, also of a purged one. Raises ``Problem`` if it never existed."""
    after, name = cursors.number("history", cursor), str(id_)
    async with services.views.of(user) as view:
        page = await view.history_of_subject(of.of.subject(name), limit, after)
        if not page.items and await view.entity(of.table, name) is None:
            raise of.missing()
    return listed("history", histories.Entry.of, page)
