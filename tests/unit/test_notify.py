"""Notify whole, without a broker: whatever comes in whatever order, each reminder ends, and a double has a reason."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from aiokafka.structs import ConsumerRecord
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from bench.folds import Numbers
from domain import ledger, recipients
from domain.decision import BEFORE_7, VERSION
from schemas import records as r
from schemas.codec import Codec
from schemas.registry.client import Registry
from schemas.topics import NOTIFICATIONS, REMINDERS, Topic
from streams import notify
from streams.replay.fold import fold
from streams.runtime import Block, Context, Topology
from streams.runtime.effects import Orphans
from streams.runtime.rocksdb import StateStore
from streams.runtime.settings import Settings
from tests.unit.domain.given import ANNA, DAY, NOON, due_reminder

SETTINGS = Settings(kafka="", registry="", data=Path(), webhook="http://127.0.0.1/hook")
NOTIFY = Topology.of(notify.stage)
REMINDED = 4
WITHHELD = 2
"""The number of the reminder that is withheld."""
DIGEST = 3
"""The number of the one that is a digest."""
WAITING = {b"notify/waiting", b"notify/claims", b"notify/queue", b"notify/timers", b"notify/queued"}
"""The tables of what has not ended."""


Targets = Sequence[str] | None


class Told(Block):
    """A block that says nothing."""

    logged = False


class World:
    """The log, one partition's owner, what it sends, and what a former one that gave it away goes on sending."""

    def __init__(self, state: StateStore, codec: Codec, rules: str, targets: Targets = None) -> None:
        known = tuple(r.Recipient(target, "ntfy") for target in targets or ())
        self.recipients = None if targets is None else r.Recipients(known)
        self.silent = False
        self.state, self.codec, self.rules = state, codec, rules
        self.context = Context(SETTINGS, codec, performs=self.performs)
        self.log: list[r.Notification] = []
        self.read = self.due = self.offset = 0
        self.now = NOON
        self.sending: dict[str, r.Notification] = {}
        self.elsewhere: list[tuple[r.Notification, int]] = []
        self.posts: Counter[str] = Counter()
        self.numbers = range(1, REMINDED + 1)
        self.killed: set[str] = set()
        self.ended: dict[str, r.Notification] = {}
        self.left: list[bytes] = []
        self.kept: Counter[str] = Counter()
        self.indexed, self.indexed_again = dict[bytes, bytes](), dict[bytes, bytes]()
        self.open()

    def performs(self, key: str) -> bool:
        return key in self.sending

    def open(self) -> None:
        self.orphans = Orphans(notify.claims.prefix, 0, lambda entry: ledger.leases(self.codec.decode(entry).last))
        self.orphans.watch(self.state, self)  # type: ignore[arg-type]  # all that is asked of effects

    def block(self, topic: Topic | None, records: Iterable[Any]) -> Block:
        raws = [
            ConsumerRecord(topic.name, 0, n, 0, 0, b"", self.codec.encode(topic.name, record), None, 0, 0, ())
            for n, record in enumerate(records)
            if topic
        ]
        return Told(NOTIFY, self.context, 0, raws, state=self.state, now=self.now)

    def commit(self, block: Block) -> None:
        self.state.write(block.changes, 0, 0)
        self.log += [self.codec.decode(out.value) for out in block.outputs[NOTIFICATIONS.name]]
        for effect in block.effects:
            claim: r.Notification = effect.act.args[0]  # type: ignore[attr-defined]
            self.sending[effect.key] = claim
            self.posts[claim.id] += 1
        at_once = Counter(claim.target for claim in self.sending.values() if claim.target)
        assert not at_once or max(at_once.values()) == 1

    def reminder(self, number: int) -> ledger.Decided:
        due = replace(due_reminder(self.now), id=f"r{number}", recipients=self.recipients)
        if number == DIGEST:
            return r.DigestDue(due.id, due.user, due.at, due.command, "2026-11-24", due.due, self.recipients)
        if number != WITHHELD:
            return due
        return r.ReminderWithheld(**asdict(due), step=r.Step.MISSED, detail="It was missed.")

    def deliveries(self) -> list[str]:
        """The ids of all deliveries that there will be."""
        due = [self.reminder(number) for number in self.numbers if not (self.silent and number == WITHHELD)]
        return [each.id for one in due for each in recipients.deliveries(one) or (one,)]

    # What happens.

    def come_due(self) -> None:
        if self.due < self.numbers[-1]:
            self.due += 1
            self.silent |= self.due == WITHHELD and self.rules in BEFORE_7
            block = self.block(REMINDERS, [self.reminder(self.due)])
            block.decision_version = self.rules
            fold(block)
            self.commit(block)

    def fold(self) -> None:
        block = self.block(NOTIFICATIONS, self.log[self.read :])
        if block.raws:
            self.read = len(self.log)
            fold(block)
            self.commit(block)

    def tick(self, room: int = 2) -> None:
        if self.read == len(self.log):  # what the last one led to was folded
            block = self.block(None, ())
            with block:
                for timer in [*notify.timers.due(self.now, 1), *notify.queue.due(2**62, room)]:
                    block.fire(notify.stage, timer)
            self.commit(block)

    def send(self) -> None:
        self.end(ledger.sent)

    def fail(self) -> None:
        self.end(lambda claim, at: ledger.failed(claim, at, "down"))

    def end(self, outcome: Any) -> None:
        for key in list(self.sending)[:1]:
            self.log.append(outcome(self.sending.pop(key), self.now))

    def kill(self) -> None:
        self.killed |= {claim.id for claim in self.sending.values()}
        self.sending = {}
        self.open()

    def give_away(self) -> None:
        self.elsewhere += [(claim, 1) for claim in self.sending.values()]
        self.log += [ledger.handed_over(claim, self.now) for claim in self.sending.values()]
        self.sending = {}
        self.open()

    def look(self) -> None:
        """Look for orphans; what is sent elsewhere has ended by the second look after it was given away."""
        self.log += [ledger.sent(claim, self.now) for claim, looks in self.elsewhere if not looks]
        self.elsewhere = [(claim, looks - 1) for claim, looks in self.elsewhere if looks]
        self.fold()
        if self.orphans.is_due():
            block = self.block(None, ())
            with block:
                for key in self.orphans.look(self.state, self):  # type: ignore[arg-type]
                    block.answer(notify.stage, key)
            self.commit(block)

    def begin(self) -> None:
        """Let sending begin, as most often it does."""
        self.come_due()
        self.tick()
        self.fold()

    def settle(self) -> None:
        for _ in range(60):
            if len(last := self.last()) == len(self.deliveries()) and all(map(ledger.is_final, last.values())):
                break
            self.now += DAY
            for step in (self.come_due, self.tick, self.fold, self.look, self.send, self.send, self.send, self.fold):
                step()

    async def index_again(self) -> None:
        """Build what a state of an earlier version lacks."""
        [backfill] = NOTIFY.backfills
        self.indexed = dict(self.state.under(backfill.index.prefix))
        self.state.write(dict.fromkeys(self.indexed), 0, 0)
        while block := await backfill.next(self.context, lambda: self.block(None, ())):
            self.state.write(block.changes, 0, 0)
        self.indexed_again = dict(self.state.under(backfill.index.prefix))

    def last(self) -> dict[str, r.Notification]:
        block = self.block(None, ())
        with block:
            found = {key: notify.deliveries.get(f"{ANNA}/{key}") for key in self.deliveries()}
        return {key: delivery.last for key, delivery in found.items() if delivery}


