"""Notify: a due reminder is sent, at least once, under its own id, with a ledger of every step.

Sending never blocks a partition. Due reminders wait in order until there is room to send; then a punctuation writes
``CLAIMED``, and reading that step back, once committed, starts the sending beside the task. Its outcome comes back as a
record of the same topic. A claim whose sender is dead is claimed again, also by a punctuation. A replay folds the same
records and sends nothing.
"""

import asyncio
from functools import partial

import structlog
from aiokafka.errors import KafkaError

from common import causes
from domain import ledger
from schemas import records as r
from schemas.topics import NOTIFICATIONS, REMINDERS, RETRIES
from streams.channels import deliver, name_of
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
    keeps="the last step of each delivery, reminders waiting for room, deliveries in progress; timers",
)
deliveries = stage.table("deliveries", r.Delivery)
waiting = stage.table("waiting", r.ReminderDue)
claims = stage.table("claims", r.Delivery)
queue = stage.queued("queue")


def began(timer: r.Timer) -> int | None:
    """Return when the wait of a timer's delivery began."""
    delivery = deliveries.get(timer.subject)
    return delivery.last.at if delivery else None


timers = stage.timer("timers", began=began)

log = structlog.get_logger()


@stage.on(REMINDERS, folds=(r.ReminderDue,))
def enqueue(block: Block, due: r.ReminderDue) -> None:
    """Queue each due reminder, once, until there is room to send it."""
    if (key := f"{due.user}/{due.id}") in deliveries:
        return
    if block.decision_version == "3":
        claim_at_once(block, due)
    elif key not in waiting:
        waiting[key] = due
        queue.set(_place(due))


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
    if due := waiting.get(timer.subject):
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
    key = f"{step.user}/{step.id}"
    if last and last.retry_at is not None:
        timers.remove(r.Timer(last.id, last.user, key, last.retry_at))
    elif last and step.step is not r.Step.CLAIMED:
        del claims[key]
    elif due := None if last else waiting.get(key):
        del waiting[key]
        queue.remove(_place(due))
    if step.retry_at is not None:
        timers.set(r.Timer(step.id, step.user, key, step.retry_at))
    elif step.step is r.Step.CLAIMED:
        claims[key] = r.Delivery(step)
    deliveries[key] = r.Delivery(step)


def _place(due: r.ReminderDue) -> r.Timer:
    """Return a reminder's place in the queue, which is in the order of the log."""
    return r.Timer(due.id, due.user, f"{due.user}/{due.id}", due.at)


async def send(claim: r.Notification, partition: int, context: Context) -> None:
    """Deliver a claim, and produce its outcome."""
    error = await deliver(context.settings, claim)
    await failpoints.reach(stage.name, Point.DELIVERED)
    now = context.clock()
    await produce(ledger.failed(claim, now, error) if error else ledger.sent(claim, now), partition, context)


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
