"""The notification ledger: each delivery is a sequence of steps under one id; the last step determines the next.

::

    claimed 1 ── sent                                          final
        │  └──── failed 1, try again at … ── claimed 2 ── …
        │  └──── failed 8, never again                         final
        ├─ suppressed: its target is disabled or deleted       final
        ├─ claimed 1, handed over: its sending goes on
        └─ its sender is gone ────────────── claimed 2 ── …
    suppressed, missed                                         final

A reminder that is due waits, without a record, until there is capacity to send it; a claim records that sending begins.
A claim belongs to the owner of the partition, and ends with its outcome, however long that takes. An owner that finds a
claim of another, unchanged for a lease, claims it again: its sender is dead. An owner that loses the partition while
sending records its claims once more, as handed over, which doubles their time.

Delivery is at least once: a claim without an outcome is sent again under the same id, which is the receiver's
idempotency key. Claims are repeated without limit, since giving up could lose a reminder; an observed failure is
retried until there were eight.
"""

from typing import TypeAlias
from zlib import crc32

from msgspec.structs import replace

from schemas.records import DigestDue, DigestWithheld, Notification, ReminderDue, ReminderWithheld, Step

LEASE = 60_000
"""In decision version 3: milliseconds that a claim may wait and be sent before it counts as lost."""

BACKOFF = 10_000
"""Milliseconds to wait after the first failure; three times as long after each further one."""

ATTEMPTS = 8
"""The number of failures after which a delivery is given up. The last wait is six hours, all together nine."""

Due: TypeAlias = ReminderDue | DigestDue
"""A reminder or a digest that is to be sent."""
Withheld: TypeAlias = ReminderWithheld | DigestWithheld
"""One that is not sent."""
Decided: TypeAlias = Due | Withheld
"""One whose instant has come."""

_HANDED_OVER = "handed over"

_OUTCOMES = (Step.SENT, Step.FAILED, Step.SUPPRESSED, Step.MISSED)
_ENDS = (Step.SUPPRESSED, Step.MISSED)


def claim(reminder: Decided, channel: str, at: int, *, lease: int | None = None) -> Notification:
    """Return the first step of a delivery to one recipient at most; with a ``lease`` in ms in decision version 3."""
    [recipient] = (reminder.recipients and reminder.recipients.targets) or (None,)
    if isinstance(reminder, DigestDue | DigestWithheld):
        task, title, day = None, f"Digest of {reminder.day}", reminder.day
    else:
        task, title, day = reminder.task, reminder.title, None
    return Notification(
        id=reminder.id,
        user=reminder.user,
        at=at,
        command=reminder.command,
        task=task,
        step=Step.CLAIMED,
        attempt=1,
        channel=recipient.kind if recipient else channel,
        title=title,
        due=reminder.due,
        retry_at=None if lease is None else at + lease,
        target=recipient.target if recipient else None,
        digest=day,
    )


def withheld(reminder: Withheld, channel: str) -> Notification:
    """Return the only step of a delivery that was decided not to be made: it is suppressed or missed."""
    return replace(claim(reminder, channel, reminder.at), step=reminder.step, detail=reminder.detail)


def suppressed(claim: Notification, at: int, detail: str) -> Notification:
    """Return the step that records that a claim is not sent, and why."""
    return replace(claim, step=Step.SUPPRESSED, at=at, detail=detail, retry_at=None)


def handed_over(claim: Notification, at: int) -> Notification:
    """Return the step that records that a claim's sending goes on though its partition is given away."""
    return replace(claim, at=at, retry_at=None, detail=_HANDED_OVER)


def leases(claim: Notification) -> int:
    """Return the number of leases that a new owner of the partition waits before it claims again."""
    return 2 if claim.detail == _HANDED_OVER else 1


def orphaned(claim: Notification, at: int) -> Notification:
    """Return the next claim, after the sender of this one is gone."""
    return _next(claim, at)


def sent(claim: Notification, at: int) -> Notification:
    """Return the step that records that the claim's sending succeeded."""
    return replace(claim, step=Step.SENT, at=at, detail=None, retry_at=None)


def failed(claim: Notification, at: int, detail: str) -> Notification:
    """Return the step that records that the claim's sending failed, why, and when to try again, if ever."""
    wait = BACKOFF * 3**claim.failures
    if claim.target is not None:
        wait += jitter(claim.id, claim.attempt, wait)
    failures = claim.failures + 1
    retry_at = at + wait if failures < ATTEMPTS else None
    return replace(claim, step=Step.FAILED, at=at, detail=detail, retry_at=retry_at, failures=failures)


def jitter(seed: str, number: int, wait: int) -> int:
    """Return up to a quarter of a wait, in milliseconds: what failed at once is not tried again at once."""
    return crc32(f"{seed}/{number}".encode()) % (wait // 4 + 1)


def again(last: Notification, at: int) -> Notification | None:
    """Return the next claim if a failure's wait, or a lease of decision version 3, is over at ``at``, else None.

    The queue of a target decides itself when a wait is over: a correction of the target ends it.
    """
    if is_final(last) or last.retry_at is None or (last.target is None and at < last.retry_at):
        return None
    return _next(last, at)


def _next(last: Notification, at: int) -> Notification:
    return replace(last, step=Step.CLAIMED, attempt=last.attempt + 1, at=at, detail=None, retry_at=None)


def accept(last: Notification | None, step: Notification) -> Notification | None:
    """Return ``step`` as the new last step; None if it is stale: the last is final, or of a later attempt."""
    if last is None:
        return step if step.step in _ENDS or (step.step, step.attempt) == (Step.CLAIMED, 1) else None
    if is_final(last):
        return None
    if step.step is Step.CLAIMED:
        return step if _follows(last, step) else None
    return step if last.step is Step.CLAIMED and step.attempt == last.attempt else None


def _follows(last: Notification, claim: Notification) -> bool:
    """Return whether a claim may follow; in decision version 3 it has a lease, and follows when the last is over."""
    if last.step is Step.CLAIMED and claim.retry_at is None:
        return 0 <= claim.attempt - last.attempt <= 1
    return claim.attempt == last.attempt + 1 and again(last, claim.at) is not None


def begins(last: Notification | None, step: Notification) -> bool:
    """Return whether sending begins with an accepted step: with a claim, unless it is handed over."""
    return step.step is Step.CLAIMED and (last is None or last.attempt < step.attempt)


def is_final(step: Notification) -> bool:
    """Return whether nothing can follow this step."""
    return step.step in _OUTCOMES and step.retry_at is None
