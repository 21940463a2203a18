"""Tasks: commands that create, change, move, complete, reopen, delete and restore them; reads of one."""

from typing import Annotated, Any, Literal

from fastapi import Body, Depends, Query, Response
from msgspec.structs import replace

from api.commands import bulk_commands, placement
from api.commands.gateway import Expected, Submission, Submitted
from api.commands.responses import take
from api.commands.services import Services
from api.entity_routes import EntityRoutes
from api.http.problems import NOT_FOUND, FieldError, invalid
from api.http.requests import User, empty
from api.models import effort, examples, inputs, outputs, snooze
from api.models.entities import TASK
from api.models.paging import InLanguage, TaskId, responses
from domain.invalid import Conflict, Invalid
from domain.recurrence import upcoming
from schemas import entity_subjects, ids
from schemas import records as r

routes = EntityRoutes(TASK)
router = routes.router

_SCOPED = (
    "Of a series, the occurrences to change: `this` one, this and the `following`, or `all`, counted from the first. "
    "Without it, a moved `due` or `start` is this one's, and the following ones get everything else, too."
)
_Scope = Literal["this", "following", "all"]
_DELETES = (
    "Of a series' open occurrence: `this` leaves it out, and the next one opens; `following`, the default, ends the "
    "series; `all` first deletes all other occurrences, closed ones, too."
)
_SUBTASKS = "`delete` also deletes the sub-tasks, at all levels."
_DELETED = r.TaskChange(r.Action.DELETE, (), r.TaskFields())

NewTask = Annotated[inputs.NewTask, Body(openapi_examples={"recurring": {"value": examples.NEW_TASK}})]
_MOVES = {"before": {"value": examples.MOVE}, "top": {"value": examples.MOVE_TO_TOP}}
Move = Annotated[inputs.Move, Body(openapi_examples=_MOVES)]
_CHANGES = {"change": {"value": examples.CHANGES}, "postpone": {"value": examples.POSTPONED}}
Changes = Annotated[inputs.Changes, Body(openapi_examples=_CHANGES)]


Snooze = Annotated[snooze.Snooze, Body(openapi_examples=snooze.EXAMPLES)]


async def _occurrence(
    occurrence: Annotated[
        str | None,
        Query(
            max_length=40,
            description="Of a series, by its local day or time, an occurrence that is yet to come, to which the "
            "command applies. The task is the open occurrence.",
            examples=["2026-12-08T09:00"],
        ),
    ] = None,
) -> str | None:
    return inputs.checked_key("occurrence", occurrence)


Occurrence = Annotated[str | None, Depends(_occurrence)]
"""The local key of the occurrence that a command is about; None: the task itself."""


def _saying(submission: Submission, **query: str | None) -> Submission:
    """Return a submission with the query parameters that it has."""
    return submission.asking(**{name: one for name, one in query.items() if one})


def _command(verb: str, command: type[Any], description: str) -> None:
    """Add a command without a body, on a task or an occurrence that is yet to come."""

    @router.post(
        f"/{{task}}/{verb}",
        name=f"{verb}_task",
        description=description,
        status_code=202,
        response_model=TASK.taken,
        responses=routes.answers.command,
        dependencies=[empty],
    )
    async def route(
        *, task: TaskId, submission: Submitted, expected: Expected, services: Services, occurrence: Occurrence
    ) -> Response:
        said = _saying(submission, occurrence=occurrence)
        asked = command(**said.changing(expected), task=str(task), occurrence=occurrence)
        return await take(services.gateway, asked, said)


async def _checked(body: inputs.NewTask | inputs.Changes, submission: Submission, services: Services) -> r.TaskFields:
    short = effort.is_short(body)
    return await services.long_work.run_unless(short, submission.user, inputs.checked, body, strict=submission.strict)


@router.post("", status_code=202, response_model=TASK.taken, responses=routes.answers.create)
async def create_task(body: NewTask, submission: Submitted, services: Services) -> Response:
    """Create a task. Its id is derived from the command's, so it is known before the task exists."""
    fields = await _checked(body, submission, services)
    command = r.CreateTask(**submission.common(body), task=ids.task(submission.command), fields=fields)
    return await take(services.gateway, command, submission)


@router.patch("/{task}", status_code=202, response_model=TASK.taken, responses=routes.answers.change)
async def change_task(
    *,
    task: TaskId,
    body: Changes,
    submission: Submitted,
    expected: Expected,
    services: Services,
    occurrence: Occurrence,
    scope: Annotated[_Scope | None, Query(description=_SCOPED)] = None,
) -> Response:
    """Set the fields in the body (RFC 7396): an absent field is unchanged, null clears one.

    So for the members of `due` and `start`: a date alone keeps time and zone.
    """
    fields = await _checked(body, submission, services)
    said = _saying(submission, scope=scope, occurrence=occurrence)
    command = r.UpdateTask(
        **said.changing(expected, body),
        task=str(task),
        changed=inputs.changed(body),
        fields=fields,
        scope=r.Scope[(scope or "unnamed").upper()],
        occurrence=occurrence,
    )
    return await take(services.gateway, command, said)


