"""The oracle finds nothing in a clean history, and whatever is lost, doubled or reordered in it, of every kind."""

from collections import defaultdict
from collections.abc import Callable
from copy import copy
from functools import cache

import pytest
from msgspec import Struct
from msgspec.structs import replace

from domain import audit, deletion, entities, ledger, reminder_state, tasks, times
from domain.decision import VERSION
from domain.recurrence import awaiting
from domain.rejections import Code
from domain.reminder_state import Reminders
from domain.user import User
from schemas import records as r
from schemas.topics import (
    AUDIT_LOG,
    NOTIFICATIONS,
    REMINDER_NOTICES,
    REMINDERS,
    RETRIES,
    SERIES_NOTICES,
    TASK_COMMANDS,
    TASK_EVENTS,
    TASK_FOLLOWUPS,
    TASK_NOTICES,
    Topic,
)
from streams.topologies import parsed
from tests.chaos.load import People, notice_of
from tests.chaos.oracle import OWED, anomalies, owed
from tests.chaos.seen import ALONE, Entry, Seen, Series
from tests.unit.domain.given import NOON, in_memory, reminders_in_memory

DOWN, LATER = NOON + 4_000, NOON + 1_000_000
"""What comes due from the first to the second comes then, as after a downtime."""
Topics = dict[str, list[Entry]]


class History:
    """What stages that do not fail write for some people's commands, all on one partition."""

    def __init__(self, asked: int, grouping: str = "") -> None:
        self.grouping, self.topologies = grouping, parsed(grouping)
        self.people, self.store = People("tale"), in_memory()
        self.topics: Topics = defaultdict(list)
        self.heads: dict[str, r.AuditHead] = {}
        self.things: dict[tuple[str, str], entities.Entity] = {}
        self.series = Series()
        self.kept = reminders_in_memory()
        self.reminders = Reminders(self.kept, VERSION, times.tzdata_version())
        for number in range(asked):
            self.command(TASK_COMMANDS, self.people.next(NOON + number))
        while coming := self.series.store.timers.due(LATER, 1):
            self.come(awaiting.notice(coming[0], LATER))
        while waiting := self.kept.timers.due(LATER, 1):
            at = waiting[0].due if waiting[0].due < DOWN else LATER
            self.remind(reminder_state.notice(waiting[0], at))

    def put(self, topic: Topic, record: Struct) -> None:
        """Append a record; each topology that it is an input of, or a notice of its timers, takes it as a block."""
        offset = len(self.topics[topic.name])
        self.topics[topic.name].append(Entry(0, offset, record))
        for one in self.topologies:
            if one.blocks and topic in {*one.reads, *(out for stage in one.timed for out in stage.timer_outputs)}:
                blocks = self.topics[one.blocks.name]
                taken = r.Block(one.name, topic.name, offset, offset, 1, "1", "2026")
                blocks.append(Entry(0, len(blocks), taken))

    def command(self, topic: Topic, command: Struct) -> None:
        self.put(topic, command)
        decision = User(self.store, command.user).decide(command)
        if decision is None:
            return
        for event in decision.events:
            self.event(event)
        self.put(TASK_EVENTS, decision.outcome)
        for event in decision.events:
            for followup in self.series.derived(TASK_EVENTS.name, event):
                self.command(TASK_FOLLOWUPS, followup)
            if notice := notice_of(event, NOON):
                self.purge(notice)

    def purge(self, notice: r.TaskNotice) -> None:
        self.put(TASK_NOTICES, notice)
        for event in User(self.store, notice.user).purge(notice):
            self.event(event)

    def come(self, notice: awaiting.Notice) -> None:
        self.put(SERIES_NOTICES, notice)
        for followup in self.series.derived(SERIES_NOTICES.name, notice):
            self.command(TASK_FOLLOWUPS, followup)

    def event(self, event: entities.Event) -> None:
        self.put(TASK_EVENTS, event)
        after = entities.after(event)
        key = event.user, entities.name(after)
        entry = audit.entry(self.heads.get(event.user), self.things.get(key), event)
        self.heads[event.user], self.things[key] = audit.head_after(entry), after
        if deletion.purges(event):
            del self.things[key]
        self.put(AUDIT_LOG, entry)
        if isinstance(event, (*tasks.TASK.events, r.SettingsUpdated)):
            self.react(event)

    def react(self, event: tasks.Event | r.SettingsUpdated) -> None:
        for record in self.reminders.follow(event):
            self.put(REMINDERS, record)

    def remind(self, notice: reminder_state.Notice) -> None:
        self.put(REMINDER_NOTICES, notice)
        for record in self.reminders.decide(notice):
            self.put(REMINDERS, record)
            if isinstance(record, ledger.Due):
                self.put(NOTIFICATIONS, claim := ledger.claim(record, "log", LATER))
                self.put(NOTIFICATIONS, ledger.sent(claim, LATER + 1))
            elif isinstance(record, ledger.Withheld):
                self.put(NOTIFICATIONS, ledger.withheld(record, "log"))

    def seen(self) -> Seen:
        return Seen(self.topics, frozenset(self.people.users), self.grouping)


