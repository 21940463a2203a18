"""What there is to undo of a command or a bulk, as its audit trail tells."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from api.http.problems import CONFLICT, NOT_FOUND, UNAVAILABLE, Problem
from api.services import Services
from domain import undo
from domain.rejections import Code
from postgres.reader import Chunk, Outcome, Told, View
from schemas import ids
from schemas.records import OutcomeKind, Reversal, TaskAt

PATIENCE = 5.0
"""Seconds to wait for the audit trail, which is a little behind the outcomes."""
STILL = timedelta(minutes=1)
"""A bulk of which so long no chunk was decided was sent in part, as by an API that was killed."""
_PAUSE = 0.1


async def items(id_: str, user: str, served: Services) -> tuple[TaskAt, ...]:
    """Return what undoes all that a command or a bulk changed, the last first.

    Raises ``Problem`` where there is no such thing, it is not over, it changed nothing, or its trail is not there yet.
    """
    clock = asyncio.get_running_loop()
    deadline = clock.time() + PATIENCE
    while True:
        async with served.views.of(user) as view:
            commands, changed = await _changed(view, id_)
            told = await view.told(commands)
        if len(told) >= changed:
            return await served.long_work.run(user, _items, told)
        if clock.time() >= deadline:
            raise Problem(UNAVAILABLE, "The audit trail does not have it yet. Try again a little later.")
        await asyncio.sleep(_PAUSE)


async def _changed(view: View, id_: str) -> tuple[list[str], int]:
    """Return the ids of the commands of a bulk, or of one and what went before it, and how many events came of them."""
    if chunks := await view.chunks(id_):
        if _may_go_on(chunks):
            raise Problem(CONFLICT, "The bulk is not over yet. Undo it once it is.")
        commands = [chunk.command for chunk in chunks]
    elif await view.command(id_):
        commands = [*(chunk.command for chunk in await view.chunks(ids.ahead(id_))), id_]
    else:
        raise Problem(NOT_FOUND, "No outcome of such a command is known. If you sent it a moment ago, ask again.")
    outcomes = (await view.commands(commands)).values()
    if not (events := sum(map(_events, outcomes))):
        raise Problem(CONFLICT, "It changed nothing, so there is nothing to undo.", code="nothing-to-undo")
    return commands, events


def _may_go_on(chunks: Sequence[Chunk]) -> bool:
    """Tell whether more of a bulk's chunks may still come: not where one was refused, or none has come for long."""
    if len(chunks) == chunks[0].chunks or any(chunk.code == Code.RESOLUTION for chunk in chunks):
        return False
    return abs(datetime.now(UTC) - max(chunk.at for chunk in chunks)) < STILL  # set by a clock, which may be wrong


def _events(outcome: Outcome) -> int:
    """Return to how many events a command led; where its outcome is too old to say, at least to one."""
    return int(outcome.kind is OutcomeKind.ACCEPTED) if outcome.events is None else outcome.events


def _items(told: Sequence[Told]) -> tuple[TaskAt, ...]:
    return undo.items([*map(_told, told)])


def _told(entry: Told) -> undo.AuditedEvent:
    at = round(entry.at.timestamp() * 1000)
    return undo.AuditedEvent(entry.task, entry.cause, Reversal(entry.id, entry.event, at, entry.changes), entry.subject)