@router.post("/{task}/move", status_code=202, response_model=TASK.taken, responses=routes.answers.change)
async def move_task(
    task: TaskId, body: Move, submission: Submitted, expected: Expected, services: Services
) -> Response:
    """Move a task in the custom order: directly before or after another, to the top or to the bottom.

    Its new `order` is computed from the current ones of the open tasks beside that place.
    """
    command = r.UpdateTask(
        **submission.changing(expected, body), task=str(task), changed=("rank",), fields=r.TaskFields()
    )
    if not await services.gateway.known(submission, command.fingerprint):  # its neighbours may have changed since
        rank = await placement.rank(body, str(task), submission.user, services)
        command = replace(command, fields=r.TaskFields(rank=rank))
    return await take(services.gateway, command, submission)


_command(
    "complete",
    r.CompleteTask,
    "Complete a task. If it recurs, its next occurrence is created. Completing it again does nothing.",
)
_command(
    "skip",
    r.SkipTask,
    "Skip an occurrence of a series: it is closed without being done, and the next one is created.",
)


@router.post("/{task}/snooze", status_code=202, response_model=TASK.taken, responses=routes.answers.change)
async def snooze_task(
    task: TaskId, body: Snooze, submission: Submitted, expected: Expected, services: Services
) -> Response:
    """Snooze an open task: remind of it once more then, and repeat none of its reminders before.

    It replaces an earlier snooze, and ends when the task is closed. Of a series, it is this occurrence's.
    """
    command = r.SnoozeTask(**submission.changing(expected, body), task=str(task), **snooze.fields(body))
    return await take(services.gateway, command, submission)


routes.command("unsnooze", r.SnoozeTask, "Snooze a task no more: its other reminders come as they would.")
_command(
    "reopen",
    r.ReopenTask,
    "Reopen a completed or skipped task. Of a series, it takes the place of the next occurrence if that was not "
    "changed; else it becomes a task of its own. With `occurrence`, takes back all that was decided about that one.",
)
routes.command("restore", r.RestoreTask, "Restore a deleted task, open or completed as it was.")


async def _check_to_come(task: str, occurrence: str, user: str, services: Services) -> None:
    """Raise ``Problem`` unless a task is open in a series that has yet to come to an occurrence."""
    async with services.views.of(user) as view:
        found = await view.task(task)
    if found is None or (found.occurrence or "").startswith(occurrence):
        return
    try:
        if found.recurrence is None or found.status is not r.Status.OPEN:
            raise Conflict("occurrence", "The task is no open occurrence of a series; leave occurrence out.")
        await services.long_work.run(user, upcoming.find, found.recurrence, found.occurrence or "", occurrence)
    except Invalid as problem:
        raise invalid([FieldError(problem.field, problem.detail)]) from problem


@router.delete(
    "/{task}",
    status_code=202,
    response_model=TASK.taken,
    responses=routes.answers.command_of_many,
    dependencies=[empty],
)
async def delete_task(
    *,
    task: TaskId,
    submission: Submitted,
    expected: Expected,
    services: Services,
    occurrence: Occurrence,
    scope: Annotated[_Scope | None, Query(description=_DELETES)] = None,
    subtasks: Annotated[Literal["delete"] | None, Query(description=_SUBTASKS)] = None,
) -> Response:
    """Delete a task. It can be restored for 30 days; its history stays.

    Its sub-tasks stay, unless `subtasks` deletes them first. What is added meanwhile stays.
    """
    if occurrence is not None and scope == "all":
        await _check_to_come(str(task), occurrence, submission.user, services)
    said = _saying(submission, scope=scope, subtasks=subtasks, occurrence=occurrence)
    command = r.DeleteTask(
        **said.changing(expected),
        task=str(task),
        scope=r.Scope[(scope or "following").upper()],
        occurrence=occurrence,
    )
    if scope != "all" and (occurrence is not None or subtasks is None):  # one that is yet to come has no sub-tasks
        return await take(services.gateway, command, said)
    name, user, deep = command.task, said.user, subtasks is not None
    if scope == "all":
        items = await bulk_commands.of_series(name, expected, user, services, subtasks=deep)
        within = r.Within(entity_subjects.of(entity_subjects.SERIES, name), expected)
    else:
        items = await bulk_commands.below(name, expected, user, services)
        within = r.Within(TASK.of.subject(name), expected)
    ahead = await bulk_commands.ahead(items, _DELETED, within, said, command.fingerprint, services=services)
    return await take(services.gateway, command, said, ahead)


@router.get("/{task}", response_model=outputs.ReadTask, responses=responses(examples.READ, NOT_FOUND))
async def read_task(
    task: TaskId, user: User, services: Services, response: Response, language: InLanguage = "en"
) -> Any:
    """Return a task, with its rule in words; a deleted one has that status.

    Its version is the ETag, for `If-Match`.
    """
    async with services.views.of(user) as view:
        found = await view.task(str(task))
    if found is None:
        raise TASK.missing()
    response.headers["ETag"] = outputs.etag(found.version)
    return outputs.ReadTask.model_validate(outputs.read_members(found, language))
