"""Things that people create, change and delete by themselves: lists, saved filters. What each command means for one.

Such a thing is absent, standing or deleted; a deleted one can be brought back as it was, for 30 days, and is then
absent again. Two may have the same name. ``Kind.table`` is the whole state machine: for every command and every such
state, the answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Any, Generic, TypeVar

from msgspec.structs import asdict, replace

from schemas import ids, subjects
from streams.domain import decision
from streams.domain.decision import About, Decision, OutOfOrder
from streams.domain.rejections import Code

Thing = TypeVar("Thing")
Refusal = tuple[Code, str]
"""Code and detail of a command that is refused."""


class Answer(StrEnum):
    """What a command does to a thing in some state."""

    CREATE = auto()
    UPDATE = auto()  # the fields that really differ, if any
    DELETE = auto()
    RESTORE = auto()
    NOTHING = auto()  # it is so already
    NOT_FOUND = auto()
    GONE = auto()  # deleted


_A = Answer
_ABSENT, _STANDING, _DELETED = None, False, True
_BOOKKEEPING = {"changed_at", "version"}


@dataclass(frozen=True)
class Kind(Generic[Thing]):
    """A kind of thing: its word, which also names it in commands and events, its record, and theirs."""

    word: str
    thing: type[Thing]
    commands: tuple[type[Any], type[Any], type[Any], type[Any]]  # create, update, delete, restore
    events: tuple[type[Any], type[Any], type[Any], type[Any], type[Any]]
    """Created, updated, deleted, restored; and purged, which no command leads to."""

    @property
    def table(self) -> Mapping[type[Any], Mapping[bool | None, Answer]]:
        """The answer to every command for a thing that is absent (None), stands (False) or was deleted (True)."""
        create, update, delete, restore = self.commands
        # fmt: off
        return {
            create:  {_ABSENT: _A.CREATE,    _STANDING: _A.NOTHING, _DELETED: _A.NOTHING},
            update:  {_ABSENT: _A.NOT_FOUND, _STANDING: _A.UPDATE,  _DELETED: _A.GONE},
            delete:  {_ABSENT: _A.NOT_FOUND, _STANDING: _A.DELETE,  _DELETED: _A.NOTHING},
            restore: {_ABSENT: _A.NOT_FOUND, _STANDING: _A.NOTHING, _DELETED: _A.RESTORE},
        }
        # fmt: on

    def decide(
        self, found: Any, command: Any, refuse: Callable[[Answer], Refusal | None] = lambda _: None
    ) -> Decision[Any]:
        """Return the events that a command leads to, none or one, and its outcome; ``refuse`` has the last word."""
        if found is not None and found.user != command.user:  # another user's: not even its existence is told
            return decision.rejected(command, self._about(command, None), *self._missing())
        answer = self.table[type(command)][found.deleted if found else None]
        if refusal := self._refusal(found, command, answer) or refuse(answer):
            return decision.rejected(command, self._about(command, found), *refusal)
        after = self._applied(found, command, answer)
        if after is None or after == found:
            return decision.nothing(command, self._about(command, found))
        after = replace(after, changed_at=command.at, version=found.version + 1 if found else 1)
        return decision.accepted(command, self._about(command, after), self._event(command, found, after))

    def evolve(self, before: Any, event: Any) -> Thing | None:
        """Return the thing after an event, None once it was purged.

        Raises ``OutOfOrder`` where the event is not the next one for the thing.
        """
        after: Any = getattr(event, self.word)
        expected = before.version + 1 if before else 1
        if after.version != expected:
            raise OutOfOrder(f"The {self.word} {after.id}: version {expected} was expected, not {after.version}.")
        return None if isinstance(event, self.events[-1]) else after

    def _missing(self) -> Refusal:
        return Code.NOT_FOUND, f"There is no such {self.word}."

    def _refusal(self, found: Any, command: Any, answer: Answer) -> Refusal | None:
        if found is None:
            return self._missing() if answer is Answer.NOT_FOUND else None
        if answer is Answer.GONE:
            return Code.DELETED, f"The {self.word} was deleted."
        if getattr(command, "expected", None) not in (None, found.version):
            return Code.VERSION, f"The {self.word} has changed: its version is {found.version} by now."
        return None

    def _applied(self, found: Any, command: Any, answer: Answer) -> Any:
        """Return the thing as the answer leaves it, the same or None where nothing is to be done."""
        match answer:
            case Answer.CREATE:
                bookkeeping = {"user": command.user, "created_at": command.at, "changed_at": command.at}
                make: Callable[..., Any] = self.thing
                return make(id=getattr(command, self.word), **bookkeeping, **asdict(command.fields))
            case Answer.UPDATE:
                return replace(found, **{name: getattr(command.fields, name) for name in command.changed})
            case Answer.DELETE | Answer.RESTORE:
                return replace(found, deleted=answer is Answer.DELETE)
        return found

    def _event(self, command: Any, before: Any, after: Any) -> Any:
        common: dict[str, Any] = {
            "id": ids.event(command.id),
            "user": command.user,
            "at": command.at,
            "actor": command.actor,
            "command": command.id,
            self.word: after,
            "cause": command.cause,
        }
        created, updated, deleted, restored, _ = self.events
        if before is None:
            return created(**common)
        if after.deleted != before.deleted:
            return (deleted if after.deleted else restored)(**common)
        names = (name for name in after.__struct_fields__ if name not in _BOOKKEEPING)
        return updated(**common, changed=tuple(name for name in names if getattr(before, name) != getattr(after, name)))

    def _about(self, command: Any, found: Any) -> About:
        subject = subjects.of(self.word, getattr(command, self.word))
        return About(subject=subject, version=found.version if found else None)
