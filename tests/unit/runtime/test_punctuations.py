"""Timers, a queue and effects in whatever order things happen: each timer fires once it is due, every effect ends."""

import asyncio
import shutil
import tempfile
from collections import Counter
from dataclasses import replace as replace_field
from functools import partial
from pathlib import Path
from typing import Any, cast

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from msgspec import Struct
from msgspec.structs import replace

from schemas import records as r
from schemas.topics import DEAD_LETTERS, Topic
from streams.runtime import Block, Context, Stage, Topology
from streams.runtime.effects import Effect
from streams.runtime.settings import Settings
from streams.runtime.task import StreamTask
from tests.unit.runtime.test_phases import FEW, POISON, Broken, Host, Log, Owners, Stated

SLOTS = 2
ORDERS = Topic("orders", "test", (r.ReminderDue,))
LEDGER = Topic("ledger", "delivering", (r.Notification,))
GOES_ON = "goes on"


class Ledger(Log):
    """The log of a stage that delivers, its changelog, and what came of each order."""

    def __init__(self) -> None:
        super().__init__(ORDERS, LEDGER)
        self.now = 1_000_000
        self.changelog: list[dict[bytes, bytes | None]] = []
        self.unfolded = 0
        """Claims on the log that the owner had not folded when it opened the partition: no room is taken for them."""
        self.orders: dict[str, r.ReminderDue] = {}
        self.fired, self.begun, self.sent, self.dead = Counter[str](), Counter[str](), Counter[str](), Counter[str]()

    def order(self, kind: str, seconds: int) -> None:
        at = self.now
        order = r.ReminderDue(f"{kind}-{len(self.orders)}", "ann", at, "c", "t", "r", at + 1000 * seconds, kind)
        self.orders[order.id] = order
        self.put(ORDERS.name, order)

    def claims_after(self, offset: int) -> int:
        """Return how many effects begin with what is on the ledger from an offset on."""
        found = [cast("r.Notification", self.codec.decode(raw.value)) for raw in self.records[LEDGER.name][offset:]]
        return len([step for step in found if step.step is r.Step.CLAIMED and step.detail != GOES_ON])

    def take(self, block: Block, positions: dict[str, int]) -> None:
        super().take(block, positions)
        self.changelog.append(dict(block.changes))
        for out in block.outputs[LEDGER.name]:
            self.append(LEDGER.name, cast("bytes", out.value))
            self._fires(block, cast("r.Notification", self.codec.decode(out.value)))
        dead = (self.codec.decode(one.value) for one in block.dead.envelopes(self.codec, lambda *_: 0))
        self.dead.update(letter.key.decode() for letter in dead)
        self.begun.update(str(one.key) for one in block.effects if cast("Any", one.act).args[0].attempt == 1)

    def _fires(self, block: Block, step: r.Notification) -> None:
        self.fired[step.id] += step.attempt == 1
        order = self.orders[step.id]
        if block.topic or (order.due > order.at and block.now < order.due):
            self.wrong.append(f"{step.id} has come at {block.now}, by {block.topic}.")


class Kept(Stated):
    """A store with a state on the disk of its worker, which is behind the log if the worker fails after a commit."""

    def __init__(self, topology: Topology, context: Context, partition: int) -> None:
        super().__init__(topology, context, partition)
        self.ledger = cast("Ledger", self.log)

    async def open(self) -> dict[str, int]:
        positions = await super().open()
        self.ledger.unfolded += self.ledger.claims_after(positions[LEDGER.name])
        assert self.state
        for changes in self.ledger.changelog[self.state.changelog :]:
            self.log.come_to("restore")
            self.state.write(changes, self.state.changelog + 1, 0)
        return positions

    async def commit(self, block: Block, positions: dict[str, int]) -> dict[str, int]:
        positions = await super().commit(block, positions)
        self.log.come_to("written")
        return positions


STAGE = Stage("delivering", reads=(ORDERS, LEDGER), writes=(LEDGER,), outside=(LEDGER,), store=Kept)
waiting = STAGE.table("waiting", r.ReminderDue)
claims = STAGE.table("claims", r.Delivery)
queue, timers = STAGE.queued("queue"), STAGE.timer("timers")


