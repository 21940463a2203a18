"""What is lost, doubled, reordered, fired twice or answered wrongly is counted as that."""

from collections import defaultdict
from collections.abc import Callable
from copy import copy

import pytest

from schemas import records as r
from schemas.topics import REMINDERS, TASK_COMMANDS, TASK_EVENTS
from tests.chaos.clients import Asked
from tests.chaos.faults import Fault
from tests.chaos.oracle import anomalies
from tests.chaos.siege import Recovered, Tally, sent_again, tally_of
from tests.chaos.test_oracle import LATER, History, double, whole


@pytest.fixture
def history() -> History:
    """A history to plant something in."""
    one = copy(whole(""))
    one.topics = defaultdict(list, {topic: [*entries] for topic, entries in one.topics.items()})
    return one


def counted(history: History, *also: Asked) -> Tally:
    seen = history.seen()
    return tally_of(seen, [*answers(history), *also], anomalies(seen, LATER))


def answers(history: History) -> list[Asked]:
    """Return an answer of 202 to each command on the log."""
    return [answered(entry.value, 202) for entry in whole("").topics[TASK_COMMANDS.name]]


def answered(command: r.CreateTask, status: int, problem: str | None = None) -> Asked:
    return Asked(command.id, command.user, "POST /v1/tasks", None, 0.1, status, problem)


def place_of(history: History, topic: str, kind: type) -> int:
    return next(n for n, entry in enumerate(history.topics[topic]) if isinstance(entry.value, kind))


def test_a_history_without_faults_counts_nothing(history: History):
    assert counted(history) == Tally()


def test_an_outcome_that_is_missing_is_a_loss(history: History):
    del history.topics[TASK_EVENTS.name][place_of(history, TASK_EVENTS.name, r.CommandOutcome)]
    assert counted(history).lost == 1


def test_a_command_that_was_answered_and_is_not_on_the_log_is_a_loss_and_a_wrong_answer(history: History):
    said = [entry.value.id for entry in history.topics[TASK_COMMANDS.name]]
    once = next(n for n, one in enumerate(said) if said.count(one) == 1)
    del history.topics[TASK_COMMANDS.name][once]
    found = counted(history)
    assert (found.lost, found.wrong_answers) == (1, 1)


@pytest.mark.parametrize(
    ("topic", "kind", "count"),
    [
        (TASK_EVENTS.name, r.CommandOutcome, lambda tally: tally.doubled),
        (REMINDERS.name, r.ReminderDue, lambda tally: tally.fired_twice),
    ],
)
def test_what_is_there_twice_is_counted(history: History, topic: str, kind: type, count: Callable):
    double(history.topics[topic], place_of(history, topic, kind))
    assert count(counted(history)) == 1


def test_outcomes_in_another_order_are_counted(history: History):
    entries = history.topics[TASK_EVENTS.name]
    first = place_of(history, TASK_EVENTS.name, r.CommandOutcome)
    user = entries[first].value.user
    second = next(
        n
        for n in range(first + 1, len(entries))
        if isinstance(entries[n].value, r.CommandOutcome) and entries[n].value.user == user
    )
    entries[first], entries[second] = entries[second], entries[first]
    assert counted(history).reordered == 1


def test_a_false_answer_is_counted_and_told(history: History):
    command = history.topics[TASK_COMMANDS.name][0].value
    found = counted(history, answered(command, 503, "unavailable"))
    assert found.wrong_answers == 1
    assert any(command.id in sentence for sentence in found.sentences)


@pytest.mark.parametrize(
    ("times", "doubles"),
    [
        ([90.0], 0),
        ([90.0, 95.0], 1),
        ([95.0, 101.0], 0),
        ([101.0, 121.0], 0),
        ([99.0, 140.0], 0),
        ([131.0, 132.0], 1),
        ([95.0, 101.0, 131.0, 132.0], 1),
    ],
    ids=str,
)
def test_a_reminder_that_comes_again_while_nothing_failed_is_a_double(times: list[float], doubles: int):
    fault = Recovered(Fault("kill", "notify", 1), began=100.0, lasted=20.0, after=10.0)
    assert len(sent_again({"one": times}, [fault])) == doubles
