"""Request bodies of bulks, as pydantic shapes, and their conversion to records."""

from collections.abc import Iterator
from typing import Annotated, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, Strict

from api.http.problems import FieldError, invalid
from api.models import inputs
from api.models.formats import one_of
from domain import cleaning, times, validation
from domain.cleaning import cleaned
from domain.invalid import Invalid
from domain.query.bounds import MAX_LENGTH
from schemas import records as r

MOST_NAMED = 20_000
"""The most tasks that a bulk names: they fit into a body, and into one record batch (``bulk_commands``)."""
MOST_DAYS = 36_525
"""The most days by which a bulk moves tasks: a hundred years."""

Action = Literal["complete", "reopen", "delete", "restore", "update"]


class TaskAt(inputs.Shape):
    """A task; with a version, it is changed only if it still has this version."""

    like = '{"id": "6a1a3f5e-3b0f-5b7a-8a53-9f1f3f0f7c21"}'

    id: Annotated[UUID, Strict(False)]
    version: Annotated[int | None, Field(ge=1, lt=2**63)] = None


class NewBulk(inputs.Shape):
    """An action and its tasks: those that match a filter now, or those that are named; exactly one of the two."""

    model_config = ConfigDict(json_schema_extra=one_of("filter", "tasks"))
    like = '{"filter": "overdue", "action": "complete"}'

    filter: Annotated[str | None, Field(description="In the filter language.", min_length=1, max_length=MAX_LENGTH)] = (
        None
    )
    zone: Annotated[str, Field(description="The IANA name of the time zone of the filter's days.")] = "UTC"
    tasks: Annotated[list[TaskAt] | None, Field(max_length=MOST_NAMED)] = None
    action: Action
    changes: Annotated[inputs.Changes | None, Field(description="Of an update: the fields to set.")] = None
    add_tags: inputs.Tags | None = None
    remove_tags: inputs.Tags | None = None
    shift: Annotated[
        int | None,
        Field(ge=-MOST_DAYS, le=MOST_DAYS, description="Of an update: days by which to move start and due, if set."),
    ] = None


def change(body: NewBulk, *, strict: bool = False) -> r.TaskChange:
    """Return the change that a bulk makes to each task, its texts cleaned unless ``strict``.

    Raises ``Problem`` with all errors.
    """
    if wrong := list(_contradictions(body)):
        raise invalid(wrong)
    changes = body.changes or inputs.Changes()
    return r.TaskChange(
        action=r.Action[body.action.upper()],
        changed=inputs.changed(changes),
        fields=inputs.checked(changes, "changes.", strict=strict),
        add_tags=_tags("add_tags", body.add_tags, strict=strict),
        remove_tags=_removed(body.remove_tags, strict=strict),
        shift=body.shift,
        scope=r.Scope.UNNAMED if body.action == "update" else r.Scope.FOLLOWING,
    )


def _contradictions(body: NewBulk) -> Iterator[FieldError]:
    if (body.filter is None) == (body.tasks is None):
        yield FieldError("filter", "Give either a filter or tasks.")
    if body.zone not in times.zones():
        yield FieldError("zone", "There is no such time zone; write its IANA name exactly, such as Europe/Paris.")
    said = {name for name in ("changes", "add_tags", "remove_tags", "shift") if getattr(body, name) not in (None, [])}
    if body.action != "update":
        yield from (FieldError(name, "Only an update takes it; leave it out.") for name in sorted(said))
        return
    set_ = body.changes.model_fields_set if body.changes else set()
    if not (said - {"changes"} or set_):
        yield FieldError("changes", "Say what to change: here, or by add_tags, remove_tags or shift.")
    if "shift" in said and set_ & {"due", "start"}:
        yield FieldError("shift", "Either move the tasks by days, or set their due and start.")
    if {"add_tags", "remove_tags"} & said and "tags" in set_:
        yield FieldError("changes.tags", "Either set all tags, or add and remove some.")


def _tags(name: str, tags: list[str] | None, *, strict: bool) -> tuple[str, ...]:
    fields = r.TaskFields(tags=tuple(tags or ()))
    checked = validation.check(fields if strict else cleaned(fields), ("tags",))
    if checked.problems:
        raise invalid([FieldError(each.field.replace("tags", name, 1), each.detail) for each in checked.problems])
    return checked.fields.tags


def _removed(tags: list[str] | None, *, strict: bool) -> tuple[str, ...]:
    """Return the tags to remove, in every form that tasks may have; some could not be added any more."""
    named = [_forms(f"remove_tags.{place}", tag, strict=strict) for place, tag in enumerate(tags or ())]
    if len(named) > validation.MAX_TAGS:
        raise invalid([FieldError("remove_tags", f"A bulk removes at most {validation.MAX_TAGS} tags.")])
    return tuple(sorted(set().union(*named)))


def _forms(field: str, tag: str, *, strict: bool) -> set[str]:
    """Return the forms of a tag that tasks may have: as it was sent and, unless ``strict``, cleaned."""
    found, problems = set[str](), list[FieldError]()
    for form in {tag} if strict else {tag, cleaning.tag(tag)}:
        try:
            found.add(validation.existing_tag(field, form))
        except Invalid as problem:
            problems.append(FieldError(problem.field, problem.detail))
    if not found:
        raise invalid(problems[:1])
    return found
