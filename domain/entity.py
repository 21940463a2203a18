"""The descriptor of an entity type: stores, decisions, projections and answers are keyed by it.

An entity is changed by users' commands: a task, a list, a saved filter, a tag, a user's settings. Its type names its
record, commands and events, its decision function, and its purge event. ``entities`` lists all types.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar, get_type_hints

from domain.decision import Decision, OutOfOrder
from schemas import entity_subjects, ids
from schemas.records import Series, Settings, Task

Record = TypeVar("Record")
Found = TypeVar("Found")

BOOKKEEPING = frozenset({"id", "user", "changed_at", "version"})
"""The fields of a record that its audit entry has anyway."""
_BESIDE = {"changed_at", "version", "carried_from"}
"""The fields that an event sets beside what it changes."""


@dataclass(frozen=True, eq=False)
class EntityType(Generic[Record]):
    """An entity type."""

    word: str
    """Its name in commands, events, answers and subjects, and that of their field that holds it."""
    plural: str
    """The name of its tables."""
    record: type[Record]
    commands: tuple[type[Any], ...]
    events: tuple[type[Any], ...]
    decide: Callable[[Any, Any], Decision[Any]] = field(repr=False)
    """Return the events and the outcome of a command, from a user's state and the command."""
    create: type[Any] | None
    """The command that creates one, by the first of ``events``; None if ``update`` is enough."""
    update: type[Any]
    """The command that sets its fields."""
    delete: type[Any] | None = None
    restore: type[Any] | None = None
    purged: type[Any] | None = None
    """The event that purges it 30 days after its deletion, None if it is never deleted."""
    key: str = "id"
    """The field that identifies it among its user's of the type; ``user`` if a user has exactly one."""
    is_deleted: Callable[[Record], bool] = attrgetter("deleted")
    unaudited: frozenset[str] = BOOKKEEPING
    """The fields whose changes the audit trail does not record."""
    checks: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict, repr=False)
    """The functions that validate and normalize fields set by users, by field (see ``validation``)."""
    named_by: Callable[[Any], str] | None = field(default=None, repr=False)
    """The function that returns the name of a command's entity; None: the command's field of the type's word."""

    def name(self, entity: Record) -> str:
        """Return what identifies an entity."""
        name: str = self._key(entity)
        return name

    def subject(self, name: str) -> str:
        """Return the subject, in records, of the entity with this name."""
        return entity_subjects.of(self.word, name)

    def about(self, command: Any) -> str:
        """Return the name of a command's entity."""
        name: str = self._field(command) if self.named_by is None else self.named_by(command)
        return name

    def naming(self, name: str) -> dict[str, str]:
        """Return the field by which a command names its entity; none if a user has exactly one."""
        return {} if self.key == "user" else {self.word: name}

    def after(self, event: Any) -> Record:
        """Return the entity after an event."""
        after: Record = self._field(event)
        return after

    def evolve(self, before: Record | None, event: Any) -> Record | None:
        """Return the entity after an event, None if it was purged.

        Raises ``OutOfOrder`` if the event is not the entity's next one.
        """
        after: Any = self._field(event)
        expected = before.version + 1 if before else 1  # type: ignore[attr-defined]  # every record has one
        if after.version != expected:
            name = f"{self.word.capitalize()} {self._key(after)}"
            raise OutOfOrder(f"{name}: version {expected} was expected, not {after.version}.")
        return None if type(event) is self.purged else after

    def event(
        self, kind: type[Any], source: Any, after: Record, number: int = 0, *, actor: str | None = None, **more: Any
    ) -> Any:
        """Return the event of a command, or a notice, after which an entity is ``after``.

        ``number`` counts the events of the same ``source``. A notice has no ``actor``, so it must be passed. ``more``
        are fields that only this type of event has.
        """
        return kind(
            id=ids.event(source.id, number),
            user=source.user,
            at=source.at,
            actor=actor or source.actor,
            command=source.id,
            cause=getattr(source, "cause", None),
            **{self.word: after},
            **more,
        )

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The fields whose changes the audit trail records, in the record's order."""
        names: tuple[str, ...] = self.record.__struct_fields__  # type: ignore[attr-defined]  # a msgspec struct
        return tuple(name for name in names if name not in self.unaudited)

    @cached_property
    def audited(self) -> Callable[[Record], tuple[Any, ...]]:
        """Returns the values of ``fields``."""
        values = attrgetter(*self.fields)
        return values if len(self.fields) > 1 else lambda entity: (values(entity),)

    @cached_property
    def settable(self) -> type[Any]:
        """The struct of the fields that commands set."""
        struct: type[Any] = get_type_hints(self.update)["fields"]
        return struct

    @cached_property
    def _key(self) -> Callable[[Any], Any]:
        return attrgetter(self.key)

    @cached_property
    def _field(self) -> Callable[[Any], Any]:
        return attrgetter(self.word)


def differing(before: Any, after: Any) -> tuple[str, ...]:
    """Return the fields of an entity whose values differ, in the record's order, except what is set beside others."""
    names = (name for name in after.__struct_fields__ if name not in _BESIDE)
    return tuple(name for name in names if getattr(before, name) != getattr(after, name))


class State(Protocol):
    """A user's state as decisions read it, loaded lazily."""

    @property
    def version(self) -> str:
        """The decision version."""

    def get(self, of: EntityType[Found], name: str, /) -> Found | None:
        """Return the entity of a type with a name, None if the user has none."""

    def task(self, task_id: str, /) -> Task | None:
        """Return the task of this id."""

    def series(self, series_id: str, /) -> Series | None:
        """Return the current occurrence of the series of this id."""

    def settings(self) -> Settings:
        """Return the user's settings, the defaults in version 0 if none was ever set."""

    def size(self, list_id: str, /) -> int:
        """Return the number of tasks on a list: open and completed ones."""

    def subtasks(self, task_id: str, limit: int, /) -> list[str]:
        """Return the ids of the first ``limit`` subtasks of a task, in order, without those that are deleted."""

    def changed_by(self, bulk: str, /) -> int:
        """Return the number of tasks that a bulk has changed so far."""
