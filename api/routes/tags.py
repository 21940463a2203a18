"""Tags: their colours, and commands that rename, merge and delete them over all tasks."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Response

from api.commands import bulk_commands
from api.commands.gateway import Submitted
from api.commands.responses import Documented, take
from api.commands.services import Services
from api.http import cursors
from api.http.problems import NOT_FOUND, TOO_MUCH, FieldError, Problem, invalid
from api.http.requests import Route, User, empty, signed
from api.models import inputs, outputs
from api.models.paging import Cursor, Limit, list_responses, listed, responses
from api.models.tag import CHANGES, NAME, TAG, NewName, Tag, TagChanges
from schemas.records import Action, DeleteTag, RenameTag, TaskChange, TaskFields, UpdateTag, Within

router = APIRouter(prefix="/v1/tags", tags=["tags"], route_class=Route, dependencies=[signed])

_ANSWERS = Documented(TAG)

Name = Annotated[str, Path(description="The tag's name.")]
Changes = Annotated[TagChanges, Body(openapi_examples={"colour": {"value": CHANGES}})]
Renamed = Annotated[NewName, Body(openapi_examples={"name": {"value": NAME}})]


def _with_tag(tag: str) -> Within:
    return Within(TAG.of.subject(tag))


@router.get("", response_model=outputs.Page[Tag], responses=list_responses(TAG.example, TOO_MUCH))
async def list_tags(user: User, services: Services, limit: Limit = 50, cursor: Cursor = None) -> Response:
    """Return the tags by name: those of tasks that are not deleted, and those with a colour."""
    after = cursors.name("tags", cursor)
    async with services.views.of(user) as view:
        page = await view.tags(limit, after)
    return listed("tags", TAG.members, page)


@router.post("/{name:path}/rename", status_code=202, response_model=TAG.taken, responses=_ANSWERS.change_of_many)
async def rename_tag(name: Name, body: Renamed, submission: Submitted, services: Services) -> Response:
    """Replace a tag by another on all of its tasks; its colour is kept, unless the other tag has one.

    If tasks have the other tag already, the two are merged.
    """
    tag, to = inputs.checked_existing_tag(name), inputs.checked_new_tag(body.name, strict=submission.strict)
    if tag == to:
        raise invalid([FieldError("name", "It is its name already; give another.")])
    change = TaskChange(Action.UPDATE, (), TaskFields(), add_tags=(to,), remove_tags=(tag,))
    tasks = await bulk_commands.tagged(tag, submission.user, services)
    chunks = await bulk_commands.ahead(
        tasks, change, _with_tag(tag), submission, submission.fingerprint(body), services=services
    )
    resolved = {"bulk": chunks[0].bulk, "resolution": chunks[0].resolution}
    return await take(
        services.gateway, RenameTag(**submission.common(body), tag=tag, to=to, **resolved), submission, before=chunks
    )


@router.get("/{name:path}", responses=responses(TAG.example, NOT_FOUND))
async def read_tag(name: Name, user: User, services: Services) -> Tag:
    """Return a tag: its colour, and the number of open tasks with it."""
    tag = inputs.checked_existing_tag(name)
    async with services.views.of(user) as view:
        found = await view.entity(TAG.table, tag)
    if found is None:
        raise Problem(NOT_FOUND, "There is no such tag: no task has it, and it has no colour.")
    return TAG.show(found)


@router.patch("/{name:path}", status_code=202, response_model=TAG.taken, responses=_ANSWERS.change)
async def change_tag(name: Name, body: Changes, submission: Submitted, services: Services) -> Response:
    """Set a tag's colour, null for none. A tag without tasks may have one, too."""
    tag, fields = inputs.checked_tag(name), TAG.checked(body, strict=submission.strict)
    command = UpdateTag(**submission.common(body), tag=tag, changed=inputs.changed(body), fields=fields)
    return await take(services.gateway, command, submission)


@router.delete(
    "/{name:path}",
    status_code=202,
    response_model=TAG.taken,
    responses=_ANSWERS.command_of_many,
    dependencies=[empty],
)
async def delete_tag(name: Name, submission: Submitted, services: Services) -> Response:
    """Remove a tag from all of its tasks, and its colour. The tasks stay."""
    tag = inputs.checked_existing_tag(name)
    change = TaskChange(Action.UPDATE, (), TaskFields(), remove_tags=(tag,))
    tasks = await bulk_commands.tagged(tag, submission.user, services)
    chunks = await bulk_commands.ahead(
        tasks, change, _with_tag(tag), submission, submission.fingerprint(), services=services
    )
    resolved = {"bulk": chunks[0].bulk, "resolution": chunks[0].resolution}
    return await take(
        services.gateway, DeleteTag(**submission.common(), tag=tag, **resolved), submission, before=chunks
    )
