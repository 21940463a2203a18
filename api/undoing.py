"""What there is to undo of a command or a bulk, as its audit trail tells."""

import asyncio

from api.parts import Parts
from api.problems import CONFLICT, NOT_FOUND, UNAVAILABLE, Problem
from postgres.reader import Told, View
from schemas import ids
from schemas.records import OutcomeKind, Reversal, TaskAt
from streams.domain import undo
from streams.domain.rejections import Code

PATIENCE = 5.0
"""Seconds to wait for the audit trail, which is a little behind the outcomes."""
_PAUSE = 0.1


async def items(id_: str, user: str, parts: Parts) -> tuple[TaskAt, ...]:
    """Return what undoes all that a command or a bulk changed, the last first.

    Raises ``Problem`` where there is no such thing, it is not over, it changed nothing, or its trail is not there yet.
    """
    clock = asyncio.get_running_loop()
    deadline = clock.time() + PATIENCE
    while True:
        async with parts.views.of(user) as view:
            commands, changed = await _changed(view, id_)
            told = await view.told(commands)
        if len(told) >= changed:
            return undo.items([*map(_told, told)])
        if clock.time() >= deadline:
            raise Problem(UNAVAILABLE, "The audit trail does not have it yet. Try again a little later.")
        await asyncio.sleep(_PAUSE)


async def _changed(view: View, id_: str) -> tuple[list[str], int]:
    """Return the ids of a bulk's commands, or of the one command and what went before it, and how much they changed."""
    if chunks := await view.chunks(id_):
        in_part = any(chunk.code == Code.RESOLUTION for chunk in chunks)
        if len(chunks) < chunks[0].chunks and not in_part:
            raise Problem(CONFLICT, "The bulk is not over yet. Undo it once it is.")
        commands, changed = [chunk.command for chunk in chunks], sum(chunk.changed for chunk in chunks)
    elif outcome := await view.command(id_):
        before = await view.chunks(ids.ahead(id_))
        commands = [*(chunk.command for chunk in before), id_]
        changed = sum(chunk.changed for chunk in before) + int(outcome.kind is OutcomeKind.ACCEPTED)
    else:
        raise Problem(NOT_FOUND, "No outcome of such a command is known. If you sent it a moment ago, ask again.")
    if not changed:
        raise Problem(CONFLICT, "It changed nothing, so there is nothing to undo.")
    return commands, changed


def _told(entry: Told) -> undo.Told:
    at = round(entry.at.timestamp() * 1000)
    return undo.Told(entry.task, entry.cause, Reversal(entry.id, entry.event, at, entry.changes), entry.subject)
