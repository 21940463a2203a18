"""Saved filters: commands that save, change, delete and restore them; reads of one, all, its tasks and its history."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Response

from api import reads
from api.commands.gateway import Enveloped, Expected
from api.commands.responses import Documented, take
from api.http.paging import Cursor, Limit, list_responses, responses
from api.http.problems import NOT_FOUND, TOO_MUCH
from api.http.requests import Route, User, empty, signed
from api.http.selection import Zone, page_finding
from api.models import examples, histories, inputs, listings, outputs
from api.models.filter import CHANGES, FILTER, NEW, FilterChanges, NewFilter, SavedFilter
from api.services import Served
from postgres.rows import FILTERS
from schemas import ids
from schemas.records import CreateFilter, DeleteFilter, RestoreFilter, UpdateFilter

router = APIRouter(prefix="/v1/filters", tags=["filters"], route_class=Route, dependencies=[signed])

FilterId = Annotated[UUID, Path(description="The saved filter's id.")]
_ANSWERS = Documented(FILTER)

New = Annotated[NewFilter, Body(openapi_examples={"filter": {"value": NEW}})]
Changes = Annotated[FilterChanges, Body(openapi_examples={"change": {"value": CHANGES}})]


@router.post("", status_code=202, response_model=FILTER.taken, responses=_ANSWERS.create)
async def create_filter(body: New, envelope: Enveloped, served: Served) -> Response:
    """Save a valid filter. Two may have the same name. Its id is derived from the command's."""
    fields = FILTER.checked(body, strict=envelope.strict)
    command = CreateFilter(**envelope.common(body), filter=ids.derive("filter", envelope.command), fields=fields)
    return await take(served.ingress, command, envelope)


@router.patch("/{filter_id}", status_code=202, response_model=FILTER.taken, responses=_ANSWERS.change)
async def change_filter(
    filter_id: FilterId, body: Changes, envelope: Enveloped, expected: Expected, served: Served
) -> Response:
    """Set the fields in the body (RFC 7396): an absent field is unchanged, null clears one."""
    fields = FILTER.checked(body, strict=envelope.strict)
    command = UpdateFilter(
        **envelope.changing(expected, body), filter=str(filter_id), changed=inputs.changed(body), fields=fields
    )
    return await take(served.ingress, command, envelope)


@router.delete(
    "/{filter_id}", status_code=202, response_model=FILTER.taken, responses=_ANSWERS.command, dependencies=[empty]
)
async def delete_filter(filter_id: FilterId, envelope: Enveloped, expected: Expected, served: Served) -> Response:
    """Delete a saved filter. Its tasks stay."""
    return await take(served.ingress, DeleteFilter(**envelope.changing(expected), filter=str(filter_id)), envelope)


@router.post(
    "/{filter_id}/restore",
    status_code=202,
    response_model=FILTER.taken,
    responses=_ANSWERS.command,
    dependencies=[empty],
)
async def restore_filter(filter_id: FilterId, envelope: Enveloped, expected: Expected, served: Served) -> Response:
    """Restore a deleted saved filter."""
    return await take(served.ingress, RestoreFilter(**envelope.changing(expected), filter=str(filter_id)), envelope)


@router.get("/{filter_id}", responses=responses(FILTER.example, NOT_FOUND))
async def read_filter(filter_id: FilterId, user: User, served: Served, response: Response) -> SavedFilter:
    """Return a saved filter; a deleted one is marked as such. Its version is the ETag, for `If-Match`."""
    return await reads.one(FILTER, filter_id, user, served, response)


@router.get("", responses=list_responses(FILTER.example))
async def list_filters(
    user: User, served: Served, limit: Limit = 50, cursor: Cursor = None
) -> outputs.Page[SavedFilter]:
    """Return the saved filters in the custom order, without deleted ones."""
    return await reads.page(FILTER, user, served, limit, cursor)


@router.get("/{filter_id}/tasks", responses=list_responses(examples.LISTED, NOT_FOUND, TOO_MUCH))
async def list_tasks_of_filter(  # noqa: PLR0917 - FastAPI's
    filter_id: FilterId, user: User, served: Served, zone: Zone = "UTC", limit: Limit = 50, cursor: Cursor = None
) -> listings.TaskPage:
    """Return the tasks that match a saved filter, by its sort, as `GET /v1/tasks` does."""
    async with served.views.of(user) as view:
        one = await view.entity(FILTERS, str(filter_id))
        if one is None or one.deleted:
            raise FILTER.missing()
        wished = await page_finding(one.text, None, one.sort or None, zone, cursor)
        meant, page = await wished.page(view, user, limit, served.long_work)
    return listings.page(meant.selection, page.items, meant.cursor(page.next))


@router.get("/{filter_id}/history", responses=list_responses(examples.ENTRY, NOT_FOUND))
async def read_history_of_filter(
    filter_id: FilterId, user: User, served: Served, limit: Limit = 50, cursor: Cursor = None
) -> outputs.Page[histories.Entry]:
    """Return the history of a saved filter, also of a purged one: who changed what, when and why."""
    return await reads.history(FILTER, filter_id, user, served, limit, cursor)
