"""Tasks: commands that create, change, move, complete, reopen, delete and restore them; reads of one."""

from typing import Annotated, Literal

from fastapi import APIRouter, Body, Query, Response
from msgspec.structs import replace

from api import reads
from api.commands import bulk_commands, placement
from api.commands.gateway import Enveloped, Expected
from api.commands.responses import Documented, take
from api.http.paging import TaskId, responses
from api.http.problems import NOT_FOUND
from api.http.requests import Route, User, empty, signed
from api.models import examples, inputs, outputs
from api.models.entities import TASK
from api.services import Served
from schemas import ids
from schemas.records import (
    Action,
    CompleteTask,
    CreateTask,
    DeleteTask,
    ReopenTask,
    RestoreTask,
    TaskChange,
    TaskFields,
    UpdateTask,
    Within,
)

router = APIRouter(prefix="/v1/tasks", tags=["tasks"], route_class=Route, dependencies=[signed])

_ANSWERS = Documented(TASK)

_SUBTASKS = "`delete` also deletes the sub-tasks, at all levels."
_DELETED = TaskChange(Action.DELETE, (), TaskFields())

NewTask = Annotated[inputs.NewTask, Body(openapi_examples={"recurring": {"value": examples.NEW_TASK}})]
_MOVES = {"before": {"value": examples.MOVE}, "top": {"value": examples.MOVE_TO_TOP}}
Move = Annotated[inputs.Move, Body(openapi_examples=_MOVES)]
_CHANGES = {"change": {"value": examples.CHANGES}, "postpone": {"value": examples.POSTPONED}}
Changes = Annotated[inputs.Changes, Body(openapi_examples=_CHANGES)]


@router.post("", status_code=202, response_model=TASK.taken, responses=_ANSWERS.create)
async def create_task(body: NewTask, envelope: Enveloped, served: Served) -> Response:
    """Create a task. Its id is derived from the command's, so it is known before the task exists."""
    # A rule may take 50 ms to check.
    fields = await served.long_work.run(envelope.user, inputs.checked, body, strict=envelope.strict)
    command = CreateTask(**envelope.common(body), task=ids.task(envelope.command), fields=fields)
    return await take(served.ingress, command, envelope)


@router.patch("/{task}", status_code=202, response_model=TASK.taken, responses=_ANSWERS.change)
async def change_task(task: TaskId, body: Changes, envelope: Enveloped, expected: Expected, served: Served) -> Response:
    """Set the fields in the body (RFC 7396): an absent field is unchanged, null clears one.

    So for the members of `due` and `start`: a date alone keeps time and zone.
    """
    fields = await served.long_work.run(envelope.user, inputs.checked, body, strict=envelope.strict)
    command = UpdateTask(
        **envelope.changing(expected, body), task=str(task), changed=inputs.changed(body), fields=fields
    )
    return await take(served.ingress, command, envelope)


@router.post("/{task}/move", status_code=202, response_model=TASK.taken, responses=_ANSWERS.change)
async def move_task(task: TaskId, body: Move, envelope: Enveloped, expected: Expected, served: Served) -> Response:
    """Move a task in the custom order: directly before or after another, to the top or to the bottom.

    Its new `order` is computed from the current ones of the open tasks beside that place.
    """
    command = UpdateTask(**envelope.changing(expected, body), task=str(task), changed=("rank",), fields=TaskFields())
    if not await served.ingress.known(envelope, command.fingerprint):  # its neighbours may have changed since
        rank = await placement.rank(body, str(task), envelope.user, served)
        command = replace(command, fields=TaskFields(rank=rank))
    return await take(served.ingress, command, envelope)


@router.post(
    "/{task}/complete", status_code=202, response_model=TASK.taken, responses=_ANSWERS.command, dependencies=[empty]
)
async def complete_task(task: TaskId, envelope: Enveloped, expected: Expected, served: Served) -> Response:
    """Complete a task. If it recurs, its next occurrence is created. Completing it again does nothing."""
    return await take(served.ingress, CompleteTask(**envelope.changing(expected), task=str(task)), envelope)


@router.post(
    "/{task}/reopen", status_code=202, response_model=TASK.taken, responses=_ANSWERS.command, dependencies=[empty]
)
async def reopen_task(task: TaskId, envelope: Enveloped, expected: Expected, served: Served) -> Response:
    """Reopen a completed task."""
    return await take(served.ingress, ReopenTask(**envelope.changing(expected), task=str(task)), envelope)


@router.post(
    "/{task}/restore", status_code=202, response_model=TASK.taken, responses=_ANSWERS.command, dependencies=[empty]
)
async def restore_task(task: TaskId, envelope: Enveloped, expected: Expected, served: Served) -> Response:
    """Restore a deleted task, open or completed as it was."""
    return await take(served.ingress, RestoreTask(**envelope.changing(expected), task=str(task)), envelope)


@router.delete(
    "/{task}",
    status_code=202,
    response_model=TASK.taken,
    responses=_ANSWERS.command_of_many,
    dependencies=[empty],
)
async def delete_task(
    task: TaskId,
    envelope: Enveloped,
    expected: Expected,
    served: Served,
    subtasks: Annotated[Literal["delete"] | None, Query(description=_SUBTASKS)] = None,
) -> Response:
    """Delete a task. It can be restored for 30 days; its history stays.

    Its sub-tasks stay, unless `subtasks` deletes them first. A sub-task that is added meanwhile stays.
    """
    said = envelope.asking(subtasks=subtasks) if subtasks else envelope
    command = DeleteTask(**said.changing(expected), task=str(task))
    if subtasks is None:
        return await take(served.ingress, command, said)
    items = await bulk_commands.below(str(task), expected, said.user, served)
    below = Within(TASK.of.subject(command.task), expected)
    ahead = await bulk_commands.ahead(items, _DELETED, below, said, command.fingerprint, served=served)
    return await take(served.ingress, command, said, ahead)


@router.get("/{task}", responses=responses(examples.TASK, NOT_FOUND))
async def read_task(task: TaskId, user: User, served: Served, response: Response) -> outputs.Task:
    """Return a task; a deleted one has that status. Its version is the ETag, for `If-Match`."""
    return await reads.one(TASK, task, user, served, response)
