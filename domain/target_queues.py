"""The queue of a target: one delivery at a time, and a circuit breaker.

Deliveries wait in the order in which they came. A failed one is tried again after its own wait, before those that have
not been tried yet. After ``OPENS`` failures in a row the breaker is open: nothing is tried until a pause is over, then
one delivery, and each further failure doubles the pause. What waits meanwhile is not tried, so its failures are not
counted. The first success closes the breaker, and so does a correction of the target: its address was changed, or it
was enabled. Then all that waits is tried at once.

It is a fold of the ledger, not the memory of a worker: so it survives restarts, and a replay decides the same.
"""

from msgspec.structs import replace

from domain import ledger
from schemas.records import Notification, Step, TargetQueue, WaitingRetry

OPENS = 3
"""Failures in a row after which the breaker is open."""
PAUSE, LONGEST = 30_000, 30 * 60_000
"""Milliseconds of its first pause, and of its longest."""
MOST_RETRIES = 8
"""Failed deliveries that wait at once; beyond them no other one is tried."""


def arrived(queue: TargetQueue, at: int) -> TargetQueue:
    """Return the queue with one delivery more, which gets the number ``queue.next``."""
    return _timed(replace(queue, next=queue.next + 1), at)


def retried(queue: TargetQueue, at: int) -> str | None:
    """Return the key of the failed delivery to try at ``at``, None for the first one that waits."""
    first = queue.retries[0] if queue.retries else None
    return first.delivery if first and first.at <= at else None


def begun(queue: TargetQueue, delivery: str, *, waited: bool, at: int) -> TargetQueue:
    """Return the queue when a delivery begins; ``waited``: it is the first one that waits."""
    retries = tuple(each for each in queue.retries if each.delivery != delivery)
    return _timed(replace(queue, busy=delivery, retries=retries, first=queue.first + waited), at)


def ended(queue: TargetQueue, delivery: str, step: Notification) -> TargetQueue:
    """Return the queue after the outcome of a delivery."""
    busy = "" if queue.busy == delivery else queue.busy
    if step.step is not Step.FAILED:
        sent = {"failures": 0, "until": 0} if step.step is Step.SENT else {}
        return _timed(replace(queue, busy=busy, **sent), step.at)
    failures, retries = queue.failures + 1, queue.retries
    if step.retry_at is not None:
        retries = tuple(sorted((*retries, WaitingRetry(step.retry_at, delivery)), key=lambda each: each.at))
    until = step.at + pause(failures, step.id) if failures >= OPENS else queue.until
    return _timed(replace(queue, busy=busy, failures=failures, retries=retries, until=until), step.at)


def corrected(queue: TargetQueue, version: int, at: int) -> TargetQueue:
    """Return the queue after its target was corrected, in that version."""
    retries = tuple(replace(each, at=min(each.at, at)) for each in queue.retries)
    return _timed(replace(queue, failures=0, until=0, retries=retries, version=version), at)


def is_idle(queue: TargetQueue) -> bool:
    """Return whether no delivery waits and none is being sent."""
    return not queue.busy and not queue.retries and queue.first == queue.next


def pause(failures: int, seed: str) -> int:
    """Return the milliseconds of a pause after these failures in a row, with a jitter that ``seed`` determines."""
    whole = min(PAUSE << min(failures - OPENS, 10), LONGEST)
    return whole + ledger.jitter(seed, failures, whole)


def _timed(queue: TargetQueue, at: int) -> TargetQueue:
    return replace(queue, wake=_wake(queue, at), changed_at=at)


def _wake(queue: TargetQueue, at: int) -> int | None:
    """Return when the next delivery is to be tried, None if none is or one is being sent."""
    ready = [queue.retries[0].at] if queue.retries else []
    if queue.first < queue.next and len(queue.retries) < MOST_RETRIES:
        ready.append(at)
    return None if queue.busy or not ready else max(queue.until, min(ready))