HAPPENINGS = ("begin", "come_due", "tick", "fold", "send", "fail", "kill", "give_away", "look")


def lived(happenings: list[str], rules: str = VERSION, targets: Targets = None) -> World:
    """A world in which all this happened, and then all went well for long enough."""
    with asyncio.Runner() as runner:
        return runner.run(_live(happenings, rules, targets))


async def _live(happenings: list[str], rules: str, targets: Targets) -> World:
    codec = Codec(cast("Registry", Numbers()))
    await codec.publish(NOTIFY.topics)
    with (
        TemporaryDirectory() as directory,
        closing(StateStore(Path(directory))) as state,
    ):
        world = World(state, codec, rules, targets)
        for happening in happenings:
            world.now += 1000
            getattr(world, happening)()
        world.rules = VERSION
        world.settle()
        world.ended = world.last()
        world.left = [key for key, _ in state.items() if key.split(b"\x00")[0] in WAITING]
        await world.index_again()
        world.now += notify.KEPT
        world.numbers = range(REMINDED + 1, 2 * REMINDED + 1)
        world.settle()
        world.kept = Counter(key.split(b"\x00")[0].decode() for key, _ in state.items())
    return world


TARGETS = st.sampled_from((None, (), ("t",), ("t", "u")))
"""Those that are enabled: none if all are disabled, None if there are none."""
LIVES = st.lists(st.sampled_from(HAPPENINGS), max_size=60)


