"""Notify: a reminder that is due is sent, at least once, under its own id, with a ledger of every step.

Sending never holds a partition. A block writes ``CLAIMED``; reading that step back, once committed, starts the sending
beside the partition; its outcome comes back as a record of the same topic. A claim whose outcome never comes is claimed
again when its lease is over, by a timer. A replay folds the same records and sends nothing.
"""

from functools import partial

from schemas import records as r
from schemas.topics import NOTIFICATIONS, REMINDERS
from streams.channels import deliver, name_of
from streams.domain import ledger
from streams.runtime import Block, Stage, Stream, failpoints
from streams.runtime.failpoints import Point

stage = Stage(
    "notify",
    reads=(REMINDERS, NOTIFICATIONS),
    writes=(NOTIFICATIONS,),
    given=lambda settings: {"channel": name_of(settings)},
)
app = stage.app
deliveries = stage.table("deliveries", r.Delivery)


def began(timer: r.Timer) -> int | None:
    """Return when the lease or the wait of a delivery began that a timer ends."""
    delivery = deliveries.get(timer.subject)
    return delivery.last.at if delivery else None


timers = stage.timer("timers", began=began)


@stage.agent(REMINDERS)
async def claim(blocks: Stream) -> None:
    """Claim each reminder that is due, once."""
    async for block in blocks.noack():
        with block:
            for record in block:
                due = record.value
                if isinstance(due, r.ReminderDue) and f"{due.user}/{due.id}" not in deliveries:
                    step = ledger.claim(due, block.given["channel"], due.at)
                    keep(None, step)
                    block.emit(NOTIFICATIONS, step)


@stage.agent(NOTIFICATIONS)
async def follow(blocks: Stream) -> None:
    """Follow the ledger: send what is claimed, keep what became of it."""
    async for block in blocks.noack():
        with block:
            for record in block:
                advance(block, record.value)


@stage.on_tick(NOTIFICATIONS)
def claim_again(block: Block, timer: r.Timer) -> None:
    """Claim a delivery again whose lease or wait is over."""
    delivery = deliveries.get(timer.subject)
    if delivery and (step := ledger.again(delivery.last, block.now)):
        block.emit(NOTIFICATIONS, step)


def advance(block: Block, step: r.Notification) -> None:
    """Take a step of the ledger, unless it is stale; a claim is sent once this block is committed."""
    delivery = deliveries.get(f"{step.user}/{step.id}")
    last = delivery.last if delivery else None
    if last == step:  # the claim that this stage kept when it wrote it
        block.after_commit(partial(send, step, block.partition))
    elif accepted := ledger.accept(last, step):
        keep(last, accepted)
        if accepted.step is r.Step.CLAIMED:
            block.after_commit(partial(send, accepted, block.partition))


def keep(last: r.Notification | None, step: r.Notification) -> None:
    """Keep the last step of a delivery and set its timer."""
    key = f"{step.user}/{step.id}"
    if last and last.retry_at is not None:
        timers.remove(r.Timer(last.id, last.user, key, last.retry_at))
    if step.retry_at is not None:
        timers.set(r.Timer(step.id, step.user, key, step.retry_at))
    deliveries[key] = r.Delivery(step)


async def send(claim: r.Notification, partition: int) -> None:
    """Deliver a claim and put what became of it on the log; one whose lease is over is left to the next claim."""
    assert stage.settings
    if claim.retry_at is not None and stage.clock() >= claim.retry_at:
        return
    error = await deliver(stage.settings, claim)
    await failpoints.reach(stage.name, Point.DELIVERED)
    now = stage.clock()
    step = ledger.failed(claim, now, error) if error else ledger.sent(claim, now)
    await stage.produce(NOTIFICATIONS, step, partition)
