"""Saved filters: commands that save, change, delete and restore them; reads of one, all, its tasks and its history."""

from typing import Annotated
from uuid import UUID

from fastapi import Body, Path, Response

from api.commands.services import Services
from api.entity_routes import EntityRoutes
from api.http.problems import NOT_FOUND, TOO_MUCH
from api.http.requests import User
from api.models import examples, listings
from api.models.filter import CHANGES, FILTER, NEW, FilterChanges, NewFilter
from api.models.paging import Cursor, Limit, list_responses
from api.models.selection import Zone, requested_page
from postgres.rows import FILTERS
from schemas.records import CreateFilter, DeleteFilter, RestoreFilter, UpdateFilter

routes = EntityRoutes(FILTER)
router = routes.router

FilterId = Annotated[UUID, Path(description="The saved filter's id.")]

New = Annotated[NewFilter, Body(openapi_examples={"filter": {"value": NEW}})]
Changes = Annotated[FilterChanges, Body(openapi_examples={"change": {"value": CHANGES}})]


routes.create(
    CreateFilter, New, "Save a valid filter. Two may have the same name. Its id is derived from the command's."
)
routes.change(UpdateFilter, Changes)
routes.command("delete", DeleteFilter, "Delete a saved filter. Its tasks stay.")
routes.command("restore", RestoreFilter, "Restore a deleted saved filter.")
routes.read("Return a saved filter; a deleted one is marked as such. Its version is the ETag, for `If-Match`.")
routes.page("Return the saved filters in the custom order, without deleted ones.")


@router.get(
    "/{filter_id}/tasks",
    response_model=listings.TaskPage,
    responses=list_responses(examples.LISTED, NOT_FOUND, TOO_MUCH),
)
async def list_tasks_of_filter(  # noqa: PLR0917 - FastAPI's
    filter_id: FilterId, user: User, services: Services, zone: Zone = "UTC", limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """Return the tasks that match a saved filter, by its sort, as `GET /v1/tasks` does."""
    async with services.views.of(user) as view:
        one = await view.entity(FILTERS, str(filter_id))
        if one is None or one.deleted:
            raise FILTER.missing()
        requested = await requested_page(one.text, None, one.sort or None, zone, cursor)
        selected, page = await requested.page(view, user, limit, services.long_work)
    content = listings.page(selected.selection, page.items, selected.cursor(page.next))
    return Response(content, media_type="application/json")


routes.history("Return the history of a saved filter, also of a purged one: who changed what, when and why.")
