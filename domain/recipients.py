"""Recipients: the targets that a reminder goes to when it is due, each by a delivery of its own."""

from typing import TypeAlias, TypeVar

from msgspec.structs import replace

from domain.targets import MOST, Event
from schemas import ids
from schemas import records as r

_CORRECT = {"address", "enabled"}

Decided = TypeVar("Decided", bound=r.ReminderDue | r.ReminderWithheld | r.DigestDue | r.DigestWithheld)
Known: TypeAlias = r.Recipients | None
"""A user's targets; None for a user who has none."""


def follow(known: Known, event: Event) -> Known:
    """Return a user's targets after an event of one."""
    target, before = event.target, known.targets if known else ()
    one = r.Recipient(target.id, target.kind, target.enabled)
    if target.deleted or isinstance(event, r.TargetPurged):
        after = tuple(each for each in before if each.target != target.id)
    elif any(each.target == target.id for each in before):
        after = tuple(one if each.target == target.id else each for each in before)
    else:
        after = (*before, one)
    return r.Recipients(after) if after else None


def corrected(event: Event) -> r.TargetCorrected | None:
    """Return that a target was corrected by an event: it was enabled, or got another address; None if it was not."""
    target = event.target
    if not isinstance(event, r.TargetUpdated) or not target.enabled or not _CORRECT & {*event.changed}:
        return None
    return r.TargetCorrected(event.id, event.user, event.at, event.command, target.id, target.version)


def addressed(known: Known, reminder: Decided) -> Decided:
    """Return a reminder that is due or withheld with its recipients."""
    if known is None:
        return reminder
    enabled = tuple(each for each in known.targets if each.enabled)
    return replace(reminder, recipients=r.Recipients(enabled[:MOST]))


def deliveries(reminder: Decided) -> tuple[Decided, ...]:
    """Return a reminder once for each of its recipients, under the id of the delivery."""
    targets = reminder.recipients.targets if reminder.recipients else ()
    return tuple(
        replace(reminder, id=ids.delivery(reminder.id, each.target), recipients=r.Recipients((each,)))
        for each in targets
    )
