"""All resources, and the entity that a command, an outcome or an audit entry refers to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from pydantic import BaseModel, create_model

from api.models import examples, inputs
from api.models.filter import FILTER
from api.models.formats import Id
from api.models.list import LIST
from api.models.outputs import Task, TaskRef, task_members
from api.models.resource import Resource
from api.models.tag import TAG
from api.models.target import TARGET
from api.models.user_settings import SETTINGS
from domain import entities
from postgres.rows import TASKS
from schemas import entity_subjects

TASK = Resource(
    TASKS,
    noun="task",
    described="Tasks: commands, reads and searches.",
    ref=TaskRef,
    model=Task,
    changes=inputs.Changes,
    example=examples.TASK,
    members_of=task_members,
)
RESOURCES: tuple[Resource[Any, Any], ...] = (TASK, LIST, FILTER, TAG, TARGET, SETTINGS)
BY_WORD: Mapping[str, Resource[Any, Any]] = {one.word: one for one in RESOURCES}


_REFS: dict[str, Any] = {one.word: (one.ref | None, None) for one in RESOURCES}
_NAMES: dict[str, Any] = {one.word: ((Id if one.of.key == "id" else str) | None, ...) for one in RESOURCES}
Refs: Any = create_model("Refs", **_REFS)
"""The entity that a response refers to: all members but one are null."""
Names: Any = create_model("Names", **_NAMES)
"""The entity that an audit entry refers to: all members but one are null."""


@dataclass(frozen=True)
class Subject:
    """An entity by its resource and its name."""

    resource: Resource[Any, Any]
    name: str

    @classmethod
    def of(cls, task: str | None, subject: str | None) -> Self | None:
        """Return the entity that a record names by a task's id, or as a subject; None for neither."""
        if task is not None:
            return cls(TASK, task)
        if subject is None:
            return None
        word, name = entity_subjects.split(subject)
        return cls(BY_WORD[word], name)

    @classmethod
    def of_command(cls, command: entities.Command) -> Self:
        """Return the entity of a command."""
        of = entities.of(command)
        return cls(BY_WORD[of.word], of.about(command))

    @property
    def href(self) -> str:
        """Its address."""
        return self.resource.href(self.name)

    @property
    def ref(self) -> dict[str, BaseModel]:
        """A reference to it, as a member of a response."""
        return {self.resource.word: self.resource.refer(self.name)}

    @property
    def reference(self) -> dict[str, dict[str, str]]:
        """``ref`` as JSON has it."""
        return {self.resource.word: {self.resource.of.key: self.name, "href": self.href}}

    def show(self, item: object | None) -> dict[str, BaseModel | None]:
        """Return ``item``, its current state or None, as a member of a response."""
        return {self.resource.word: None if item is None else self.resource.show(item)}

    def field(self, name: str | None) -> str | None:
        """Return the public name of a field of its record, None for None."""
        return name and self.resource.public_names.get(name, name)
