"""Notifications: reminders on their way out, with each step of their delivery."""

from fastapi import APIRouter

from api import answers, cursors, examples, trails
from api.pages import Cursor, Limit, list_responses, listed
from api.parts import Served
from api.requests import Route, User, signed

router = APIRouter(prefix="/v1/notifications", tags=["notifications"], route_class=Route, dependencies=[signed])


@router.get("", responses=list_responses(examples.NOTIFICATION))
async def list_notifications(
    user: User, parts: Served, limit: Limit = 50, cursor: Cursor = None
) -> answers.Page[trails.Notification]:
    """Return notifications, the latest due first."""
    after = cursors.key("notifications", cursor)
    async with parts.views.of(user) as view:
        page = await view.notifications(limit, after)
    return listed("notifications", trails.Notification.of, page)
