"""What a resource is: an entity type as the API shows it. ``api.models.entities`` lists all of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, create_model

from api.http.problems import NOT_FOUND, Problem
from api.models import examples
from api.models.inputs import Shape, changed, cleaned, right
from api.models.outputs import Command, etag
from domain import validation
from domain.entity import EntityType
from domain.tasks import TASK
from postgres.rows import Table

Item = TypeVar("Item")
Model = TypeVar("Model", bound=BaseModel)
Etags = Callable[[Any], tuple[str, ...]]


def of_version(item: Any) -> tuple[str, ...]:
    """Return the entity tag of what has a version."""
    return (etag(item.version),)


@dataclass(frozen=True, eq=False)
class Resource(Generic[Item, Model]):
    """An entity type as the API shows it."""

    table: Table[Item]
    noun: str
    """What people call one."""
    described: str
    """What all of them are, in a sentence."""
    ref: type[BaseModel]
    """How an answer refers to one."""
    model: type[Model]
    """How an answer shows one: the columns of its table by their public names."""
    changes: type[Shape]
    """The body of a change."""
    example: dict[str, Any]
    """One that is shown."""
    etags: Etags | None = of_version
    """The entity tags of one, that which it is sent with first; None where it has no version."""
    show_item: Callable[[Item], Model] | None = None
    """Shows one, where that is more than to name its columns."""
    made: str = "created"
    """What was done to have one."""
    done_says: str = "as it stands then; null where there is none"
    """What the answer to a command says of it."""

    @property
    def of(self) -> EntityType[Any]:
        """Its type."""
        return self.table.of

    @property
    def word(self) -> str:
        """Its name in answers."""
        return self.of.word

    @property
    def public_names(self) -> Mapping[str, str]:
        """The names of fields that people see under another than records have."""
        return {record: public for public, record in self.changes.record_names.items()}

    @property
    def parameter(self) -> str:
        """The parameter of its paths."""
        return self.word if self.of is TASK else f"{self.word}_{self.of.key}"

    def href(self, name: str) -> str:
        """Return the address of one."""
        return f"/v1/{self.of.plural}/{quote(name, safe='')}"

    def refer(self, name: str) -> BaseModel:
        """Refer to one by its name."""
        return self.ref(**{self.of.key: name, "href": self.href(name)})

    def show(self, item: Item) -> Model:
        """Show one of the views."""
        if self.show_item:
            return self.show_item(item)
        columns: dict[str, Any] = {field: getattr(item, field) for field in item.__struct_fields__}  # type: ignore[attr-defined]
        named = {self.public_names.get(field, field): value for field, value in columns.items()}
        return self.model.model_validate(named | {"href": self.href(columns[self.of.key])})

    def missing(self) -> Problem:
        """Return the problem that there is none of this name."""
        return Problem(NOT_FOUND, f"There is no such {self.noun}. If it was {self.made} a moment ago, ask again.")

    def checked(self, body: Shape, *, strict: bool) -> Any:
        """Return the fields that a body sets, in their one form. Raises ``Problem`` with everything that is wrong.

        Text is cleaned first, see ``domain.cleaning``; with ``strict`` it is refused where that would change what it
        says.
        """
        given = {name: value for name in type(body).model_fields if (value := getattr(body, name)) is not None}
        fields = self.of.settable(**{body.record_names.get(name, name): value for name, value in given.items()})
        named = changed(body) if isinstance(body, self.changes) else None
        return right(validation.check_fields(cleaned(fields, strict), self.of.checks, named))

    @cached_property
    def taken(self) -> type[BaseModel]:
        """The answer to a command whose outcome is not known yet."""
        what = f" on a {self.noun}" if self._prefix else ""
        says = f"A command{what} that the log has, before its outcome is known."
        return self._answer("Taken", says, self.ref, self.pending)

    @cached_property
    def done(self) -> type[BaseModel]:
        """The answer to a command that says what became of it."""
        says = f"A command's outcome, and the {self.noun} {self.done_says}."
        return self._answer("Done", says, self.model | None, self.accepted)

    @property
    def pending(self) -> dict[str, Any]:
        """An example of ``taken``."""
        return {"command": examples.PENDING["command"], self.word: {name: self.example[name] for name in self._ref}}

    @property
    def accepted(self) -> dict[str, Any]:
        """An example of ``done``."""
        return {"command": examples.ACCEPTED["command"], self.word: self.example}

    @property
    def _prefix(self) -> str:
        """What begins the names of the models of its answers."""
        return "" if self.of is TASK else self.word.capitalize()

    @property
    def _ref(self) -> tuple[str, str]:
        return self.of.key, "href"

    def _answer(self, name: str, says: str, member: Any, example: Mapping[str, Any]) -> type[BaseModel]:
        fields: dict[str, Any] = {"command": (Command, ...), self.word: (member, ...)}
        config = ConfigDict(json_schema_extra={"examples": [dict(example)]})
        made: type[BaseModel] = create_model(f"{self._prefix}{name}", __config__=config, __doc__=says, **fields)
        return made
