"""Selects what undoes a command or a bulk, from its audit trail."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from api.commands.services import Components
from api.http.problems import CONFLICT, NOT_FOUND, UNAVAILABLE, Problem
from domain import undo
from domain.rejections import Code
from postgres.reader import Chunk, CommandEvent, Outcome, View
from schemas import ids
from schemas.records import OutcomeKind, Reversal, TaskAt

PATIENCE = 5.0
"""Seconds to wait for the audit trail, which lags the outcomes a little."""
STILL = timedelta(minutes=1)
"""A bulk without a decided chunk for this long was sent in part, such as by an API that was killed."""
_PAUSE = 0.1


async def items(id_: str, user: str, services: Components) -> tuple[TaskAt, ...]:
    """Return the items that undo all changes of a command or a bulk, the last first.

    Raises ``Problem`` where it is unknown, is not over, changed nothing, or has no audit trail yet.
    """
    clock = asyncio.get_running_loop()
    deadline = clock.time() + PATIENCE
    while True:
        async with services.views.of(user) as view:
            commands, changed = await _changed(view, id_)
            events = await view.events_of(commands)
        if len(events) >= changed:
            return await services.long_work.run(user, _items, events)
        if clock.time() >= deadline:
            raise Problem(UNAVAILABLE, "The audit trail does not have it yet. Try again a little later.")
        await asyncio.sleep(_PAUSE)


async def _changed(view: View, id_: str) -> tuple[list[str], int]:
    """Return the ids of the commands of a bulk, or of one command and its chunks, and the number of their events."""
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
    """Return whether more of a bulk's chunks may be decided: not after one was refused, or none came for ``STILL``."""
    if len(chunks) == chunks[0].chunks or any(chunk.code == Code.RESOLUTION for chunk in chunks):
        return False
    return (
        abs(datetime.now(UTC) - max(chunk.at for chunk in chunks)) < STILL
    )  # abs: another clock set it, and may be ahead


def _events(outcome: Outcome) -> int:
    """Return the number of a command's events; at least 1 where its outcome is too old to have it."""
    return int(outcome.kind is OutcomeKind.ACCEPTED) if outcome.events is None else outcome.events


def _items(events: Sequence[CommandEvent]) -> tuple[TaskAt, ...]:
    return undo.items([*map(_audited, events)])


def _audited(event: CommandEvent) -> undo.AuditedEvent:
    at = round(event.at.timestamp() * 1000)
    return undo.AuditedEvent(event.task, event.cause, Reversal(event.id, event.event, at, event.changes), event.subject)
