"""Lists: commands that create, change, delete and restore them; reads of one, all, and the history of one."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Body, Path, Query, Response

from api import reads
from api.commands import bulk_commands
from api.commands.gateway import Expected, Submitted
from api.commands.responses import Documented, take
from api.commands.services import Services
from api.http.problems import NOT_FOUND
from api.http.requests import Route, User, empty, signed
from api.models import examples, histories, inputs, outputs
from api.models.list import CHANGES, LIST, NEW, List, ListChanges, NewList
from api.models.paging import Cursor, Limit, list_responses, responses
from schemas import ids
from schemas.records import Action, CreateList, DeleteList, RestoreList, TaskChange, TaskFields, UpdateList, Within

router = APIRouter(prefix="/v1/lists", tags=["lists"], route_class=Route, dependencies=[signed])

ListId = Annotated[UUID, Path(description="The list's id.")]
_ANSWERS = Documented(LIST)

_TASKS = "`move` moves the tasks on the list to the inbox, `delete` deletes them."
_LEAVING = {
    "move": TaskChange(Action.UPDATE, ("list",), TaskFields()),
    "delete": TaskChange(Action.DELETE, (), TaskFields()),
}

New = Annotated[NewList, Body(openapi_examples={"list": {"value": NEW}})]
Changes = Annotated[ListChanges, Body(openapi_examples={"change": {"value": CHANGES}})]


@router.post("", status_code=202, response_model=LIST.taken, responses=_ANSWERS.create)
async def create_list(body: New, submission: Submitted, services: Services) -> Response:
    """Create a list. Two may have the same name. Its id is derived from the command's."""
    fields = LIST.checked(body, strict=submission.strict)
    command = CreateList(**submission.common(body), list=ids.derive("list", submission.command), fields=fields)
    return await take(services.gateway, command, submission)


@router.patch("/{list_id}", status_code=202, response_model=LIST.taken, responses=_ANSWERS.change)
async def change_list(
    list_id: ListId, body: Changes, submission: Submitted, expected: Expected, services: Services
) -> Response:
    """Set the fields in the body (RFC 7396): an absent field is unchanged, null clears one."""
    fields = LIST.checked(body, strict=submission.strict)
    command = UpdateList(
        **submission.changing(expected, body), list=str(list_id), changed=inputs.changed(body), fields=fields
    )
    return await take(services.gateway, command, submission)


@router.delete(
    "/{list_id}",
    status_code=202,
    response_model=LIST.taken,
    responses=_ANSWERS.command_of_many,
    dependencies=[empty],
)
async def delete_list(
    list_id: ListId,
    submission: Submitted,
    expected: Expected,
    services: Services,
    tasks: Annotated[Literal["move", "delete"] | None, Query(description=_TASKS)] = None,
) -> Response:
    """Delete a list. If it has tasks, open or completed, the request is refused as `not-empty`.

    With `tasks`, its tasks are first moved to the inbox, or deleted. A task that is added meanwhile prevents the
    deletion of the list.
    """
    said = submission.asking(tasks=tasks) if tasks else submission
    command = DeleteList(**said.changing(expected), list=str(list_id))
    if tasks is None:
        return await take(services.gateway, command, said)
    items = await bulk_commands.on_list(str(list_id), expected, said.user, services)
    on_it = Within(LIST.of.subject(command.list), expected)
    ahead = await bulk_commands.ahead(items, _LEAVING[tasks], on_it, said, command.fingerprint, services=services)
    return await take(services.gateway, command, said, ahead)


@router.post(
    "/{list_id}/restore",
    status_code=202,
    response_model=LIST.taken,
    responses=_ANSWERS.command,
    dependencies=[empty],
)
async def restore_list(list_id: ListId, submission: Submitted, expected: Expected, services: Services) -> Response:
    """Restore a deleted list, without its tasks: undo the deletion to restore these, too."""
    return await take(services.gateway, RestoreList(**submission.changing(expected), list=str(list_id)), submission)


@router.get("/{list_id}", responses=responses(LIST.example, NOT_FOUND))
async def read_list(list_id: ListId, user: User, services: Services, response: Response) -> List:
    """Return a list; a deleted one is marked as such. The ETag begins with its version, for `If-Match`."""
    return await reads.one(LIST, list_id, user, services, response)


@router.get("", responses=list_responses(LIST.example))
async def list_lists(user: User, services: Services, limit: Limit = 50, cursor: Cursor = None) -> outputs.Page[List]:
    """Return the lists in the custom order, without deleted ones."""
    return await reads.page(LIST, user, services, limit, cursor)


@router.get("/{list_id}/history", responses=list_responses(examples.ENTRY, NOT_FOUND))
async def read_history_of_list(
    list_id: ListId, user: User, services: Services, limit: Limit = 50, cursor: Cursor = None
) -> outputs.Page[histories.Entry]:
    """Return the history of a list, also of a purged one, oldest entry first: who changed what, when and why."""
    return await reads.history(LIST, list_id, user, services, limit, cursor)
