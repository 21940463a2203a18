"""Reminders: those that stand, and those of the past."""

from fastapi import APIRouter

from api import answers, cursors, examples, trails
from api.pages import Cursor, Limit, list_responses, listed
from api.parts import Served
from api.requests import Route, User, signed

router = APIRouter(prefix="/v1/reminders", tags=["reminders"], route_class=Route, dependencies=[signed])


@router.get("", responses=list_responses(examples.REMINDER))
async def list_reminders(
    user: User, parts: Served, limit: Limit = 50, cursor: Cursor = None
) -> answers.Page[trails.StandingReminder]:
    """Return reminders, the earliest first."""
    after = cursors.key("reminders", cursor)
    async with parts.views.of(user) as view:
        page = await view.reminders(limit, after)
    return listed("reminders", trails.StandingReminder.of, page)
