"""The oracle finds nothing in a clean history, and whatever is lost, doubled or reordered in it."""

from collections import defaultdict
from collections.abc import Callable

import pytest
from msgspec import Struct

from schemas import records as r
from schemas.topics import (
    AUDIT_LOG,
    NOTIFICATIONS,
    REMINDER_NOTICES,
    REMINDERS,
    TASK_COMMANDS,
    TASK_EVENTS,
    TASK_FOLLOWUPS,
    Topic,
)
from streams.domain import audit, ledger, recurrence, reminders
from tests.chaos.load import People
from tests.chaos.oracle import Entry, Seen, anomalies, owed
from tests.unit.domain.given import NOON, World

LATER = NOON + 1_000_000
Topics = dict[str, list[Entry]]


class History:
    """What stages that do not fail write for some people's commands, all on one partition."""

    def __init__(self, commands: int) -> None:
        self.people, self.world = People("history"), World()
        self.topics: Topics = defaultdict(list)
        self.heads: dict[str, r.AuditHead] = {}
        self.tasks: dict[str, r.Task] = {}
        self.held: dict[str, r.StandingReminders | None] = {}
        self.answered: set[str] = set()
        for number in range(commands):
            self.command(TASK_COMMANDS, self.people.next(NOON + number))
        for task, held in list(self.held.items()):
            for one in held.standing if held else ():
                self.remind(r.ReminderNotice(one.id, self.tasks[task].user, LATER, task, one.due))

    def put(self, topic: Topic, record: Struct, by: str | None = None) -> None:
        """Append a record; ``by`` is the stage that takes it as a block."""
        offset = len(self.topics[topic.name])
        self.topics[topic.name].append(Entry(0, offset, record))
        if by:
            block = r.Block(by, topic.name, offset, offset, 1, "1", "2026")
            self.topics[f"{by}-blocks"].append(Entry(0, len(self.topics[f"{by}-blocks"]), block))

    def command(self, topic: Topic, command: Struct) -> None:
        self.put(topic, command, "tasks")
        if command.id in self.answered:
            return
        self.answered.add(command.id)
        decision = self.world.does(command)
        for event in decision.events:
            self.event(event)
        self.put(TASK_EVENTS, decision.outcome, "reminders")
        for event in decision.events:
            if isinstance(event, r.TaskCompleted) and (followup := recurrence.following(event)):
                self.command(TASK_FOLLOWUPS, followup)

    def event(self, event: Struct) -> None:
        self.put(TASK_EVENTS, event, "reminders")
        entry = audit.entry(self.heads.get(event.user), self.tasks.get(event.task.id), event)
        self.heads[event.user], self.tasks[event.task.id] = audit.head_after(entry), event.task
        self.put(AUDIT_LOG, entry)
        self.held[event.task.id], output = reminders.react(self.held.get(event.task.id), event)
        for record in output:
            self.put(REMINDERS, record)

    def remind(self, notice: r.ReminderNotice) -> None:
        self.put(REMINDER_NOTICES, notice, "reminders")
        self.held[notice.task], (due,) = reminders.fire(self.held[notice.task], notice)
        self.put(REMINDERS, due)
        self.put(NOTIFICATIONS, claim := ledger.claim(due, "log", LATER))
        self.put(NOTIFICATIONS, ledger.sent(claim, LATER + 1))

    def seen(self) -> Seen:
        return Seen(self.topics, frozenset(self.people.users))


def lose(entries: list[Entry]) -> None:
    del entries[len(entries) // 2]


def double(entries: list[Entry]) -> None:
    entries.append(entries[len(entries) // 2])


def reorder(entries: list[Entry]) -> None:
    """Swap a user's record with that user's next."""
    first = len(entries) // 2
    user = entries[first].value.user
    second = next(n for n in range(first + 1, len(entries)) if entries[n].value.user == user)
    entries[first], entries[second] = entries[second], entries[first]


@pytest.fixture
def history() -> History:
    return History(400)


def test_a_history_without_faults_has_no_anomaly(history: History):
    assert all(history.topics[topic.name] for topic in (TASK_FOLLOWUPS, REMINDER_NOTICES, NOTIFICATIONS))
    assert anomalies(history.seen(), LATER) == []


@pytest.mark.parametrize("topic", [TASK_EVENTS, TASK_FOLLOWUPS, AUDIT_LOG, REMINDERS, NOTIFICATIONS], ids=str)
@pytest.mark.parametrize("fault", [lose, double, reorder])
def test_a_record_that_is_lost_doubled_or_reordered_is_found(history: History, topic: Topic, fault: Callable):
    fault(history.topics[topic.name])
    assert anomalies(history.seen(), LATER + 2 * ledger.LEASE)


@pytest.mark.parametrize("stage", ["tasks", "reminders"])
@pytest.mark.parametrize("fault", [lose, double])
def test_input_that_was_passed_over_or_taken_twice_is_found(history: History, stage: str, fault: Callable):
    fault(history.topics[f"{stage}-blocks"])
    assert any(f"{stage}-blocks does not take" in sentence for sentence in anomalies(history.seen(), LATER))


def test_a_claim_whose_outcome_is_not_known_is_owed_until_its_lease_is_over(history: History):
    sent = history.topics[NOTIFICATIONS.name].pop().value
    assert owed(history.seen()) == {sent.id}
    assert anomalies(history.seen(), LATER) == []
    assert anomalies(history.seen(), LATER + 2 * ledger.LEASE) == [
        f"Reminder {sent.id} was due, and its ledger has no end."
    ]