@STAGE.on(ORDERS)
def wait(_: Block, order: r.ReminderDue) -> None:
    waiting[order.id] = order
    (timers if order.due > order.at else queue).set(place(order))


@STAGE.on_timer(LEDGER)
def claim(block: Block, timer: r.Timer) -> None:
    order = waiting[timer.id]
    if order.title == POISON:
        raise ZeroDivisionError
    step = r.Notification(order.id, "ann", block.now, "c", "t", r.Step.CLAIMED, 1, "log", "t", order.due)
    block.emit(LEDGER, step)


@STAGE.on_lost(claims, leases=lambda _: 1)
def claim_again(block: Block, key: str) -> None:
    last = claims[key].last
    block.emit(LEDGER, replace(last, at=block.now, attempt=last.attempt + 1, detail=""))


@STAGE.on(LEDGER)
def follow(block: Block, step: r.Notification) -> None:
    """Begin each claim once, whether it is the first or follows one that was lost; end it with its outcome."""
    last = kept.last.attempt if (kept := claims.get(step.id)) else 0
    if step.step is r.Step.SENT or step.detail == GOES_ON:
        if last and step.step is r.Step.SENT:
            del claims[step.id]
        elif last == step.attempt:
            claims[step.id] = r.Delivery(step)
    elif step.attempt == last + 1 and (last or step.id in waiting):
        if not last:
            timers.remove(place(waiting[step.id]))
            queue.remove(place(waiting[step.id]))
            del waiting[step.id]
        claims[step.id] = r.Delivery(step)
        block.after_commit(partial(send, step), step.id, partial(renew, step))


def place(order: r.ReminderDue) -> r.Timer:
    return r.Timer(order.id, "ann", order.id, order.due)


async def send(claim: r.Notification, context: Context) -> None:
    await context.produce(LEDGER, replace(claim, step=r.Step.SENT), 0)


async def renew(claim: r.Notification, context: Context) -> None:
    await context.produce(LEDGER, replace(claim, detail=GOES_ON), 0)


class Worker(Host):
    """A worker that performs effects, each until the test lets it end."""

    partition: StreamTask

    def __init__(self, log: Ledger, context: Context) -> None:
        super().__init__(log, STAGE, context)
        self.performing: set[asyncio.Future[None]] = set()

    def perform(self, effect: Effect) -> None:
        running = self.effects.begin(effect, self.context)

        async def performed() -> None:
            went_well = await running
            self.partition.make_room(lost=not went_well)

        self.performing.add(asyncio.ensure_future(performed()))