@settings(max_examples=50)
@given(LIVES, st.sampled_from(("3", "6", VERSION)), TARGETS)
def test_whatever_comes_in_whatever_order_each_reminder_ends_and_nothing_waits_any_more(happenings, rules, targets):
    world = lived(happenings, rules, targets)
    assert len(world.ended) == (REMINDED - world.silent) * max(1, len(targets or ()))
    assert all(ledger.is_final(step) for step in world.ended.values())
    assert world.left == []


@settings(max_examples=20)
@given(LIVES, st.sampled_from(("3", "6", VERSION)), TARGETS)
def test_what_has_ended_is_dropped_100_days_later(happenings, rules, targets):
    kept = lived(happenings, rules, targets).kept
    assert kept["notify/deliveries"] == kept["notify/ended"] == REMINDED * max(1, len(targets or ()))
    assert kept["notify/targets"] == len(targets or ())


@settings(max_examples=20)
@given(LIVES, st.sampled_from(("3", "6", VERSION)), TARGETS)
def test_what_has_ended_in_a_state_of_an_earlier_version_is_noted_as_it_is_today(happenings, rules, targets):
    world = lived(happenings, rules, targets)
    assert world.indexed_again == world.indexed != {}


@settings(max_examples=50)
@given(LIVES, TARGETS)
def test_a_reminder_is_sent_once_for_each_failure_and_once_more_only_where_a_worker_was_killed(happenings, targets):
    world = lived(happenings, targets=targets)
    failures = Counter(step.id for step in world.log if step.step is r.Step.FAILED)
    for reminder, last in world.ended.items():
        posts = world.posts[reminder]
        wanted = failures[reminder] + (last.step is r.Step.SENT)
        assert posts == wanted or (reminder in world.killed and posts > wanted)


@settings(max_examples=20)
@given(LIVES, TARGETS)
def test_a_reminder_that_is_withheld_has_one_step_for_each_recipient_and_is_not_sent(happenings, targets):
    world = lived(happenings, targets=targets)
    ids = [each.id for each in recipients.deliveries(world.reminder(WITHHELD)) or (world.reminder(WITHHELD),)]
    steps = [step for step in world.log if step.id in ids]
    assert sorted(step.id for step in steps) == sorted(ids)
    assert {(step.step, step.detail, step.target) for step in steps} == {
        (r.Step.MISSED, "It was missed.", target) for target in targets or (None,)
    }
    assert {step.channel for step in steps} == {"webhook" if targets is None else "ntfy" if targets else "none"}
    assert not world.posts.keys() & {*ids}


def test_by_version_6_a_reminder_that_is_withheld_has_no_step():
    world = lived(["come_due"] * WITHHELD, rules="6")
    assert world.silent
    assert all(step.step is not r.Step.MISSED for step in world.log)


def test_what_a_killed_worker_was_sending_is_sent_again_at_the_second_look():
    world = lived(["come_due", "tick", "fold", "kill", "look", "fold"])
    assert world.posts["r1"] == 2


def test_what_version_3_decided_is_decided_so_again():
    world = lived(["come_due"], rules="3")
    assert world.log[0] == ledger.claim(
        replace(due_reminder(NOON + 1000), id="r1"), "webhook", NOON + 1000, lease=60_000
    )
