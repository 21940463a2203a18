"""Notify: a due reminder is sent, at least once, under its own id, with a ledger of every step.

Sending never blocks a partition. Due reminders wait in order until there is room to send; then a punctuation writes
``CLAIMED``, and reading that step back, once committed, starts the sending beside the task. Its outcome comes back as a
record of the same topic. A claim whose sender is dead is claimed again, also by a punctuation. A replay folds the same
records and sends nothing.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any, get_args

from domain import ledger, reasons, recipients
from domain import target_queues as ordering
from domain.decision import BEFORE_7
from schemas import records as r
from schemas.topics import NOTIFICATIONS, REMINDERS, RETRIES
from streams.channels import name_of
from streams.delivering import renew, send
from streams.runtime import App, Block, Stage
from streams.runtime.tables import Table

KEPT = 100 * 24 * 60 * 60 * 1000
"""Milliseconds of record time for which a delivery that has ended is kept: a due reminder that was dead-lettered can be
sent again for 90 days."""
_DROPPED_A_RECORD = 3  # more than end by a record, so that the state stays bounded

stage = Stage(
    "notify",
    reads=(REMINDERS, NOTIFICATIONS, RETRIES),
    writes=(NOTIFICATIONS,),
    outside=(NOTIFICATIONS,),
    recorded=lambda settings: {"channel": name_of(settings)},
    alone="its blocks wait for room for deliveries",
    keeps="the last step of each delivery, until 100 days after it has ended; reminders waiting for room or for their "
    "target, deliveries in progress, the queue of each target; timers",
)
deliveries = stage.table("deliveries", r.Delivery)
target_queues = stage.table("targets", r.TargetQueue)
queued = stage.table("queued", r.QueuedDelivery)
waiting: Table[ledger.Due] = stage.table("waiting", r.ReminderDue, r.DigestDue)
claims = stage.table("claims", r.Delivery)
queue = stage.queued("queue")
ended = stage.ordered("ended")
"""When each delivery has ended, and when each target was corrected."""


def began(timer: r.Timer) -> int | None:
    """Return when the wait of a timer's delivery or target began."""
    if target := target_queues.get(timer.subject):
        return target.changed_at
    delivery = deliveries.get(timer.subject)
    return delivery.last.at if delivery else None


timers = stage.timer("timers", began=began)


@stage.backfill(ended, deliveries)
def index(delivery: r.Delivery) -> None:
    """Note when a delivery has ended, which states of earlier versions lack."""
    _note_end(delivery.last)


@stage.on(REMINDERS, folds=(*get_args(ledger.Decided), r.TargetCorrected))
def follow_reminder(block: Block, record: ledger.Decided | r.TargetCorrected) -> None:
    """Queue a due reminder, record that one that was withheld is not sent, and try a corrected target at once."""
    if isinstance(record, r.TargetCorrected):
        correct(record)
    elif isinstance(record, ledger.Due):
        enqueue(block, record)
    elif block.decision_version not in BEFORE_7:
        withhold(block, record)


def correct(corrected: r.TargetCorrected) -> None:
    """Try what waits for a target at once, in the version that it was corrected in."""
    name = f"{corrected.user}/{corrected.target}"
    before = target_queues.get(name) or r.TargetQueue()
    _put_target(name, before, ordering.corrected(before, corrected.version, corrected.at))
    ended.set(r.Timer(corrected.target, corrected.user, name, corrected.at))


def withhold(block: Block, reminder: ledger.Withheld) -> None:
    """Record once for each recipient that a reminder is not sent."""
    of_all = block.recorded_settings["channel"] if reminder.recipients is None else "none"
    for each in recipients.deliveries(reminder) or (reminder,):
        if f"{each.user}/{each.id}" not in deliveries:
            end(block, ledger.withheld(each, of_all))


def enqueue(block: Block, due: ledger.Due) -> None:
    """Queue a due reminder, once for each recipient, until there is room to send it."""
    if due.recipients is not None:
        enqueue_by_target(block, due)
    elif (key := f"{due.user}/{due.id}") in deliveries:
        return
    elif block.decision_version == "3":
        claim_at_once(block, due)
    elif key not in waiting:
        waiting[key] = due
        queue.set(_place(due))


def enqueue_by_target(block: Block, due: ledger.Due) -> None:
    """Queue a due reminder for each target; suppress it if all are disabled."""
    each_delivery = recipients.deliveries(due)
    for each in each_delivery:
        if (key := f"{each.user}/{each.id}") not in deliveries and key not in waiting:
            waiting[key] = each
            name = _target(each)
            before = target_queues.get(name) or r.TargetQueue()
            queued[f"{name}/{before.next}"] = r.QueuedDelivery(key)
            _put_target(name, before, ordering.arrived(before, due.at))
    if not each_delivery and f"{due.user}/{due.id}" not in deliveries:
        end(block, ledger.suppressed(ledger.claim(due, "none", due.at), due.at, reasons.NO_TARGET))


def end(block: Block, step: r.Notification) -> None:
    """Record the only step of a delivery that never waits."""
    _put(step)
    block.emit(NOTIFICATIONS, step)