class Loop(asyncio.SelectorEventLoop):
    """A loop whose clock can be put forward."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead


class Deliveries(Owners):
    """Of a stage whose timers and queue lead to effects; each owner is another worker with a disk of its own."""

    log: Ledger
    loop: Loop
    host: Worker

    def __init__(self) -> None:
        super().__init__()
        self.loop, self.log, self.disks = Loop(), Ledger(), Path(tempfile.mkdtemp())
        self.loop.run_until_complete(self.log.codec.publish((*STAGE.reads, Topology.of(STAGE).changelog, DEAD_LETTERS)))
        self.sending: list[tuple[Worker, r.Notification, asyncio.Future[bool]]] = []
        self.workers: list[Worker] = []
        for seconds in (0, 5, 5, 0, 0):
            self.log.order("order", seconds)
        self.begin()

    def begin(self) -> None:
        self.log.unfolded = 0
        super().begin()
        self.host.partition = self.partition

    def worker(self) -> Worker:
        """Return a worker of one of two machines in turn."""
        disk = self.disks / str(len(self.workers) % 2)
        chosen = Settings(kafka="", registry="", data=disk, effects=SLOTS, lease=30, **FEW)
        worker = Worker(self.log, Context(chosen, self.log.codec, "", lambda: self.log.now))
        worker.context = replace_field(
            worker.context, performs=worker.effects.performs, produce=partial(self.produce, worker)
        )
        self.workers.append(worker)
        return worker

    async def produce(self, worker: Worker, topic: Topic, record: Struct, _partition: int) -> None:
        step = cast("r.Notification", record)
        if step.step is r.Step.SENT:
            may_end: asyncio.Future[bool] = self.loop.create_future()
            self.sending.append((worker, step, may_end))
            if not await may_end:
                raise Broken
            self.log.sent[step.id] += 1
        self.log.put(topic.name, step)

    @rule(
        kinds=st.lists(st.sampled_from(["order", "order", POISON]), min_size=1, max_size=5),
        seconds=st.sampled_from([0, 0, 5, 50]),
    )
    def orders_come(self, kinds: list[str], seconds: int) -> None:
        for kind in kinds:
            self.log.order(kind, seconds)

    @rule(rounds=st.integers(2, 8))
    def it_works_for_a_while(self, rounds: int) -> None:
        for _ in range(rounds):
            self.a_fetch_brings_records(9, 30)

    @rule(rounds=st.integers(2, 8))
    def it_works_while_effects_end(self, rounds: int) -> None:
        for _ in range(rounds):
            self.an_effect_ends(0, well=True)
            self.a_fetch_brings_records(9, 30)

    @rule(seconds=st.sampled_from([-20, 1, 10, 10, 40]))
    def time_passes_or_the_clock_is_set_back(self, seconds: int) -> None:
        self.log.now += seconds * 1000
        self.loop.ahead += max(0, seconds)
        self.partition.make_room(lost=False)

    @rule(which=st.integers(0, 5), well=st.sampled_from([True, True, False]))
    def an_effect_ends(self, which: int, *, well: bool) -> None:
        going_on = [one for _, _, one in self.sending if not one.done()]
        if going_on:
            going_on[which % len(going_on)].set_result(well)

    @rule(place=st.sampled_from(["restore", "written"]))
    def something_of_the_state_will_fail(self, place: str) -> None:
        self.log.fails.add(place)

    @rule()
    def it_is_revoked_and_another_owner_begins(self) -> None:
        """The effects go on beside the new owner."""
        self.loop.run_until_complete(asyncio.wait_for(self.partition.close(), 10))
        self.is_closed()
        self.loop.run_until_complete(self.host.effects.hand_over([0], self.host.context))
        self.begin()

    @rule()
    def it_is_cut_off_and_another_owner_begins(self) -> None:
        """The effects are gone with the process."""
        for one in self.host.performing:
            one.cancel()
        super().it_is_cut_off_and_another_owner_begins()

    @invariant()
    def no_more_is_performed_than_there_are_slots(self) -> None:
        """But what takes the place of what was lost, which waits for no slot."""
        going_on = [step for by, step, one in self.sending if by is self.host and not one.done()]
        assert len([step for step in going_on if step.attempt == 1]) <= SLOTS

    @invariant()
    def no_more_is_claimed_than_there_is_room_for(self) -> None:
        assert self.host.effects.running <= SLOTS + self.log.unfolded

    @invariant()
    def what_has_come_begins_once(self) -> None:
        assert max(self.log.begun.values(), default=0) <= 1

    def is_closed(self) -> None:
        super().is_closed()
        if not self.host.effects.running:
            assert self.host.effects.room(0, 1) == SLOTS

    def is_done(self) -> bool:
        """Return whether all has come and is sent, after some time in which nothing fails."""
        self.time_passes_or_the_clock_is_set_back(10)
        for _, _, one in self.sending:
            if not one.done():
                one.set_result(True)
        poison = {one.id for one in self.log.orders.values() if one.title == POISON}
        return (
            super().is_done()
            and self.log.dead.keys() == poison
            and self.log.begun.keys() == self.log.sent.keys() == self.log.orders.keys() - poison
            and not self.kept(claims.prefix)
            and len(self.kept(waiting.prefix)) == len(poison)
        )

    def kept(self, prefix: bytes) -> list[tuple[bytes, bytes]]:
        state = self.partition.store.state
        return list(state.under(prefix)) if state else []

    def teardown(self) -> None:
        super().teardown()
        for worker in self.workers:
            for one in worker.performing:
                one.cancel()
        shutil.rmtree(self.disks)


TestDeliveries = Deliveries.TestCase
TestDeliveries.settings = settings(max_examples=25, stateful_step_count=30, deadline=None)
