"""Commands by their address: what became of them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from api import answers, bulks, examples, subjects
from api.ingress import Enveloped, Preferred
from api.pages import waiting_responses
from api.parts import Parts, Served
from api.problems import NOT_FOUND, Problem
from api.requests import Route, User, empty, signed
from api.routers.bulks import UNDO_RESPONSES
from postgres.reader import Outcome
from schemas import ids
from schemas.records import ChangeTasks

router = APIRouter(prefix="/v1/commands", tags=["commands"], route_class=Route, dependencies=[signed])

CommandId = Annotated[UUID, Path(description="The command's id.")]


@router.get("/{command}", responses=waiting_responses(examples.KNOWN, NOT_FOUND))
async def read_command(
    command: CommandId, user: User, preferred: Preferred, parts: Served, response: Response
) -> answers.Known:
    """Return what became of a command; it is pending until the views say. `Prefer: wait` waits for that."""
    id_ = str(command)
    if preferred.seconds and await parts.outcomes.wait(user, id_, preferred.seconds):
        response.headers["Preference-Applied"] = f"wait={preferred.seconds:.0f}"
    async with parts.views.of(user) as view:
        outcome, before = await view.command(id_), await view.chunks(ids.ahead(id_))
    return _known(outcome, ids.ahead(id_) if before else None) if outcome else _pending(parts, user, id_)


def _known(outcome: Outcome, bulk: str | None) -> answers.Known:
    return subjects.known(answers.Command.of(outcome, bulk), subjects.of_outcome(outcome))


@router.post(
    "/{command}/undo", status_code=202, response_model=answers.Bulk, responses=UNDO_RESPONSES, dependencies=[empty]
)
async def undo_command(command: CommandId, envelope: Enveloped, parts: Served) -> Response:
    """Undo a command, by a bulk: of all that it changed, what nothing later contradicts."""
    return bulks.answer(await bulks.undo(str(command), envelope, parts), envelope)


def _pending(parts: Parts, user: str, command: str) -> answers.Known:
    if sent := parts.recent.get(user, command):
        subject = None if isinstance(sent, ChangeTasks) else subjects.of_command(sent)
        return subjects.known(answers.Command.pending(sent.id), subject)
    raise Problem(NOT_FOUND, "No outcome of such a command is known. If you sent it a moment ago, ask again.")