@stage.on(NOTIFICATIONS)
def follow(block: Block, step: r.Notification) -> None:
    """Follow the ledger: accept a step unless it is stale, and send a claim once this block is committed."""
    delivery = deliveries.get(key := f"{step.user}/{step.id}")
    last = delivery.last if delivery else None
    is_of_version_3 = last == step and step.retry_at is not None  # a claim that was stored when it was written
    accepted = step if is_of_version_3 else ledger.accept(last, step)
    if accepted and not is_of_version_3:
        keep(last, accepted)
    if accepted and (is_of_version_3 or ledger.begins(last, accepted)):
        target = target_queues.get(f"{step.user}/{step.target}") or r.TargetQueue()
        act = partial(send, accepted, block.partition, target.version)
        block.after_commit(act, key, partial(renew, accepted, block.partition))


@stage.on_timer(NOTIFICATIONS)
def claim(block: Block, timer: r.Timer) -> None:
    """Claim a delivery, as there is room for it, or its wait after a failure is over."""
    if target := target_queues.get(timer.subject):
        block.emit(NOTIFICATIONS, _next_of(timer.subject, target, max(block.now, timer.due)))
    elif due := waiting.get(timer.subject):
        block.emit(NOTIFICATIONS, ledger.claim(due, block.recorded_settings["channel"], block.now))
    elif (delivery := deliveries.get(timer.subject)) and (step := ledger.again(delivery.last, block.now)):
        is_sent = block.context.performs(timer.subject)  # in decision version 3, if its lease is over
        block.emit(NOTIFICATIONS, ledger.handed_over(delivery.last, block.now) if is_sent else step)


@stage.on_lost(claims, leases=lambda claim: ledger.leases(claim.last))
def claim_again(block: Block, key: str) -> None:
    """Claim a delivery again, since its sender is gone."""
    block.emit(NOTIFICATIONS, ledger.orphaned(claims[key].last, block.now))


def claim_at_once(block: Block, due: ledger.Due) -> None:
    """Claim as in decision version 3: when the reminder is read, with a lease by the clock."""
    step = ledger.claim(due, block.recorded_settings["channel"], due.at, lease=ledger.LEASE)
    keep(None, step)
    block.emit(NOTIFICATIONS, step)


def keep(last: r.Notification | None, step: r.Notification) -> None:
    """Store the last step of a delivery, and update its timer, queue entry and claim."""
    key, by_target = f"{step.user}/{step.id}", step.target is not None
    if last and last.retry_at is not None and not by_target:
        timers.remove(r.Timer(last.id, last.user, key, last.retry_at))
    elif last and step.step is not r.Step.CLAIMED:
        del claims[key]
    elif due := None if last else waiting.get(key):
        del waiting[key]
        if not by_target:
            queue.remove(_place(due))
    if by_target:
        _keep_target(step, key)
    elif step.retry_at is not None:
        timers.set(r.Timer(step.id, step.user, key, step.retry_at))
    if step.step is r.Step.CLAIMED and (by_target or step.retry_at is None):
        claims[key] = r.Delivery(step)
    _put(step)


def _put(step: r.Notification) -> None:
    """Store the last step of a delivery."""
    deliveries[f"{step.user}/{step.id}"] = r.Delivery(step)
    _note_end(step)


def _note_end(step: r.Notification) -> None:
    if ledger.is_final(step):
        ended.set(r.Timer(step.id, step.user, f"{step.user}/{step.id}", step.at))


@stage.on_end
def drop(block: Block, folded: Sequence[Any]) -> None:
    """Drop some of the deliveries that ended long ago, and the queues of targets that had none since."""
    if block.decision_version in BEFORE_7:
        return
    before = max(record.at for record in folded) - KEPT
    for old in ended.due(before, _DROPPED_A_RECORD * len(folded)):
        ended.remove(old)
        name = old.subject
        if delivery := deliveries.get(name):
            del deliveries[name]
            name = f"{old.user}/{delivery.last.target}"
        if (target := target_queues.get(name)) and target.changed_at <= before and ordering.is_idle(target):
            del target_queues[name]


def _next_of(name: str, target: r.TargetQueue, at: int) -> r.Notification:
    """Return the claim of the next delivery to a target."""
    key = ordering.retried(target, at) or queued[f"{name}/{target.first}"].delivery
    if due := waiting.get(key):
        return ledger.claim(due, "", at)
    step = ledger.again(deliveries[key].last, at)
    assert step
    return step


def _keep_target(step: r.Notification, key: str) -> None:
    """Let the queue of a target follow a step of a delivery there."""
    name = f"{step.user}/{step.target}"
    before = target_queues.get(name) or r.TargetQueue()
    if step.step is not r.Step.CLAIMED:
        _put_target(name, before, ordering.ended(before, key, step))
    elif before.busy != key:
        first = queued.get(place := f"{name}/{before.first}")
        if waited := first is not None and first.delivery == key:
            del queued[place]
        _put_target(name, before, ordering.begun(before, key, waited=waited, at=step.at))


def _put_target(name: str, before: r.TargetQueue, after: r.TargetQueue) -> None:
    """Store the queue of a target, and set its timer."""
    user, _, target = name.partition("/")
    if before.wake != after.wake:
        if before.wake is not None:
            timers.remove(r.Timer(target, user, name, before.wake))
        if after.wake is not None:
            timers.set(r.Timer(target, user, name, after.wake))
    target_queues[name] = after


def _target(due: ledger.Due) -> str:
    """Return the key of the queue of the one recipient of a delivery."""
    assert due.recipients
    [recipient] = due.recipients.targets
    return f"{due.user}/{recipient.target}"


def _place(due: ledger.Due) -> r.Timer:
    """Return a reminder's place in the queue, which is in the order of the log."""
    return r.Timer(due.id, due.user, f"{due.user}/{due.id}", due.at)


app = App(stage)
