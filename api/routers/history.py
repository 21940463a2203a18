"""The history of a task: its audit trail."""

from fastapi import APIRouter

from api import answers, cursors, examples, trails
from api.pages import Cursor, Limit, TaskId, list_responses, listed
from api.parts import Served
from api.problems import NOT_FOUND, Problem
from api.requests import Route, User, signed
from schemas.records import TaskCompleted
from streams.domain.recurrence import command_of

router = APIRouter(prefix="/v1/tasks", tags=["history"], route_class=Route, dependencies=[signed])


@router.get("/{task}/history", responses=list_responses(examples.ENTRY, NOT_FOUND))
async def read_history(
    task: TaskId, user: User, parts: Served, limit: Limit = 50, cursor: Cursor = None
) -> answers.Page[trails.Entry]:
    """Return what happened to a task, also one that is gone, from its beginning: who changed what, when and why.

    The entry of a completion says what it led to, as why a series ends.
    """
    after = cursors.number("history", cursor)
    async with parts.views.of(user) as view:
        page = await view.history(str(task), limit, after)
        if not page.items and await view.task(str(task)) is None:
            raise Problem(NOT_FOUND, "There is no such task. If it was created a moment ago, ask again.")
        derived = {entry.id: command_of(entry.id) for entry in page.items if entry.event == TaskCompleted.__name__}
        led_to = await view.commands([*derived.values()])
    return listed("history", lambda entry: trails.Entry.of(entry, led_to.get(derived.get(entry.id, ""))), page)
