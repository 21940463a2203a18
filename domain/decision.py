"""The result of deciding a command: its events in order, and exactly one outcome."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from msgspec.structs import replace

from domain.rejections import Code
from schemas.records import CommandOutcome, OutcomeKind

VERSION = "8"
"""The decision version, recorded with each block. Raise it with every change to what is decided from the same log; keep
the code of older versions as long as they are in ``DECIDABLE``."""
UNENDING = ("3", "4")
"""Versions that decide nothing about a series that the calendar ends."""
BEFORE_6 = (*UNENDING, "5")
"""Versions by which a moved due moves its series, several occurrences of a series may be open, and settings don't
matter."""
BEFORE_7 = (*BEFORE_6, "6")
"""What these versions decide otherwise:

- A reminder that was withheld has no step in the ledger of notifications, a corrected target is not tried at once, and
  deliveries that have ended are kept for ever.
- Series by the calendar are not planned again when the time zone data changes.
- A followup that comes after the closed occurrence was purged ends its series without a word.
- Undoing a change of a recurrence other than its rule or start does nothing.
- After a missed occurrence days pass in UTC; a command of the calendar acts although what it opens no longer comes
  then.
- Reminders are lost as ``reminders_in_6`` says, and those at an instant are moved by days within a day too.
- Undoing a change passes what it restores on to the next occurrence; a series that goes back to an occurrence passes
  that one's own changes on.
- A subtask of the millisecond in which the next occurrence was created keeps its later due when it goes back.
"""
BEFORE_8 = (*BEFORE_7, "7")
"""What these versions decide otherwise:

- A rule on a completed task begins nothing; ``repeats`` and ``missed`` are ignored on a task without a rule, as is
  every part of a recurrence when the rule is cleared.
- Earlier occurrences of a series that opens each stay its when it no longer does; one of them that is reopened takes
  the place of the next one or becomes a task of its own.
- A change of all occurrences counts the rule from the first start as it was, and is refused on one that is yet to
  come; a moved due that the rule does not give begins the rule again.
- A change of an occurrence that is yet to come is an event even if it changes nothing.
- The error for dates of another kind than the due calls that a start.
- Which subtasks were carried over is decided by times, and their dates are kept for those alone that were open.
- Of two plans that one cause leads to both have one id.
- A series whose later occurrences were deleted ends as if the calendar did.
- Counted from completion, the next of several times a day is on a later day.
- Undoing a change that lies more than 20 changes back changes the whole series, or, if it gives a rule back, forgets
  the occurrences before.
- After the clock was set back a postponed reminder may come early, and one that is repeated twice.
"""
DECIDABLE = (*BEFORE_8, VERSION)
"""Versions that this Rondo can decide by, as in a replay: a stage for which they differ asks
``block.decision_version``."""

Event = TypeVar("Event")


class Command(Protocol):
    """The fields that every command has."""

    @property
    def id(self) -> str:
        """The command's id."""

    @property
    def user(self) -> str:
        """The user's id."""

    @property
    def at(self) -> int:
        """When it was sent, in milliseconds since 1970."""


class OutOfOrder(ValueError):
    """An event does not follow its entity's state: an earlier one is missing, or it was already folded."""


@dataclass(frozen=True)
class Decision(Generic[Event]):
    """The result of a command: its events in order, and its outcome."""

    events: tuple[Event, ...]
    outcome: CommandOutcome


@dataclass(frozen=True)
class About:
    """The entity of a command: a task by its id, or a subject; and its version after the command, if it exists."""

    task: str | None = None
    subject: str | None = None
    version: int | None = None


def accepted(command: Command, about: About, *events: Event) -> Decision[Event]:
    """Return the decision to accept a command."""
    return Decision(events, _outcome(command, OutcomeKind.ACCEPTED, about, len(events)))


def nothing(command: Command, about: About) -> Decision[Event]:
    """Return the decision that there is nothing to do."""
    return Decision((), _outcome(command, OutcomeKind.NOTHING_TO_DO, about))


def rejected(command: Command, about: About, code: Code, detail: str, field: str | None = None) -> Decision[Event]:
    """Return the decision to reject: a stable word for programs, a sentence for people, and the field at fault."""
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
