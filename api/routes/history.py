"""The history of a task and of a series, reminders, and notifications."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.commands.services import Services
from api.http import cursors
from api.http.problems import NOT_FOUND
from api.http.requests import Route, User, signed
from api.models import examples, histories, inputs, outputs, upcoming
from api.models.entities import TASK
from api.models.paging import Cursor, InLanguage, Limit, TaskId, list_responses, listed, responses
from domain.recurrence.derived import CLOSING
from domain.recurrence.succession import command_of

_CLOSING = {event.__name__ for event in CLOSING}
"""The names in the audit trail of the events that close a task."""

_FROM = "The first local day or time to return, as `occurrence` names it."

router = APIRouter(prefix="/v1", route_class=Route, dependencies=[signed])


@router.get(
    "/tasks/{task}/history",
    tags=["history"],
    response_model=outputs.Page[histories.Entry],
    responses=list_responses(examples.ENTRY, NOT_FOUND),
)
async def read_history(
    task: TaskId, user: User, services: Services, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """Return the history of a task, also of a purged one, oldest entry first: who changed what, when and why.

    The entry that closes an occurrence has what it led to, such as the reason why a series ended.
    """
    after = cursors.number("history", cursor)
    async with services.views.of(user) as view:
        page = await view.history(str(task), limit, after)
        if not page.items and await view.task(str(task)) is None:
            raise TASK.missing()
        derived = {entry.id: command_of(entry.id) for entry in page.items if entry.event in _CLOSING}
        led_to = await view.commands([*derived.values()])
    return listed("history", lambda entry: histories.entry_members(entry, led_to.get(derived.get(entry.id, ""))), page)


@router.get(
    "/tasks/{task}/series",
    tags=["history"],
    response_model=outputs.Page[outputs.Task],
    responses=list_responses(examples.TASK, NOT_FOUND),
)
async def read_series(
    task: TaskId, user: User, services: Services, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """Return the occurrences of a task's series, the latest first: those closed and deleted, and the open one.

    A deleted occurrence is purged after 30 days. A task outside a series has none.
    """
    after = cursors.ranked("series", cursor)
    async with services.views.of(user) as view:
        page = await view.occurrences(str(task), limit, after)
        if not page.items and await view.task(str(task)) is None:
            raise TASK.missing()
    return listed("series", outputs.task_members, page)


@router.get(
    "/tasks/{task}/occurrences",
    tags=["occurrences"],
    response_model=upcoming.UpcomingOccurrences,
    responses=responses(examples.UPCOMING, NOT_FOUND),
)
async def list_upcoming_occurrences(  # noqa: PLR0917 - FastAPI's
    task: TaskId,
    user: User,
    services: Services,
    limit: Limit = 10,
    since: Annotated[str | None, Query(alias="from", max_length=40, description=_FROM)] = None,
    until: Annotated[str | None, Query(max_length=40, description="The last local day or time to return.")] = None,
    language: InLanguage = "en",
) -> Response:
    """Return what is yet to come of a task's series: its rule in words, its occurrences, what was decided about each.

    A task that is not the open occurrence has none. Those of a rule that is counted from completion are not known.
    """
    asked = (inputs.checked_key("from", since), inputs.checked_key("until", until), limit, language)
    async with services.views.of(user) as view:
        found = await view.task(str(task))
    if found is None:
        raise TASK.missing()
    content = await services.long_work.run(user, upcoming.content, found, *asked)
    return Response(content, media_type="application/json")


@router.get(
    "/reminders",
    tags=["reminders"],
    response_model=outputs.Page[histories.StandingReminder],
    responses=list_responses(examples.REMINDER),
)
async def list_reminders(user: User, services: Services, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Return the reminders, the earliest first."""
    after = cursors.key("reminders", cursor)
    async with services.views.of(user) as view:
        page = await view.reminders(limit, after)
    return listed("reminders", histories.reminder_members, page)


@router.get(
    "/notifications",
    tags=["notifications"],
    response_model=outputs.Page[histories.Notification],
    responses=list_responses(examples.NOTIFICATION),
)
async def list_notifications(user: User, services: Services, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Return the notifications, the latest due first, with each step of their delivery."""
    after = cursors.key("notifications", cursor)
    async with services.views.of(user) as view:
        page = await view.notifications(limit, after)
    return listed("notifications", histories.notification_members, page)