def lose(entries: list[Entry], at: int) -> None:
    del entries[at]


def double(entries: list[Entry], at: int) -> None:
    entries.append(entries[at])


def reorder(entries: list[Entry], at: int) -> None:
    """Swap a user's record with that user's next."""
    user = entries[at].value.user
    second = next(n for n in range(at + 1, len(entries)) if entries[n].value.user == user)
    entries[at], entries[second] = entries[second], entries[at]


def middle(entries: list[Entry]) -> int:
    """Return a place in the middle: of deliveries a claim, which its outcome follows."""
    half = len(entries) // 2
    return next(n for n in range(half, len(entries)) if _is_claim(entries[n].value) is not False)


def _is_claim(record: Struct) -> bool | None:
    return record.step is r.Step.CLAIMED if isinstance(record, r.Notification) else None


@cache
def whole(grouping: str) -> History:
    return History(2500, grouping)


@pytest.fixture
def grouping() -> str:
    """The grouping of a history's stages, where a test does not name one."""
    return ""


EITHER = pytest.mark.parametrize("grouping", ["", ALONE], ids=["grouped", "alone"])


@pytest.fixture
def history(grouping: str) -> History:
    """A history to plant something in."""
    one = copy(whole(grouping))
    one.topics = defaultdict(list, {topic: [*entries] for topic, entries in one.topics.items()})
    return one


@EITHER
def test_a_history_without_faults_has_no_anomaly(history: History):
    assert all(history.topics[topic.name] for topic in (TASK_FOLLOWUPS, TASK_NOTICES, REMINDER_NOTICES, NOTIFICATIONS))
    assert anomalies(history.seen(), LATER) == []


def test_people_do_everything(history: History):
    asked = {type(entry.value) for entry in history.topics[TASK_COMMANDS.name]}
    happened = {type(entry.value) for entry in history.topics[TASK_EVENTS.name]}
    assert (asked, happened) == ({*TASK_COMMANDS.records}, {*TASK_EVENTS.records})


def test_what_people_ask_for_is_reminded_of_in_every_way(history: History):
    of_reminders = [entry.value for entry in history.topics[REMINDERS.name]]
    assert {type(one) for one in of_reminders} >= {*REMINDERS.records} - {r.DigestWithheld, r.TargetCorrected}
    withheld = {one.step for one in of_reminders if isinstance(one, r.ReminderWithheld)}
    assert withheld == {r.Step.MISSED, r.Step.SUPPRESSED}
    assert r.ReplanNotice in {type(entry.value) for entry in history.topics[REMINDER_NOTICES.name]}


def test_a_digest_that_is_lost_is_found(history: History):
    entries = history.topics[REMINDER_NOTICES.name]
    notice = next(one.value for one in entries if isinstance(one.value, r.DigestNotice))
    entries[:] = [one for one in entries if one.value.id != notice.id]
    assert any("The digest of" in sentence for sentence in anomalies(history.seen(), LATER))


def test_people_come_to_what_is_rare(history: History):
    events = [entry.value for entry in history.topics[TASK_EVENTS.name]]
    purged = {event.task.id for event in events if isinstance(event, r.TaskPurged)}
    created = [event.task.id for event in events if isinstance(event, r.TaskCreated)]
    refused = {outcome.code for outcome in events if isinstance(outcome, r.CommandOutcome)}
    assert any(created.count(task) > 1 for task in purged)
    assert {Code.RESOLUTION, Code.NOT_EMPTY} <= refused
    assert any(isinstance(event, r.TaskDeleted) and event.cause for event in events)  # the series has gone back


@EITHER
@pytest.mark.parametrize("topic", [TASK_EVENTS, TASK_FOLLOWUPS, AUDIT_LOG, REMINDERS, NOTIFICATIONS], ids=str)
@pytest.mark.parametrize("fault", [lose, double, reorder])
def test_a_record_that_is_lost_doubled_or_reordered_is_found(history: History, topic: Topic, fault: Callable):
    fault(entries := history.topics[topic.name], middle(entries))
    assert anomalies(history.seen(), LATER + 2 * OWED)


