"""Bulks: the same change to many tasks, its progress, and the tasks that it did not change."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Body, Path, Response

from api.commands import bulk_commands
from api.commands.gateway import Preferred, Submitted
from api.commands.services import Components, Services
from api.http import cursors, document, prefer, problems
from api.http.problems import NOT_FOUND, Problem
from api.http.requests import LargeRoute, User, empty, signed
from api.models import bulk_inputs, effort, examples, outputs
from api.models.histories import Refusal, refusal_members
from api.models.paging import Cursor, Limit, list_responses, listed, waiting_responses

router = APIRouter(prefix="/v1/bulks", tags=["bulks"], route_class=LargeRoute, dependencies=[signed])

BulkId = Annotated[UUID, Path(description="The bulk's id.")]
_BULKS = {"reschedule": {"value": examples.BULK_BODY}, "named": {"value": examples.BULK_OF_NAMED}}
NewBulk = Annotated[bulk_inputs.NewBulk, Body(openapi_examples=_BULKS)]

_HEADERS = document.headers(*document.OF_COMMANDS) | document.location("The bulk's address.")
_BODY = (problems.MALFORMED, problems.TOO_LARGE, problems.MEDIA)
_TAKEN: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "The bulk is on the log; its address has its progress.",
        "headers": _HEADERS,
        "content": {"application/json": {"example": examples.BULK}},
    },
    200: {
        "description": "The bulk is over; the client preferred to wait or sent it before.",
        "model": outputs.Bulk,
        "headers": _HEADERS,
        "content": {"application/json": {"example": examples.BULK}},
    },
    **problems.documented(
        *problems.ANYWHERE,
        problems.KEY_REUSED,
        problems.VERSION,
        problems.TOO_MUCH,
        problems.DISK_FULL,
        problems.OUTCOME_UNKNOWN,
        *_BODY,
    ),
}
UNDO_RESPONSES = {
    **_TAKEN,
    **problems.documented(
        *problems.ANYWHERE,
        problems.NOT_FOUND,
        problems.CONFLICT,
        problems.VERSION,
        problems.KEY_REUSED,
        problems.DISK_FULL,
        problems.OUTCOME_UNKNOWN,
        problems.MALFORMED,
        problems.TOO_LARGE,
    ),
}


@router.post("", status_code=202, response_model=outputs.Bulk, responses=_TAKEN)
async def begin_bulk(body: NewBulk, submission: Submitted, services: Services) -> Response:
    """Apply the same change to many tasks, to each as a command of its own would.

    A filter is resolved now; a task that changes before it is decided is refused, like others that reject the change.
    """
    short = effort.is_short_change(body)
    change = await services.long_work.run_unless(
        short, submission.user, bulk_inputs.change, body, strict=submission.strict
    )
    return bulk_commands.answer(await bulk_commands.take(body, change, submission, services), submission)


@router.post("/count", responses=waiting_responses(examples.COUNT, problems.TOO_MUCH, *_BODY))
async def count_bulk(
    body: NewBulk, user: User, preferred: Preferred, services: Services, response: Response
) -> outputs.Count:
    """Return the number of tasks that a bulk would change; nothing is done."""
    if preferred.strict:
        response.headers["Preference-Applied"] = prefer.STRICT
    short = effort.is_short_change(body)
    await services.long_work.run_unless(short, user, bulk_inputs.change, body, strict=preferred.strict)
    return outputs.Count(tasks=await bulk_commands.count(body, user, services))


@router.post(
    "/{bulk}/undo", status_code=202, response_model=outputs.Bulk, responses=UNDO_RESPONSES, dependencies=[empty]
)
async def undo_bulk(bulk: BulkId, submission: Submitted, services: Services) -> Response:
    """Undo a bulk, by another: each change that no later one conflicts with."""
    return bulk_commands.answer(await bulk_commands.undo(str(bulk), submission, services), submission)


@router.get("/{bulk}", responses=waiting_responses(examples.BULK, NOT_FOUND))
async def read_bulk(
    bulk: BulkId, user: User, preferred: Preferred, services: Services, response: Response
) -> outputs.Bulk:
    """Return the progress of a bulk. `Prefer: wait` waits until it is over."""
    if preferred.seconds and (found := await bulk_commands.wait(str(bulk), user, preferred.seconds, services)):
        response.headers["Preference-Applied"] = f"wait={preferred.seconds:.0f}"
        return bulk_commands.to_response(found)
    return bulk_commands.to_response(await _known(str(bulk), user, services))


@router.get(
    "/{bulk}/refusals", response_model=outputs.Page[Refusal], responses=list_responses(examples.REFUSAL, NOT_FOUND)
)
async def list_refusals(
    bulk: BulkId, user: User, services: Services, limit: Limit = 50, cursor: Cursor = None
) -> Response:
    """Return the tasks that a bulk did not change, and why."""
    await _known(str(bulk), user, services)
    async with services.views.of(user) as view:
        page = await view.refusals(str(bulk), limit, cursors.number("refusals", cursor))
    return listed("refusals", refusal_members, page)


async def _known(bulk: str, user: str, services: Components) -> bulk_commands.Progress:
    if found := await bulk_commands.progress(bulk, user, services):
        return found
    raise Problem(NOT_FOUND, "No such bulk is known. If you sent it a moment ago, ask again.")
