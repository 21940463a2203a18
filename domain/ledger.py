"""The notification ledger: each delivery is a row of steps under one id, and only its last step decides what is next.

::

    claimed 1 ── sent                                          final
        │  └──── failed 1, try again at … ── claimed 2 ── …
        │  └──── failed 8, never again                         final
        ├─ claimed 1, handed over: its sending goes on
        └─ nobody sends it any more ──────── claimed 2 ── …
    suppressed, missed                                         final

A reminder that is due waits, on no record, until there is room to send it; a claim says that its sending begins. It
belongs to whoever owns the partition, and ends with its outcome, however long that takes. An owner that finds one which
it did not begin, and that stays as it is, claims it again: who began it is dead. An owner that gives the partition away
meanwhile puts its claims on record once more, as handed over, and so has twice the time.

Delivery outside is at least once: a claim whose outcome never came is sent again under the same id, which is the
idempotency key for whoever receives it. A claim is made again without limit, since giving up on it could lose a
reminder; a failure that was seen is tried eight times.
"""

from msgspec.structs import replace

from schemas.records import Notification, ReminderDue, Step

LEASE = 60_000
"""By rules 3: how long a claim might wait and be sent before it counted as lost, in milliseconds."""

BACKOFF = 10_000
"""How long to wait after the first failure, in milliseconds; three times as long after each further one."""

ATTEMPTS = 8
"""How many failures are enough. The last wait is six hours, all together nine."""

_HANDED_OVER = "handed over"

_OUTCOMES = (Step.SENT, Step.FAILED, Step.SUPPRESSED, Step.MISSED)
_ENDS = (Step.SUPPRESSED, Step.MISSED)


def claim(reminder: ReminderDue, channel: str, at: int, *, lease: int | None = None) -> Notification:
    """Return the first step of a delivery; with a ``lease`` in milliseconds by rules 3."""
    return Notification(
        id=reminder.id,
        user=reminder.user,
        at=at,
        command=reminder.command,
        task=reminder.task,
        step=Step.CLAIMED,
        attempt=1,
        channel=channel,
        title=reminder.title,
        due=reminder.due,
        retry_at=None if lease is None else at + lease,
    )


def handed_over(claim: Notification, at: int) -> Notification:
    """Return the step that says that the claim's sending goes on though its partition is given away."""
    return replace(claim, at=at, retry_at=None, detail=_HANDED_OVER)


def leases(claim: Notification) -> int:
    """Return for how many leases whoever opens the partition leaves a claim alone that it does not send."""
    return 2 if claim.detail == _HANDED_OVER else 1


def orphaned(claim: Notification, at: int) -> Notification:
    """Return the next claim where nobody sends this one any more."""
    return _next(claim, at)


def sent(claim: Notification, at: int) -> Notification:
    """Return the step that says the claim's sending succeeded."""
    return replace(claim, step=Step.SENT, at=at, detail=None, retry_at=None)


def failed(claim: Notification, at: int, detail: str) -> Notification:
    """Return the step that says the claim's sending failed, why, and when it is tried again, if ever."""
    wait = BACKOFF * 3**claim.failures
    failures = claim.failures + 1
    retry_at = at + wait if failures < ATTEMPTS else None
    return replace(claim, step=Step.FAILED, at=at, detail=detail, retry_at=retry_at, failures=failures)


def again(last: Notification, at: int) -> Notification | None:
    """Return the next claim where a failure's wait, or a lease by rules 3, is over at ``at``, else None."""
    if is_final(last) or last.retry_at is None or at < last.retry_at:
        return None
    return _next(last, at)


def _next(last: Notification, at: int) -> Notification:
    return replace(last, step=Step.CLAIMED, attempt=last.attempt + 1, at=at, detail=None, retry_at=None)


def accept(last: Notification | None, step: Notification) -> Notification | None:
    """Return ``step`` as the new last step; None where it is stale: all is final, or it is of an older attempt."""
    if last is None:
        return step if step.step in _ENDS or (step.step, step.attempt) == (Step.CLAIMED, 1) else None
    if is_final(last):
        return None
    if step.step is Step.CLAIMED:
        return step if _follows(last, step) else None
    return step if last.step is Step.CLAIMED and step.attempt == last.attempt else None


def _follows(last: Notification, claim: Notification) -> bool:
    """Tell whether a claim may follow; one by rules 3 has a lease, and follows when the one before is over."""
    if last.step is Step.CLAIMED and claim.retry_at is None:
        return 0 <= claim.attempt - last.attempt <= 1
    return claim.attempt == last.attempt + 1 and again(last, claim.at) is not None


def begins(last: Notification | None, step: Notification) -> bool:
    """Tell whether sending begins with an accepted step: with a claim, unless it says that its sending goes on."""
    return step.step is Step.CLAIMED and (last is None or last.attempt < step.attempt)


def is_final(step: Notification) -> bool:
    """Say whether nothing can follow this step."""
    return step.step in _OUTCOMES and step.retry_at is None
