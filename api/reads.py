"""Reads of any entity: one by its name, a page of all in the custom order, and what happened to one."""

from typing import Any, TypeVar
from uuid import UUID

from fastapi import Response
from pydantic import BaseModel

from api.http import cursors
from api.http.paging import listed
from api.models import histories, outputs
from api.models.resource import Resource
from api.services import Services

Model = TypeVar("Model", bound=BaseModel)


async def one(of: Resource[Any, Model], id_: UUID, user: str, served: Services, response: Response) -> Model:
    """Return an entity as it stands, with its entity tag. Raises ``Problem`` where there is none."""
    async with served.views.of(user) as view:
        item = await view.entity(of.table, str(id_))
    if item is None:
        raise of.missing()
    if of.etags:
        response.headers["ETag"] = of.etags(item)[0]
    return of.show(item)


async def page(
    of: Resource[Any, Model], user: str, served: Services, limit: int, cursor: str | None
) -> outputs.Page[Any]:
    """Return the entities in the custom order, but the deleted. Raises ``Problem`` for another list's cursor."""
    after = cursors.ranked(of.of.plural, cursor)
    async with served.views.of(user) as view:
        page = await view.entities(of.table, limit, after)
    return listed(of.of.plural, of.show, page)


async def history(  # noqa: PLR0917 - as its route takes it
    of: Resource[Any, Any], id_: UUID, user: str, served: Services, limit: int, cursor: str | None
) -> outputs.Page[histories.Entry]:
    """Return what happened to an entity, also to one that is gone. Raises ``Problem`` where there was none."""
    after, name = cursors.number("history", cursor), str(id_)
    async with served.views.of(user) as view:
        page = await view.history_of_subject(of.of.subject(name), limit, after)
        if not page.items and await view.entity(of.table, name) is None:
            raise of.missing()
    return listed("history", histories.Entry.of, page)
