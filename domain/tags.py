"""Tags: decisions on commands for a tag's own field, its colour.

Tasks store the names of their tags. A tag exists while a task has it or it has a colour. So any name may be given a
colour, and a tag without a colour and without tasks does not exist. Renaming a tag changes all tasks that have it, by
the chunks of a bulk, and then moves its colour to the other name, unless that has one already: the tags are merged.
Deleting works alike. Either is accepted if the bulk changed a task, even if no colour changed.

The tasks of such a bulk are selected before it is decided. A task that gets the old name at the same time keeps it, and
so does a deleted task if it is restored.
"""

from collections.abc import Mapping
from enum import StrEnum, auto
from typing import get_args

from msgspec.structs import replace

from domain import decision, validation
from domain.decision import About, Decision
from domain.entity import BOOKKEEPING, EntityType, State
from domain.rejections import Code
from schemas.records import CommandOutcome, DeleteTag, RenameTag, Tag, TagUpdated, UpdateTag

Command = UpdateTag | RenameTag | DeleteTag
Event = TagUpdated


class Transition(StrEnum):
    """The effect of a command on a tag in some state."""

    UPDATE = auto()  # the fields that differ, if any
    GIVE = auto()  # move the colour to the other name
    EMPTY = auto()
    NOTHING = auto()  # nothing to do


_A = Transition
_PLAIN, _COLOURED = False, True

# fmt: off
TABLE: Mapping[type[Command], Mapping[bool, Transition]] = {
    UpdateTag: {_PLAIN: _A.UPDATE,  _COLOURED: _A.UPDATE},
    RenameTag: {_PLAIN: _A.NOTHING, _COLOURED: _A.GIVE},
    DeleteTag: {_PLAIN: _A.NOTHING, _COLOURED: _A.EMPTY},
}
# fmt: on
"""The transition of every command on a tag that has a colour (True) or not."""


def decide(state: State, command: Command) -> Decision[Event]:
    """Return the events of a command, one for each tag that it changes, and its outcome."""
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
    """Return the outcome of a command whose bulk was begun with another target-set hash."""
    detail = "It was begun on other tasks, or in other versions; send it again under a new key."
    return decision.rejected(command, _about(command, None), Code.RESOLUTION, detail).outcome


def _name(command: Command) -> str:
    """Return the name of a command's tag: the new name if it renames one."""
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
    unaudited=BOOKKEEPING | {"name", "created_at"},
    checks={"colour": validation.colour},
    named_by=_name,
)


def _applied(state: State, command: Command) -> list[tuple[Tag, Tag]]:
    """Return the tags that a command may change, each before and after."""
    found = _tag(state, command, command.tag)
    match TABLE[type(command)][found.colour is not None], command:
        case Transition.UPDATE, UpdateTag() as update:
            return [(found, replace(found, **{name: getattr(update.fields, name) for name in update.changed}))]
        case Transition.GIVE, RenameTag() as rename if rename.to != rename.tag:
            other = _tag(state, command, rename.to)
            merged = replace(other, colour=other.colour or found.colour)
            return [(found, replace(found, colour=None)), (other, merged)]
        case Transition.EMPTY, _:
            return [(found, replace(found, colour=None))]
    return []


def _tag(state: State, command: Command, name: str) -> Tag:
    """Return the current record of a tag, with version 0 if it has none."""
    return state.get(TAG, name) or Tag(command.user, name, command.at, version=0)


def _about(command: Command, version: int | None) -> About:
    return About(subject=TAG.subject(_name(command)), version=version)
