"""Tags: what each command means for what a tag has of its own, its colour.

Tasks bear tags by their names. A tag is there while a task bears it or it has a colour. So any name may be given a
colour, and a tag that has lost it and whose tasks have gone is there no more. To rename a tag is to change all tasks
that bear it, which the chunks of a bulk do, and then to give its colour to the other name, unless that has one already:
so two tags become one. Deleting works alike. Either is accepted where the bulk changed a task, also if no colour did.

Such a bulk is resolved before it is decided. A task that gets the old name at the same time keeps it; a deleted task
does, too, and has it if it is restored.
"""

from collections.abc import Mapping
from enum import StrEnum, auto
from typing import Protocol, get_args

from msgspec.structs import replace

from domain import decision, validation
from domain.decision import About, Decision
from domain.entity import BOOKKEEPING, EntityType
from domain.rejections import Code
from schemas.records import CommandOutcome, DeleteTag, RenameTag, Tag, TagUpdated, UpdateTag

Command = UpdateTag | RenameTag | DeleteTag
Event = TagUpdated


class Transition(StrEnum):
    """What a command does to a tag in some state."""

    UPDATE = auto()  # the fields that really differ, if any
    GIVE = auto()  # to the other name
    EMPTY = auto()
    NOTHING = auto()  # it is so already


_A = Transition
_PLAIN, _COLOURED = False, True

# fmt: off
TABLE: Mapping[type[Command], Mapping[bool, Transition]] = {
    UpdateTag: {_PLAIN: _A.UPDATE,  _COLOURED: _A.UPDATE},
    RenameTag: {_PLAIN: _A.NOTHING, _COLOURED: _A.GIVE},
    DeleteTag: {_PLAIN: _A.NOTHING, _COLOURED: _A.EMPTY},
}
# fmt: on
"""The answer to every command for a tag that has a colour (True) or not."""


class State(Protocol):
    """A user's tags by name, read lazily."""

    def tag(self, name: str, /) -> Tag | None:
        """Return what a tag has, or had, of its own."""

    def changed_by(self, bulk: str, /) -> int:
        """Return how many tasks a bulk has changed so far."""


def decide(state: State, command: Command) -> Decision[Event]:
    """Return the events that a command leads to, one for each tag that it changes, and its outcome."""
    changed = [
        replace(after, changed_at=command.at, version=before.version + 1)
        for before, after in _applied(state, command)
        if after != before
    ]
    versions = {after.name: after.version for after in changed}
    about = _about(command, versions.get(_name(command)) or _tag(state, command, _name(command)).version or None)
    if not changed and (isinstance(command, UpdateTag) or not state.changed_by(command.bulk)):
        return decision.nothing(command, about)
    events = (TAG.event(TagUpdated, command, tag, number) for number, tag in enumerate(changed))
    return decision.accepted(command, about, *events)


def superseded(command: RenameTag | DeleteTag) -> CommandOutcome:
    """Return the outcome of a command whose bulk was begun on other tasks."""
    detail = "It was begun on other tasks, or in other versions; send it again under a new key."
    return decision.rejected(command, _about(command, None), Code.RESOLUTION, detail).outcome


def _name(command: Command) -> str:
    """Return the tag that a command is about: of a renamed one, its new name."""
    return command.to if isinstance(command, RenameTag) else command.tag


TAG = EntityType(
    word="tag",
    plural="tags",
    record=Tag,
    commands=get_args(Command),
    events=(TagUpdated,),
    decide=decide,
    create=None,
    update=UpdateTag,
    key="name",
    is_deleted=lambda _: False,
    untold=BOOKKEEPING | {"name", "created_at"},
    checks={"colour": validation.colour},
    named_by=_name,
)


def _applied(state: State, command: Command) -> list[tuple[Tag, Tag]]:
    """Return the tags that a command may change: each as it is, and as the answer leaves it."""
    found = _tag(state, command, command.tag)
    match TABLE[type(command)][found.colour is not None], command:
        case Transition.UPDATE, UpdateTag() as update:
            return [(found, replace(found, **{name: getattr(update.fields, name) for name in update.changed}))]
        case Transition.GIVE, RenameTag() as rename if rename.to != rename.tag:
            other = _tag(state, command, rename.to)
            given = replace(other, colour=other.colour or found.colour)
            return [(found, replace(found, colour=None)), (other, given)]
        case Transition.EMPTY, _:
            return [(found, replace(found, colour=None))]
    return []


def _tag(state: State, command: Command, name: str) -> Tag:
    """Return a tag as it stands, version 0 where it never had anything of its own."""
    return state.tag(name) or Tag(command.user, name, command.at, version=0)


def _about(command: Command, version: int | None) -> About:
    return About(subject=TAG.subject(_name(command)), version=version)
