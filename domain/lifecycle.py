"""The lifecycle of entities with commands to create, update, delete and restore them: lists, filters.

Such an entity is absent, existing or deleted; a deleted one can be restored unchanged for 30 days, and is then absent
again. Names need not be unique. ``table`` is the whole state machine: the transition for every command and state.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum, auto
from functools import cache
from typing import Any, TypeVar

from msgspec.structs import asdict, replace

from domain import decision
from domain.decision import About, Decision
from domain.entity import EntityType, State, differing
from domain.rejections import Code

Record = TypeVar("Record")
Checks = Mapping[str, Callable[[Any], Any]]
Refusal = tuple[Code, str]
"""Code and detail of a rejection."""


class Transition(StrEnum):
    """The effect of a command on an entity in some state."""

    CREATE = auto()
    UPDATE = auto()  # the fields that differ, if any
    DELETE = auto()
    RESTORE = auto()
    NOTHING = auto()  # nothing to do
    NOT_FOUND = auto()
    GONE = auto()  # deleted


_A = Transition
_ABSENT, _STANDING, _DELETED = None, False, True
Refuse = Callable[[Any, Any, Transition], Refusal | None]
"""Returns why a command is rejected, or None, from a user's state, the command and its transition."""
Table = Mapping[type[Any], Mapping[bool | None, Transition]]


def entity_type(
    word: str,
    record: type[Record],
    *,
    commands: tuple[type[Any], ...],
    events: tuple[type[Any], ...],
    checks: Checks,
    refuse: Refuse = lambda *_: None,
) -> EntityType[Record]:
    """Return an entity type with this lifecycle.

    ``commands`` create, update, delete and restore an entity; ``events`` are theirs and, as the fifth, the purge.
    ``refuse`` may reject a command that the state allows.
    """
    create, update, delete, restore = commands
    of = EntityType(
        word=word,
        plural=f"{word}s",
        record=record,
        commands=commands,
        events=events,
        decide=lambda state, command: decide(of, state, command, refuse),
        create=create,
        update=update,
        delete=delete,
        restore=restore,
        purged=events[-1],
        checks=checks,
    )
    return of


@cache
def table(of: EntityType[Any]) -> Table:
    """Return the transition of every command on an absent (None), existing (False) or deleted (True) entity."""
    create, update, delete, restore = of.commands
    # fmt: off
    return {
        create:  {_ABSENT: _A.CREATE,    _STANDING: _A.NOTHING, _DELETED: _A.NOTHING},
        update:  {_ABSENT: _A.NOT_FOUND, _STANDING: _A.UPDATE,  _DELETED: _A.GONE},
        delete:  {_ABSENT: _A.NOT_FOUND, _STANDING: _A.DELETE,  _DELETED: _A.NOTHING},
        restore: {_ABSENT: _A.NOT_FOUND, _STANDING: _A.NOTHING, _DELETED: _A.RESTORE},
    }
    # fmt: on


def decide(of: EntityType[Any], state: State, command: Any, refuse: Refuse) -> Decision[Any]:
    """Return the events of a command, none or one, and its outcome; ``refuse`` may reject a transition."""
    found = state.get(of, of.about(command))
    answer = table(of)[type(command)][found.deleted if found else None]
    if refusal := _refusal(of, found, command, answer) or refuse(state, command, answer):
        return decision.rejected(command, _about(of, command, found), *refusal)
    after = _applied(of, found, command, answer)
    if after is None or after == found:
        return decision.nothing(command, _about(of, command, found))
    after = replace(after, changed_at=command.at, version=found.version + 1 if found else 1)
    return decision.accepted(command, _about(of, command, after), _event(of, command, found, after))


def _refusal(of: EntityType[Any], found: Any, command: Any, answer: Transition) -> Refusal | None:
    if answer is Transition.NOT_FOUND:
        return Code.NOT_FOUND, f"There is no such {of.word}."
    if answer is Transition.GONE:
        return Code.DELETED, f"The {of.word} was deleted."
    if found and getattr(command, "expected", None) not in (None, found.version):
        return Code.VERSION, f"The {of.word} has changed: its version is {found.version} by now."
    return None


def _applied(of: EntityType[Any], found: Any, command: Any, answer: Transition) -> Any:
    """Return the entity after the transition, unchanged or None if there is nothing to do."""
    match answer:
        case Transition.CREATE:
            bookkeeping = {"user": command.user, "created_at": command.at, "changed_at": command.at}
            return of.record(id=of.about(command), **bookkeeping, **asdict(command.fields))
        case Transition.UPDATE:
            return replace(found, **{name: getattr(command.fields, name) for name in command.changed})
        case Transition.DELETE | Transition.RESTORE:
            return replace(found, deleted=answer is Transition.DELETE)
    return found


def _event(of: EntityType[Any], command: Any, before: Any, after: Any) -> Any:
    created, updated, deleted, restored, _ = of.events
    if before is None:
        return of.event(created, command, after)
    if after.deleted != before.deleted:
        return of.event(deleted if after.deleted else restored, command, after)
    return of.event(updated, command, after, changed=differing(before, after))


def _about(of: EntityType[Any], command: Any, found: Any) -> About:
    return About(subject=of.subject(of.about(command)), version=found.version if found else None)
