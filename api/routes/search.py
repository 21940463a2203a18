"""Searches of tasks: by filter and words, by the beginning of an id, and facets."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.commands.services import Services
from api.http.problems import TOO_MUCH
from api.http.requests import Route, User, signed
from api.models import effort, examples, listings, outputs
from api.models.paging import Limit, list_responses, responses
from api.models.selection import RequestedPage, RequestedTasks, facets

_HEX = "[0-9A-Fa-f]"
_BEGINNING = (
    f"^({_HEX}{{1,8}}|{_HEX}{{8}}-({_HEX}{{4}}-){{0,2}}{_HEX}{{0,4}}|{_HEX}{{8}}-({_HEX}{{4}}-){{3}}{_HEX}{{0,12}})$"
)
_FIRST, _LAST = "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"
Beginning = Annotated[
    str, Query(pattern=_BEGINNING, description="The beginning of an id, with its hyphens.", examples=["6a1a3f5e-3b"])
]

router = APIRouter(prefix="/v1/tasks", tags=["tasks"], route_class=Route, dependencies=[signed])


@router.get("", response_model=listings.TaskPage, responses=list_responses(examples.LISTED, TOO_MUCH))
async def list_tasks(user: User, services: Services, requested: RequestedPage, limit: Limit = 50) -> Response:
    """Return the tasks that match a filter and words, sorted, page by page.

    A page begins after the place of the previous page's last task: a concurrent change moves only the changed task
    between pages.
    """
    async with services.views.of(user) as view:
        selected, page = await requested.page(view, user, limit, services.long_work)
    given = selected.selection, page.items, selected.cursor(page.next)
    is_short = selected.selection.words is None
    content = await services.long_work.run_unless(is_short, user, listings.page, *given)
    return Response(content, media_type="application/json")


@router.get("/ids", responses=responses(examples.TITLES))
async def find_ids(user: User, services: Services, beginning: Beginning, limit: Limit = 4) -> outputs.TaskTitles:
    """Return the tasks whose ids begin with `beginning`, deleted ones last."""
    first, last = (f"{beginning}{shape[len(beginning) :]}" for shape in (_FIRST, _LAST))
    async with services.views.of(user) as view:
        found = await view.beginning(first, last, limit + 1)
    return outputs.TaskTitles(items=[outputs.TaskTitle.of(task) for task in found[:limit]], more=len(found) > limit)


@router.get("/facets", responses=responses(examples.FACETS, TOO_MUCH))
async def count_tasks(user: User, services: Services, requested: RequestedTasks) -> listings.Facets:
    """Return the number of tasks that match a filter and words: in all, and by status, priority, list, tag and day."""
    async with services.views.of(user) as view:
        selected, counts = await facets(requested, view, user, services.long_work)
    few = effort.are_few(counts)  # a user may have 100,000 different dues
    return await services.long_work.run_unless(few, user, listings.Facets.of, selected, counts)
