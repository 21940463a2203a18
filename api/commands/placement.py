"""Where a task comes to in its user's own order: between which ranks, as the views have them.

There is one order of all tasks of a user, and lists and filters show a part of it. So what is moved right before a task
stands right before it wherever both are seen. Among what it is moved, only the open tasks count.
"""

from api.http.problems import FieldError, Problem, invalid
from api.models.inputs import Move
from api.services import Services
from domain import ranks
from domain.invalid import Invalid
from postgres.reader import BOTTOM, TOP, View
from schemas.records import Status

Gap = tuple[str | None, str | None]
"""The ranks that a task comes between, None for none."""


async def rank(move: Move, task: str, user: str, served: Services) -> str:
    """Return the rank that a move gives a task; "" for the place of its creation, where it is there already.

    Raises ``Problem`` where it is to come beside a task that is not there, or beside itself.
    """
    async with served.views.of(user) as view:
        low, high = await _gap(view, move, task)
        moved = await view.task(task)
    if moved and (low is None or low < moved.rank) and (high is None or moved.rank < high):
        return "" if moved.rank == ranks.of_creation(round(moved.created_at.timestamp() * 1000)) else moved.rank
    try:
        return ranks.check(ranks.between(low, high))
    except Invalid:
        detail = "There is no room left at this place: move the tasks beside it somewhere else first."
        raise _wrong(move, detail) from None


async def _gap(view: View, move: Move, task: str) -> Gap:
    if move.to == "top":
        return None, (await view.beside(TOP, task)).behind
    if move.to == "bottom":
        return (await view.beside(BOTTOM, task)).before, None
    other = str(move.before or move.after)
    if other == task:
        raise _wrong(move, "It is the task itself; name another.")
    stands = await view.task(other)
    if stands is None or stands.status is Status.DELETED:
        raise _wrong(move, "There is no such task, or it is deleted.")
    beside = await view.beside(stands.rank, task)
    return (beside.before, stands.rank) if move.before else (stands.rank, beside.behind)


def _wrong(move: Move, detail: str) -> Problem:
    name = next(name for name in ("before", "after", "to") if getattr(move, name))
    return invalid([FieldError(name, detail)])
