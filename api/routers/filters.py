"""Saved filters: commands that save, change and delete them; one, all of them, what one finds and how it came to be."""

from typing import Annotated

from fastapi import APIRouter, Body, Response

from api import answers, cursors, examples, found, shapes, trails
from api.finding import Zone, page_finding
from api.ingress import Enveloped, Expected
from api.pages import Cursor, FilterId, Limit, list_responses, listed, responses
from api.parts import Served
from api.problems import NOT_FOUND, TOO_MUCH, Problem
from api.requests import Route, User, empty, signed
from api.sending import FILTER, take
from schemas import ids, subjects
from schemas.records import CreateFilter, DeleteFilter, RestoreFilter, UpdateFilter

router = APIRouter(prefix="/v1/filters", tags=["filters"], route_class=Route, dependencies=[signed])

NewFilter = Annotated[shapes.NewFilter, Body(openapi_examples={"filter": {"value": examples.NEW_FILTER}})]
Changes = Annotated[shapes.FilterChanges, Body(openapi_examples={"change": {"value": examples.FILTER_CHANGES}})]


@router.post("", status_code=202, response_model=answers.FilterTaken, responses=FILTER.create)
async def create_filter(body: NewFilter, envelope: Enveloped, parts: Served) -> Response:
    """Save a filter that can be read. Two may have the same name; its id follows from the command's."""
    fields = shapes.checked_filter(body, strict=envelope.strict)
    command = CreateFilter(**envelope.common(body), filter=ids.derive("filter", envelope.command), fields=fields)
    return await take(parts.ingress, command, envelope)


@router.patch("/{filter_id}", status_code=202, response_model=answers.FilterTaken, responses=FILTER.change)
async def change_filter(
    filter_id: FilterId, body: Changes, envelope: Enveloped, expected: Expected, parts: Served
) -> Response:
    """Set the fields that the body names (RFC 7396): an absent field stays as it is, null clears one."""
    fields = shapes.checked_filter(body, strict=envelope.strict)
    command = UpdateFilter(
        **envelope.changing(expected, body), filter=str(filter_id), changed=shapes.changed(body), fields=fields
    )
    return await take(parts.ingress, command, envelope)


@router.delete(
    "/{filter_id}", status_code=202, response_model=answers.FilterTaken, responses=FILTER.command, dependencies=[empty]
)
async def delete_filter(filter_id: FilterId, envelope: Enveloped, expected: Expected, parts: Served) -> Response:
    """Delete a saved filter. The tasks that it finds stay."""
    return await take(parts.ingress, DeleteFilter(**envelope.changing(expected), filter=str(filter_id)), envelope)


@router.post(
    "/{filter_id}/restore",
    status_code=202,
    response_model=answers.FilterTaken,
    responses=FILTER.command,
    dependencies=[empty],
)
async def restore_filter(filter_id: FilterId, envelope: Enveloped, expected: Expected, parts: Served) -> Response:
    """Bring a deleted saved filter back as it was."""
    return await take(parts.ingress, RestoreFilter(**envelope.changing(expected), filter=str(filter_id)), envelope)


@router.get("/{filter_id}", responses=responses(examples.FILTER, NOT_FOUND))
async def read_filter(filter_id: FilterId, user: User, parts: Served, response: Response) -> answers.SavedFilter:
    """Return a saved filter as it stands; a deleted one says so. Its version is the ETag, for `If-Match`."""
    async with parts.views.of(user) as view:
        one = await view.filter(str(filter_id))
    if one is None:
        raise Problem(NOT_FOUND, _MISSING)
    response.headers["ETag"] = answers.etag(one.version)
    return answers.SavedFilter.of(one)


@router.get("", responses=list_responses(examples.FILTER))
async def list_filters(
    user: User, parts: Served, limit: Limit = 50, cursor: Cursor = None
) -> answers.Page[answers.SavedFilter]:
    """Return the saved filters in their order, but the deleted."""
    after = cursors.ranked("filters", cursor)
    async with parts.views.of(user) as view:
        page = await view.filters(limit, after)
    return listed("filters", answers.SavedFilter.of, page)


@router.get("/{filter_id}/tasks", responses=list_responses(examples.LISTED, NOT_FOUND, TOO_MUCH))
async def list_tasks_of_filter(  # noqa: PLR0917 - FastAPI's
    filter_id: FilterId, user: User, parts: Served, zone: Zone = "UTC", limit: Limit = 50, cursor: Cursor = None
) -> found.TaskPage:
    """Return the tasks that a saved filter finds, in its order, as `GET /v1/tasks` does."""
    async with parts.views.of(user) as view:
        one = await view.filter(str(filter_id))
        if one is None or one.deleted:
            raise Problem(NOT_FOUND, _MISSING)
        wished = await page_finding(one.text, None, one.sort or None, zone, cursor)
        meant, page = await wished.page(view, user, limit, parts.long_work)
    return found.page(meant.finding, page.items, meant.cursor(page.next))


@router.get("/{filter_id}/history", responses=list_responses(examples.ENTRY, NOT_FOUND))
async def read_history_of_filter(
    filter_id: FilterId, user: User, parts: Served, limit: Limit = 50, cursor: Cursor = None
) -> answers.Page[trails.Entry]:
    """Return what happened to a saved filter, also to one that is gone: who changed what, when and why."""
    after = cursors.number("history", cursor)
    async with parts.views.of(user) as view:
        page = await view.history_of_subject(subjects.of(subjects.FILTER, str(filter_id)), limit, after)
        if not page.items and await view.filter(str(filter_id)) is None:
            raise Problem(NOT_FOUND, _MISSING)
    return listed("history", trails.Entry.of, page)


_MISSING = "There is no such saved filter. If it was saved a moment ago, ask again."
