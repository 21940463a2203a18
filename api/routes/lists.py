"""Lists: commands that create, change, delete and restore them; reads of one, all, and the history of one."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Body, Path, Query, Response

from api.commands import bulk_commands
from api.commands.gateway import Expected, Submitted
from api.commands.responses import take
from api.commands.services import Services
from api.entity_routes import EntityRoutes
from api.http.requests import empty
from api.models.list import CHANGES, LIST, NEW, ListChanges, NewList
from schemas.records import Action, CreateList, DeleteList, RestoreList, TaskChange, TaskFields, UpdateList, Within

routes = EntityRoutes(LIST)
router = routes.router

ListId = Annotated[UUID, Path(description="The list's id.")]

_TASKS = "`move` moves the tasks on the list to the inbox, `delete` deletes them."
_LEAVING = {
    "move": TaskChange(Action.UPDATE, ("list",), TaskFields()),
    "delete": TaskChange(Action.DELETE, (), TaskFields()),
}

New = Annotated[NewList, Body(openapi_examples={"list": {"value": NEW}})]
Changes = Annotated[ListChanges, Body(openapi_examples={"change": {"value": CHANGES}})]


routes.create(CreateList, New, "Create a list. Two may have the same name. Its id is derived from the command's.")
routes.change(UpdateList, Changes)


@router.delete(
    "/{list_id}",
    status_code=202,
    response_model=LIST.taken,
    responses=routes.answers.command_of_many,
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


routes.command(
    "restore", RestoreList, "Restore a deleted list, without its tasks: undo the deletion to restore these, too."
)
routes.read("Return a list; a deleted one is marked as such. The ETag begins with its version, for `If-Match`.")
routes.page("Return the lists in the custom order, without deleted ones.")
routes.history(
    "Return the history of a list, also of a purged one, oldest entry first: who changed what, when and why."
)
