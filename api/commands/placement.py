"""Computes a task's rank in the custom order from the ranks of its new neighbours in the views.

A user's tasks have one order, and lists and filters show a part of it. So a task that is moved directly before another
is directly before it wherever both appear. Only open tasks count as neighbours.
"""

from api.commands.services import Components
from api.http.problems import FieldError, Problem, invalid
from api.models.inputs import Move
from domain import ranks
from domain.invalid import Invalid
from postgres.reader import BOTTOM, TOP, View
from schemas.records import Status

Gap = tuple[str | None, str | None]
"""The ranks of the neighbours before and after, None for none."""


async def rank(move: Move, task: str, user: str, services: Components) -> str:
    """Return the rank that a move gives a task; its own if it is there already, "" for that of its creation.

    Raises ``Problem`` for a neighbour that does not exist, or is the task itself.
    """
    async with services.views.of(user) as view:
        low, high = await _gap(view, move, task)
        moved = await view.task(task)
    if moved and (low is None or low < moved.rank) and (high is None or moved.rank < high):
        return "" if moved.rank == ranks.of_creation(round(moved.created_at.timestamp() * 1000)) else moved.rank
    try:
        return ranks.check(ranks.between(low, high))
    except Invalid:
        detail = "There is no room left at this place: move the tasks beside it elsewhere first."
        raise _wrong(move, detail) from None


async def _gap(view: View, move: Move, task: str) -> Gap:
    if move.to == "top":
        return None, (await view.beside(TOP, task)).behind
    if move.to == "bottom":
        return (await view.beside(BOTTOM, task)).before, None
    other = str(move.before or move.after)
    if other == task:
        raise _wrong(move, "It is the task itself; name another.")
    other_task = await view.task(other)
    if other_task is None or other_task.status is Status.DELETED:
        raise _wrong(move, "There is no such task, or it is deleted.")
    beside = await view.beside(other_task.rank, task)
    return (beside.before, other_task.rank) if move.before else (other_task.rank, beside.behind)


def _wrong(move: Move, detail: str) -> Problem:
    name = next(name for name in ("before", "after", "to") if getattr(move, name))
    return invalid([FieldError(name, detail)])
