"""What a command is about, as its answer names it: ``task``, ``list`` …, as a reference or as it stands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from api.commands.command_log import Single
from api.models import outputs
from postgres import reader as views
from schemas import entity_subjects
from schemas.records import (
    CreateFilter,
    CreateList,
    DeleteFilter,
    DeleteList,
    DeleteTag,
    RenameTag,
    RestoreFilter,
    RestoreList,
    UpdateFilter,
    UpdateList,
    UpdateTag,
)


@dataclass(frozen=True)
class Kind:
    """A kind of thing. ``member`` is its name in answers; ``ref`` refers to one by its id; ``shown`` shows one."""

    member: str
    href: Callable[[str], str]
    ref: Callable[[str], BaseModel]
    shown: Callable[[Any], BaseModel]


TASK = Kind("task", outputs.task_href, outputs.TaskRef.of, outputs.Task.of)
FILTER = Kind("filter", outputs.filter_href, outputs.FilterRef.of, outputs.SavedFilter.of)
LIST = Kind("list", outputs.list_href, outputs.ListRef.of, outputs.List.of)
TAG = Kind("tag", outputs.tag_href, outputs.TagRef.of, outputs.Tag.of)
_KINDS = {entity_subjects.LIST: LIST, entity_subjects.FILTER: FILTER, entity_subjects.TAG: TAG}


@dataclass(frozen=True)
class Subject:
    """A thing by its kind, and its id."""

    kind: Kind
    name: str

    @property
    def href(self) -> str:
        """Its address."""
        return self.kind.href(self.name)

    @property
    def ref(self) -> dict[str, BaseModel]:
        """Refer to it, as the member of an answer."""
        return {self.kind.member: self.kind.ref(self.name)}

    def shown(self, thing: object | None) -> dict[str, BaseModel | None]:
        """Show it as it stands, None where there is none, as the member of an answer."""
        return {self.kind.member: None if thing is None else self.kind.shown(thing)}


def of_command(command: Single) -> Subject:
    """Return what a command is about."""
    match command:
        case CreateList() | UpdateList() | DeleteList() | RestoreList():
            return Subject(LIST, command.list)
        case CreateFilter() | UpdateFilter() | DeleteFilter() | RestoreFilter():
            return Subject(FILTER, command.filter)
        case UpdateTag() | DeleteTag():
            return Subject(TAG, command.tag)
        case RenameTag():
            return Subject(TAG, command.to)
        case _:
            return Subject(TASK, command.task)


def of_outcome(outcome: views.Outcome) -> Subject | None:
    """Return what a command was about; None of a bulk's."""
    if outcome.task is not None:
        return Subject(TASK, outcome.task)
    if outcome.subject is None:
        return None
    kind, name = entity_subjects.split(outcome.subject)
    return Subject(_KINDS[kind], name)


def known(command: outputs.Command, subject: Subject | None) -> outputs.Known:
    """Show a command by its address, with what it is about."""
    return outputs.Known.model_validate({**command.model_dump(), **(subject.ref if subject else {})})
