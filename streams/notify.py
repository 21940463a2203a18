"""Notify: a reminder that is due is sent, at least once, under its own id, with a ledger of every step.

Sending never holds a partition. What is due waits in order until there is room to send; then a tick writes ``CLAIMED``,
and reading that step back, once committed, starts the sending beside the partition. Its outcome comes back as a record
of the same topic. A claim that nobody sends any more, since who began it is dead, is claimed again by a tick, too. A
replay folds the same records and sends nothing.
"""

import asyncio
from functools import partial

import structlog
from aiokafka.errors import KafkaError
from msgspec import Struct

from domain import ledger
from schemas import causes
from schemas import records as r
from schemas.topics import NOTIFICATIONS, REMINDERS, RETRIES
from streams.channels import deliver, name_of
from streams.runtime import App, Block, Context, Stage, failpoints
from streams.runtime.failpoints import Point

PAUSE = 1.0  # seconds until an outcome that the broker did not take is put there again

stage = Stage(
    "notify",
    reads=(REMINDERS, NOTIFICATIONS, RETRIES),
    writes=(NOTIFICATIONS,),
    given=lambda settings: {"channel": name_of(settings)},
    keeps="the last step of each delivery, reminders waiting for room, deliveries in progress; timers",
)
deliveries = stage.table("deliveries", r.Delivery)
waiting = stage.table("waiting", r.ReminderDue)
claims = stage.table("claims", r.Delivery)
queue = stage.queued("queue")


def began(timer: r.Timer) -> int | None:
    """Return when the wait of a delivery began that a timer ends."""
    delivery = deliveries.get(timer.subject)
    return delivery.last.at if delivery else None


timers = stage.timer("timers", began=began)

log = structlog.get_logger()


@stage.on(REMINDERS)
def enqueue(block: Block, due: Struct) -> None:
    """Let each reminder that is due wait for room to be sent, once."""
    if not isinstance(due, r.ReminderDue) or (key := f"{due.user}/{due.id}") in deliveries:
        return
    if block.rules == "3":
        claim_at_once(block, due)
    elif key not in waiting:
        waiting[key] = due
        queue.set(_place(due))


@stage.on(NOTIFICATIONS)
def follow(block: Block, step: r.Notification) -> None:
    """Follow the ledger: take a step unless it is stale, and send what is claimed once this block is committed."""
    delivery = deliveries.get(key := f"{step.user}/{step.id}")
    last = delivery.last if delivery else None
    by_rules_3 = last == step and step.retry_at is not None  # the claim that was kept when it was written
    accepted = step if by_rules_3 else ledger.accept(last, step)
    if accepted and not by_rules_3:
        keep(last, accepted)
    if accepted and (by_rules_3 or ledger.begins(last, accepted)):
        act, hand_over = partial(send, accepted, block.partition), partial(renew, accepted, block.partition)
        block.after_commit(act, key, hand_over)


@stage.on_tick(NOTIFICATIONS)
def claim(block: Block, timer: r.Timer) -> None:
    """Claim a delivery for which there is room, or whose wait after a failure is over."""
    if due := waiting.get(timer.subject):
        block.emit(NOTIFICATIONS, ledger.claim(due, block.given["channel"], block.now))
    elif (delivery := deliveries.get(timer.subject)) and (step := ledger.again(delivery.last, block.now)):
        is_sent = block.context.performs(timer.subject)  # by rules 3, and its lease is over
        block.emit(NOTIFICATIONS, ledger.handed_over(delivery.last, block.now) if is_sent else step)


@stage.on_lost(claims, leases=lambda claim: ledger.leases(claim.last))
def claim_again(block: Block, key: str) -> None:
    """Claim a delivery again that nobody sends any more."""
    block.emit(NOTIFICATIONS, ledger.orphaned(claims[key].last, block.now))


def claim_at_once(block: Block, due: r.ReminderDue) -> None:
    """Claim by rules 3: when the reminder is read, with a lease by the clock."""
    step = ledger.claim(due, block.given["channel"], due.at, lease=ledger.LEASE)
    keep(None, step)
    block.emit(NOTIFICATIONS, step)


def keep(last: r.Notification | None, step: r.Notification) -> None:
    """Keep the last step of a delivery, and by it what the delivery waits for."""
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
    """Return a reminder's place among those that wait: they come in the order of the log."""
    return r.Timer(due.id, due.user, f"{due.user}/{due.id}", due.at)


async def send(claim: r.Notification, partition: int, context: Context) -> None:
    """Deliver a claim and put what became of it on the log."""
    error = await deliver(context.settings, claim)
    await failpoints.reach(stage.name, Point.DELIVERED)
    now = context.clock()
    await tell(ledger.failed(claim, now, error) if error else ledger.sent(claim, now), partition, context)


async def tell(outcome: r.Notification, partition: int, context: Context) -> None:
    """Put an outcome on the log, however long the broker is away: without it the delivery would be done again."""
    while True:
        try:
            return await context.produce(NOTIFICATIONS, outcome, partition)
        except KafkaError as error:
            log.warning("outcome not taken", stage=stage.name, id=outcome.id, error=causes.described(error))
            await asyncio.sleep(PAUSE)


async def renew(claim: r.Notification, partition: int, context: Context) -> None:
    """Put on the log that a claim's sending goes on, for whoever owns its partition next."""
    await context.produce(NOTIFICATIONS, ledger.handed_over(claim, context.clock()), partition)


app = App(stage)
