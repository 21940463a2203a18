"""Commands by their address: outcomes, and undo."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from api.commands import bulk_commands
from api.commands.gateway import Preferred, Submitted
from api.commands.services import Components, Services
from api.http.problems import NOT_FOUND, Problem
from api.http.requests import Route, User, empty, signed
from api.models import examples, outputs
from api.models.entities import Subject
from api.models.histories import Known
from api.models.paging import waiting_responses
from api.routes.bulks import UNDO_RESPONSES
from schemas import ids
from schemas.records import ChangeTasks

router = APIRouter(prefix="/v1/commands", tags=["commands"], route_class=Route, dependencies=[signed])

CommandId = Annotated[UUID, Path(description="The command's id.")]


@router.get("/{command}", responses=waiting_responses(examples.KNOWN, NOT_FOUND))
async def read_command(
    command: CommandId, user: User, preferred: Preferred, services: Services, response: Response
) -> Known:
    """Return the outcome of a command, pending until the views have it. `Prefer: wait` waits for it."""
    id_ = str(command)
    if preferred.seconds and await services.outcomes.wait(user, id_, preferred.seconds):
        response.headers["Preference-Applied"] = f"wait={preferred.seconds:.0f}"
    async with services.views.of(user) as view:
        outcome, before = await view.command(id_), await view.chunks(ids.ahead(id_))
    return Known.outcome(outcome, ids.ahead(id_) if before else None) if outcome else _pending(services, user, id_)


@router.post(
    "/{command}/undo", status_code=202, response_model=outputs.Bulk, responses=UNDO_RESPONSES, dependencies=[empty]
)
async def undo_command(command: CommandId, submission: Submitted, services: Services) -> Response:
    """Undo a command, by a bulk: each of its changes that no later one conflicts with."""
    return bulk_commands.answer(await bulk_commands.undo(str(command), submission, services), submission)


def _pending(services: Components, user: str, command: str) -> Known:
    if sent := services.recent.get(user, command):
        subject = None if isinstance(sent, ChangeTasks) else Subject.of_command(sent)
        return Known.about(outputs.Command.pending(sent.id), subject)
    raise Problem(NOT_FOUND, "No outcome of such a command is known. If you sent it a moment ago, ask again.")
