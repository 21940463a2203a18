"""Notify: a due reminder is sent, at least once, under its own id, with a ledger of every step.

Sending never blocks a partition. Due reminders wait in order until there is room to send; then a punctuation writes
``CLAIMED``, and reading that step back, once committed, starts the sending beside the task. Its outcome comes back as a
record of the same topic. A claim whose sender is dead is claimed again, also by a punctuation. A replay folds the same
records and sends nothing.
"""

import asyncio
from functools import partial
from typing import get_args

import structlog
from aiokafka.errors import KafkaError

from common import causes
from domain import ledger, reasons, recipients
from domain import target_queues as ordering
from domain.decision import BEFORE_7
from schemas import records as r
from schemas.topics import NOTIFICATIONS, REMINDERS, RETRIES
from streams.channels import deliver, name_of
from streams.delivering import Withheld, deliver_to_target
from streams.runtime import App, Block, Context, Stage, failpoints
from streams.runtime.failpoints import Point

PAUSE = 1.0  # seconds until an outcome that the broker did not take is produced again

stage = Stage(
    "notify",
    reads=(REMINDERS, NOTIFICATIONS, RETRIES),
    writes=(NOTIFICATIONS,),
    outside=(NOTIFICATIONS,),
    recorded=lambda settings: {"channel": name_of(settings)},
    alone="its blocks wait for room for deliveries",
    keeps="the last step of each delivery, reminders waiting for room or for their target, deliveries in progress, the "
    "queue of each target; timers",
)
deliveries = stage.table("deliveries", r.Delivery)
target_queues = stage.table("targets", r.TargetQueue)
queued = stage.table("queued", r.QueuedDelivery)
waiting = stage.table("waiting", r.ReminderDue)
claims = stage.table("claims", r.Delivery)
queue = stage.queued("queue")


def began(timer: r.Timer) -> int | None:
    """Return when the wait of a timer's delivery or target began."""
    if target := target_queues.get(timer.subject):
        return target.changed_at
    delivery = deliveries.get(timer.subject)
    return delivery.last.at if delivery else None


timers = stage.timer("timers", began=began)

log = structlog.get_logger()


@stage.on(REMINDERS, folds=get_args(ledger.Decided))
def follow_reminder(block: Block, reminder: ledger.Decided) -> None:
    """Queue a due reminder, and record that one that was withheld is not sent."""
    if isinstance(reminder, r.ReminderDue):
        enqueue(block, reminder)
    elif block.decision_version not in BEFORE_7:
        withhold(block, reminder)


def withhold(block: Block, reminder: r.ReminderWithheld) -> None:
    """Record once for each recipient that a reminder is not sent."""
    of_all = block.recorded_settings["channel"] if reminder.recipients is None else "none"
    for each in recipients.deliveries(reminder) or (reminder,):
        if f"{each.user}/{each.id}" not in deliveries:
            end(block, ledger.withheld(each, of_all))


def enqueue(block: Block, due: r.ReminderDue) -> None:
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


def enqueue_by_target(block: Block, due: r.ReminderDue) -> None:
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
    deliveries[f"{step.user}/{step.id}"] = r.Delivery(step)
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
        act, hand_over = partial(send, accepted, block.partition), partial(renew, accepted, block.partition)
        block.after_commit(act, key, hand_over)


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


def claim_at_once(block: Block, due: r.ReminderDue) -> None:
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
    deliveries[key] = r.Delivery(step)


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


def _target(due: r.ReminderDue) -> str:
    """Return the key of the queue of the one recipient of a delivery."""
    assert due.recipients
    [recipient] = due.recipients.targets
    return f"{due.user}/{recipient.target}"


def _place(due: r.ReminderDue) -> r.Timer:
    """Return a reminder's place in the queue, which is in the order of the log."""
    return r.Timer(due.id, due.user, f"{due.user}/{due.id}", due.at)


async def send(claim: r.Notification, partition: int, context: Context) -> None:
    """Deliver a claim, and produce its outcome."""
    outcome = await _outcome(claim, context)
    await failpoints.reach(stage.name, Point.DELIVERED)
    await produce(outcome, partition, context)


async def _outcome(claim: r.Notification, context: Context) -> r.Notification:
    send = deliver if claim.target is None else deliver_to_target
    try:
        error = await send(context.settings, claim)
    except Withheld as withheld:
        return ledger.suppressed(claim, context.clock(), str(withheld))
    now = context.clock()
    return ledger.failed(claim, now, error) if error else ledger.sent(claim, now)


async def produce(outcome: r.Notification, partition: int, context: Context) -> None:
    """Produce an outcome, retrying until the broker takes it: without it the delivery would be repeated."""
    while True:
        try:
            return await context.produce(NOTIFICATIONS, outcome, partition)
        except KafkaError as error:
            log.warning("outcome not taken", stage=stage.name, id=outcome.id, error=causes.described(error))
            await asyncio.sleep(PAUSE)


async def renew(claim: r.Notification, partition: int, context: Context) -> None:
    """Record that a claim's sending goes on, for the next owner of its partition."""
    await context.produce(NOTIFICATIONS, ledger.handed_over(claim, context.clock()), partition)


app = App(stage)