@pytest.mark.parametrize("kind", entities.EVENTS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("fault", [lose, double, reorder])
def test_an_event_of_any_kind_that_is_lost_doubled_or_reordered_is_found(history: History, kind: type, fault: Callable):
    entries = history.topics[TASK_EVENTS.name]
    fault(entries, next(n for n, entry in enumerate(entries) if isinstance(entry.value, kind)))
    assert any(f"records on {TASK_EVENTS.name}" in sentence for sentence in anomalies(history.seen(), LATER))


def test_a_reminder_that_is_due_before_its_time_is_found(history: History):
    entries = history.topics[REMINDERS.name]
    at = next(n for n, entry in enumerate(entries) if isinstance(entry.value, r.ReminderDue))
    due = entries[at].value
    entries[at] = Entry(0, at, replace(due, at=due.due - 1))
    assert f"Reminder {due.id} was due before its time." in anomalies(history.seen(), LATER)


@pytest.mark.parametrize("fault", [lose, double])
def test_the_outcome_of_a_chunk_that_is_lost_or_doubled_is_found(history: History, fault: Callable):
    entries = history.topics[TASK_EVENTS.name]
    fault(entries, next(n for n, entry in enumerate(entries) if getattr(entry.value, "part", None)))
    assert any("outcomes." in sentence for sentence in anomalies(history.seen(), LATER))


@pytest.mark.parametrize("kind", deletion.EVENTS, ids=lambda kind: kind.__name__)
def test_what_was_deleted_and_nothing_purges_when_its_time_is_over_is_found(history: History, kind: type):
    entries = history.topics[TASK_EVENTS.name]
    events = [entry for entry in entries if not isinstance(entry.value, r.CommandOutcome)]
    last = {entities.name(entities.after(entry.value)): entry for entry in events}  # some came again
    gone, purged = next((name, entry) for name, entry in last.items() if isinstance(entry.value, kind))
    entries.remove(purged)
    assert any("still there" in sentence and gone in sentence for sentence in anomalies(history.seen(), LATER))


@EITHER
@pytest.mark.parametrize("fault", [lose, double])
def test_input_that_was_passed_over_or_taken_twice_is_found(history: History, fault: Callable):
    for blocks in [topic for topic in history.topics if topic.endswith("-blocks")]:
        entries = history.topics[blocks] = [*(whole := history.topics[blocks])]
        fault(entries, middle(entries))
        assert any(f"{blocks} does not take" in sentence for sentence in anomalies(history.seen(), LATER))
        history.topics[blocks] = whole


@EITHER
def test_notices_that_a_block_of_timers_took_not_or_twice_are_found(history: History):
    for topic in (TASK_NOTICES, SERIES_NOTICES, REMINDER_NOTICES):
        blocks = next(name for name in history.topics if topic.name in takes(history, name))
        whole = history.topics[blocks]
        at = next(n for n, entry in enumerate(whole) if entry.value.topic == topic.name)
        for planted in (whole[:at] + whole[at + 1 :], [*whole, whole[at]]):
            history.topics[blocks] = planted
            found = anomalies(history.seen(), LATER)
            assert f"{blocks} does not take each record of {topic.name}/0 once, in order." in found
        history.topics[blocks] = whole


def takes(history: History, topic: str) -> set[str]:
    """The topics whose records the blocks on a topic took."""
    return {entry.value.topic for entry in history.topics[topic]} if topic.endswith("-blocks") else set()


def test_what_another_stage_had_dead_lettered_and_is_sent_again_decides_nothing(history: History):
    user = history.people.users[0]
    retry = r.Retry("i", user, LATER, "views", 0, LATER, TASK_EVENTS.name, 0, 0, "", user.encode(), None)
    history.put(RETRIES, retry)
    assert anomalies(history.seen(), LATER) == []


def test_a_claim_whose_outcome_is_not_known_is_owed_until_the_next_owner_should_have_claimed_it(history: History):
    sent = history.topics[NOTIFICATIONS.name].pop().value
    assert owed(history.seen()) == {sent.id}
    assert anomalies(history.seen(), LATER) == []
    assert anomalies(history.seen(), LATER + 2 * OWED) == [f"Reminder {sent.id} was due, and its ledger has no end."]


def test_a_reminder_that_is_withheld_has_its_end_in_the_ledger_too(history: History):
    entries = history.topics[REMINDERS.name]
    at, due = next((n, one.value) for n, one in enumerate(entries) if isinstance(one.value, r.ReminderDue))
    common = {name: getattr(due, name) for name in ("id", "user", "at", "command", "task", "reminder", "due", "title")}
    withheld = r.ReminderWithheld(**common, step=r.Step.MISSED, detail="Late")
    entries[at] = Entry(entries[at].partition, entries[at].offset, withheld)
    of_it = f"Reminder {due.id}"
    assert not [one for one in anomalies(history.seen(), LATER) if one.startswith(of_it)]
    steps = history.topics[NOTIFICATIONS.name]
    steps[:] = [one for one in steps if one.value.id != due.id]
    assert f"{of_it} was due, and its ledger has no end." in anomalies(history.seen(), LATER)


def test_a_claim_that_was_handed_over_is_no_anomaly_and_a_second_outcome_is_one(history: History):
    claim, sent = (entry.value for entry in history.topics[NOTIFICATIONS.name][-2:])
    for topic in (NOTIFICATIONS.name, "notify-blocks"):
        history.topics[topic].pop()
    history.put(NOTIFICATIONS, ledger.handed_over(claim, LATER))
    history.put(NOTIFICATIONS, sent)
    assert anomalies(history.seen(), LATER) == []
    history.put(NOTIFICATIONS, ledger.failed(claim, LATER + 2, "down"))
    assert anomalies(history.seen(), LATER) == [f"Outcome {(sent.id, 1)} is there 2 times."]
