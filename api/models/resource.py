"""A resource: the API's representation of an entity type. ``api.models.entities`` lists all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, create_model

from api.http.problems import NOT_FOUND, Problem
from api.models import examples
from api.models.inputs import Shape, changed, cleaned, valid
from api.models.outputs import Command, etag
from domain import validation
from domain.entity import EntityType
from domain.tasks import TASK
from postgres.rows import Table

Item = TypeVar("Item")
Model = TypeVar("Model", bound=BaseModel)
Etags = Callable[[Any], tuple[str, ...]]


def of_version(item: Any) -> tuple[str, ...]:
    """Return the entity tag of an entity with a version."""
    return (etag(item.version),)


@dataclass(frozen=True, eq=False)
class Resource(Generic[Item, Model]):
    """The API's representation of an entity type."""

    table: Table[Item]
    noun: str
    """The name of one in sentences."""
    described: str
    """The description of its tag in the OpenAPI document."""
    ref: type[BaseModel]
    """The model of a reference to one."""
    model: type[Model]
    """The model of one: the columns of its table by their public names."""
    changes: type[Shape]
    """The body of a change."""
    example: dict[str, Any]
    """An example of the model."""
    etags: Etags | None = of_version
    """Returns the entity tags of one, the one in its header first; None for a resource without versions."""
    members_of: Callable[[Item], dict[str, Any]] | None = None
    """Returns the members of the model, where that takes more than renaming the columns."""
    made: str = "created"
    """The verb for creating one."""
    done_says: str = "after it; null where there is none"
    """The end of the description of the answer to a command."""

    @property
    def of(self) -> EntityType[Any]:
        """Its entity type."""
        return self.table.of

    @property
    def word(self) -> str:
        """Its name in responses."""
        return self.of.word

    @property
    def public_names(self) -> Mapping[str, str]:
        """The public names of fields whose names in records differ."""
        return {record: public for public, record in self.changes.record_names.items()}

    @property
    def parameter(self) -> str:
        """The name of its path parameter."""
        return self.word if self.of is TASK else f"{self.word}_{self.of.key}"

    def href(self, name: str) -> str:
        """Return the address of one; of a user's only one, that of all."""
        if self.of.key == "user":
            return f"/v1/{self.of.plural}"
        return f"/v1/{self.of.plural}/{quote(name, safe='')}"

    def refer(self, name: str) -> BaseModel:
        """Return the reference to one."""
        return self.ref(**{self.of.key: name, "href": self.href(name)})

    def show(self, item: Item) -> Model:
        """Return the model of one of the views."""
        return self.model.model_validate(self.members(item))

    def members(self, item: Item) -> dict[str, Any]:
        """Return the members of the model of one of the views, in its order: JSON but for times."""
        if self.members_of:
            return self.members_of(item)
        href = {"href": self.href(getattr(item, self.of.key))}
        return {name: href.get(name) or getattr(item, column) for name, column in self._columns}

    @cached_property
    def _columns(self) -> tuple[tuple[str, str], ...]:
        """The members of the model, each with the column it is in."""
        return tuple((name, self.changes.record_names.get(name, name)) for name in self.model.model_fields)

    def missing(self) -> Problem:
        """Return the problem that the requested one does not exist."""
        return Problem(NOT_FOUND, f"There is no such {self.noun}. If it was {self.made} a moment ago, ask again.")

    def checked(self, body: Shape, *, strict: bool) -> Any:
        """Return the fields that a body sets, in canonical form. Raises ``Problem`` with all errors.

        Text is cleaned first, see ``domain.cleaning``; with ``strict``, text that cleaning would change is refused.
        """
        given = {name: value for name in type(body).model_fields if (value := getattr(body, name)) is not None}
        fields = self.of.settable(**{body.record_names.get(name, name): value for name, value in given.items()})
        named = changed(body) if isinstance(body, self.changes) else None
        return valid(validation.check_fields(cleaned(fields, strict), self.of.checks, named))

    @cached_property
    def taken(self) -> type[BaseModel]:
        """The answer to a command whose outcome is not known yet."""
        what = f" on a {self.noun}" if self._prefix else ""
        says = f"A command{what} that is on the log, before its outcome is known."
        return self._answer("Taken", says, self.ref, self.pending)

    @cached_property
    def done(self) -> type[BaseModel]:
        """The answer to a command with its outcome."""
        says = f"A command's outcome, and the {self.noun} {self.done_says}."
        return self._answer("Done", says, self.model | None, self.accepted)

    @property
    def pending(self) -> dict[str, Any]:
        """An example of ``taken``."""
        return {"command": examples.PENDING, self.word: {name: self.example[name] for name in self._ref}}

    @property
    def accepted(self) -> dict[str, Any]:
        """An example of ``done``."""
        return {"command": examples.ACCEPTED, self.word: self.example}

    @property
    def _prefix(self) -> str:
        """The prefix of the names of its answers' models."""
        return "" if self.of is TASK else self.word.capitalize()

    @property
    def _ref(self) -> tuple[str, str]:
        return self.of.key, "href"

    def _answer(self, name: str, says: str, member: Any, example: Mapping[str, Any]) -> type[BaseModel]:
        fields: dict[str, Any] = {"command": (Command, ...), self.word: (member, ...)}
        config = ConfigDict(json_schema_extra={"examples": [dict(example)]})
        made: type[BaseModel] = create_model(f"{self._prefix}{name}", __config__=config, __doc__=says, **fields)
        return made
