"""How every decision is told: its events in order, and the command's one outcome. And how folding them can fail."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from msgspec.structs import replace

from domain.rejections import Code
from schemas.records import CommandOutcome, OutcomeKind

VERSION = "5"
"""The decision version, which each block that decided is recorded with. Raise it with every change of what the same log
leads to; what older versions decided differently stays here as long as they are in ``DECIDABLE``."""
UNENDING = ("3", "4")
"""The versions by which nothing was told of a series that the calendar ends."""
DECIDABLE = (*UNENDING, VERSION)
"""The versions that this Rondo can decide by, as a replay does: a stage for which they differ asks ``block.rules``."""

Event = TypeVar("Event")


class Command(Protocol):
    """What every command says of itself."""

    @property
    def id(self) -> str:
        """Its id."""

    @property
    def user(self) -> str:
        """Whose it is."""

    @property
    def at(self) -> int:
        """When it was sent, in milliseconds since 1970."""


class OutOfOrder(ValueError):
    """An event does not follow the state of what it is about: one before it is missing, or it was folded already."""


@dataclass(frozen=True)
class Decision(Generic[Event]):
    """What a command led to: its events in order, and its one outcome."""

    events: tuple[Event, ...]
    outcome: CommandOutcome


@dataclass(frozen=True)
class About:
    """What a command is about: a task by its id, or a subject; and its version after the command, if it stands."""

    task: str | None = None
    subject: str | None = None
    version: int | None = None


def accepted(command: Command, about: About, *events: Event) -> Decision[Event]:
    """Return the decision to do what was asked for."""
    return Decision(events, _outcome(command, OutcomeKind.ACCEPTED, about, len(events)))


def nothing(command: Command, about: About) -> Decision[Event]:
    """Return the decision that it is so already."""
    return Decision((), _outcome(command, OutcomeKind.NOTHING_TO_DO, about))


def rejected(command: Command, about: About, code: Code, detail: str, field: str | None = None) -> Decision[Event]:
    """Return the decision to refuse: a stable word for programs, a sentence for people, and the field at fault."""
    outcome = _outcome(command, OutcomeKind.REJECTED, about)
    return Decision((), replace(outcome, code=code, detail=detail, field=field))


def _outcome(command: Command, kind: OutcomeKind, about: About, events: int = 0) -> CommandOutcome:
    return CommandOutcome(
        user=command.user,
        at=command.at,
        command=command.id,
        kind=kind,
        task=about.task,
        fingerprint=getattr(command, "fingerprint", ""),
        version=about.version,
        subject=about.subject,
        events=events,
    )
