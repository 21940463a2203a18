"""Finding tasks: lists by filter and words, and how many there are of what."""

from fastapi import APIRouter

from api import examples, found
from api.finding import Found, Wished, facets
from api.pages import Limit, list_responses, responses
from api.parts import Served
from api.requests import Route, User, signed

router = APIRouter(prefix="/v1/tasks", tags=["tasks"], route_class=Route, dependencies=[signed])


@router.get("", responses=list_responses(examples.LISTED))
async def list_tasks(user: User, parts: Served, wished: Wished, limit: Limit = 50) -> found.TaskPage:
    """Return tasks: those that a filter and words find, sorted, page by page.

    A page begins behind the last task of the one before, wherever that stands by now: what others change meanwhile
    moves nothing else into or out of sight.
    """
    async with parts.views.of(user) as view:
        meant, page = await wished.page(view, user, limit)
    return found.page(meant.finding, page.items, meant.cursor(page.next))


@router.get("/facets", responses=responses(examples.FACETS))
async def count_tasks(user: User, parts: Served, wanted: Found) -> found.Facets:
    """Return how many tasks a filter and words find: in all, and by status, priority, list, tag and day."""
    async with parts.views.of(user) as view:
        meant, counts = await facets(wanted, view, user)
    return found.Facets.of(meant, counts)
