"""The notification ledger: each delivery is a row of steps under one id, and only its last step decides what is next.

::

    claimed 1 ── sent                                          final
        │  └──── failed 1, try again at … ── claimed 2 ── …
        │  └──── failed 8, never again                         final
        └─ lease over, no outcome known ──── claimed 2 ── …
    suppressed, missed                                         final

Delivery outside is at least once: a claim whose outcome never came is sent again under the same id, which is the
idempotency key for whoever receives it. A claim is renewed without limit, since giving up on it could lose a reminder;
a failure that was seen is tried eight times.
"""

from msgspec.structs import replace

from schemas.records import Notification, ReminderDue, Step

LEASE = 60_000
"""How long a claim may take to send before it counts as lost, in milliseconds."""

BACKOFF = 10_000
"""How long to wait after the first failure, in milliseconds; three times as long after each further one."""

ATTEMPTS = 8
"""How many failures are enough. The last wait is six hours, all together nine."""

_OUTCOMES = (Step.SENT, Step.FAILED, Step.SUPPRESSED, Step.MISSED)
_ENDS = (Step.SUPPRESSED, Step.MISSED)


def claim(reminder: ReminderDue, channel: str, at: int) -> Notification:
    """Return the first step of a delivery."""
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
        retry_at=at + LEASE,
    )


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
    """Return the next claim where the last one's lease or the failure's wait is over at ``at``, else None."""
    if is_final(last) or last.retry_at is None or at < last.retry_at:
        return None
    return replace(last, step=Step.CLAIMED, attempt=last.attempt + 1, at=at, detail=None, retry_at=at + LEASE)


def accept(last: Notification | None, step: Notification) -> Notification | None:
    """Return ``step`` as the new last step; None where it is stale: all is final, or it is of an older attempt."""
    if last is None:
        return step if step.step in _ENDS or (step.step, step.attempt) == (Step.CLAIMED, 1) else None
    if is_final(last):
        return None
    if step.step is Step.CLAIMED:
        next_ = again(last, step.at)
        return step if next_ is not None and step.attempt == next_.attempt else None
    return step if last.step is Step.CLAIMED and step.attempt == last.attempt else None


def is_final(step: Notification) -> bool:
    """Say whether nothing can follow this step."""
    return step.step in _OUTCOMES and step.retry_at is None
