"""Saved filters: commands that save, change, delete and restore them; reads of one, all, its tasks and its history."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Path, Response

from api import reads
from api.commands.gateway import Expected, Submitted
from api.commands.responses import Documented, take
from api.commands.services import Services
from api.http.problems import NOT_FOUND, TOO_MUCH
from api.http.requests import Route, User, empty, signed
from api.models import examples, histories, inputs, listings, outputs
from api.models.filter import CHANGES, FILTER, NEW, FilterChanges, NewFilter, SavedFilter
from api.models.paging import Cursor, Limit, list_responses, responses
from api.models.selection import Zone, page_finding
from postgres.rows import FILTERS
from schemas import ids
from schemas.records import CreateFilter, DeleteFilter, RestoreFilter, UpdateFilter

router = APIRouter(prefix="/v1/filters", tags=["filters"], route_class=Route, dependencies=[signed])

FilterId = Annotated[UUID, Path(description="The saved filter's id.")]
_ANSWERS = Documented(FILTER)

New = Annotated[NewFilter, Body(openapi_examples={"filter": {"value": NEW}})]
Changes = Annotated[FilterChanges, Body(openapi_examples={"change": {"value": CHANGES}})]


@router.post("", status_code=202, response_model=FILTER.taken, responses=_ANSWERS.create)
async def create_filter(body: New, submission: Submitted, services: Services) -> Response:
    """Save a valid filter. Two may have the same name. Its id is derived from the command's."""
    fields = FILTER.checked(body, strict=submission.strict)
    command = CreateFilter(**submission.common(body), filter=ids.derive("filter", submission.command), fields=fields)
    return await take(services.gateway, command, submission)


@router.patch("/{filter_id}", status_code=202, response_model=FILTER.taken, responses=_ANSWERS.change)
async def change_filter(
    filter_id: FilterId, body: Changes, submission: Submitted, expected: Expected, services: Services
) -> Response:
    """Set the fields in the body (RFC 7396): an absent field is unchanged, null clears one."""
    fields = FILTER.checked(body, strict=submission.strict)
    command = UpdateFilter(
        **submission.changing(expected, body), filter=str(filter_id), changed=inputs.changed(body), fields=fields
    )
    return await take(services.gateway, command, submission)


@router.delete(
    "/{filter_id}", status_code=202, response_model=FILTER.taken, responses=_ANSWERS.command, dependencies=[empty]
)
async def delete_filter(filter_id: FilterId, submission: Submitted, expected: Expected, services: Services) -> Response:
    """Delete a saved filter. Its tasks stay."""
    return await take(
        services.gateway, DeleteFilter(**submission.changing(expected), filter=str(filter_id)), submission
    )


@router.post(
    "/{filter_id}/restore",
    status_code=202,
    response_model=FILTER.taken,
    responses=_ANSWERS.command,
    dependencies=[empty],
)
async def restore_filter(
    filter_id: FilterId, submission: Submitted, expected: Expected, services: Services
) -> Response:
    """Restore a deleted saved filter."""
    return await take(
        services.gateway, RestoreFilter(**submission.changing(expected), filter=str(filter_id)), submission
    )


@router.get("/{filter_id}", responses=responses(FILTER.example, NOT_FOUND))
async def read_filter(filter_id: FilterId, user: User, services: Services, response: Response) -> SavedFilter:
    """Return a saved filter; a deleted one is marked as such. Its version is the ETag, for `If-Match`."""
    return await reads.one(FILTER, filter_id, user, services, response)


@router.get("", responses=list_responses(FILTER.example))
async def list_filters(
    user: User, services: Services, limit: Limit = 50, cursor: Cursor = None
) -> outputs.Page[SavedFilter]:
    """Return the saved filters in the custom order, without deleted ones."""
    return await reads.page(FILTER, user, services, limit, cursor)


@router.get("/{filter_id}/tasks", responses=list_responses(examples.LISTED, NOT_FOUND, TOO_MUCH))
async def list_tasks_of_filter(  # noqa: PLR0917 - FastAPI's
    filter_id: FilterId, user: User, services: Services, zone: Zone = "UTC", limit: Limit = 50, cursor: Cursor = None
) -> listings.TaskPage:
    """Return the tasks that match a saved filter, by its sort, as `GET /v1/tasks` does."""
    async with services.views.of(user) as view:
        one = await view.entity(FILTERS, str(filter_id))
        if one is None or one.deleted:
            raise FILTER.missing()
        wished = await page_finding(one.text, None, one.sort or None, zone, cursor)
        meant, page = await wished.page(view, user, limit, services.long_work)
    return listings.page(meant.selection, page.items, meant.cursor(page.next))


@router.get("/{filter_id}/history", responses=list_responses(examples.ENTRY, NOT_FOUND))
async def read_history_of_filter(
    filter_id: FilterId, user: User, services: Services, limit: Limit = 50, cursor: Cursor = None
) -> outputs.Page[histories.Entry]:
    """Return the history of a saved filter, also of a purged one: who changed what, when and why."""
    return await reads.history(FILTER, filter_id, user, services, limit, cursor)
