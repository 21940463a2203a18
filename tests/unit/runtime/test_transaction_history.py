"""What the coordinators' log tells of how a transaction ended, also where compaction has left little of it."""

import pytest
from aiokafka import TopicPartition

from streams.transactions.history import Entry, State, committed

HERE, THERE = TopicPartition("task-events", 0), TopicPartition("tasks-changelog", 0)
PRODUCER, EPOCH = 7, 3


def at(state: State, *partitions: TopicPartition, epoch: int = EPOCH, producer: int = PRODUCER, raised: bool = False):
    return Entry("rondo-tasks-0-0", producer, epoch, state, frozenset(partitions), 0, raised)


BEGUN = at(State.EMPTY)
COMMIT = at(State.PREPARE_COMMIT, HERE, THERE)
ABORT = at(State.PREPARE_ABORT, HERE, THERE)
FENCED = at(State.PREPARE_ABORT, HERE, THERE, epoch=EPOCH + 1)
NEXT = at(State.PREPARE_COMMIT, HERE, THERE, epoch=EPOCH + 1)


@pytest.mark.parametrize(
    ("entries", "ended"),
    [
        ([BEGUN, COMMIT], True),
        ([BEGUN, ABORT], False),
        ([BEGUN, FENCED], False),
        ([BEGUN, COMMIT, FENCED], False),
        ([BEGUN, ABORT, COMMIT], True),
        ([COMMIT, at(State.EMPTY, epoch=EPOCH + 1), NEXT], True),
        ([BEGUN, COMMIT, at(State.EMPTY, epoch=EPOCH + 2)], True),
        ([BEGUN, at(State.PREPARE_COMMIT, HERE, epoch=EPOCH + 1, raised=True)], True),
    ],
)
def test_the_last_transaction_that_names_a_partition_tells_how_it_ended_there(entries: list[Entry], ended: bool):
    assert committed(entries, PRODUCER, EPOCH, HERE) is ended


@pytest.mark.parametrize("first", [BEGUN, at(State.COMPLETE_COMMIT, epoch=EPOCH - 1)])
def test_records_in_a_partition_that_no_transaction_names_were_committed_by_nobody(first: Entry):
    entries = [first, at(State.PREPARE_COMMIT, THERE), at(State.COMPLETE_COMMIT)]
    assert committed(entries, PRODUCER, EPOCH, HERE) is False


@pytest.mark.parametrize(("state", "ended"), [(State.COMPLETE_COMMIT, True), (State.COMPLETE_ABORT, False)])
def test_where_only_the_end_is_left_it_tells(state: State, ended: bool):
    assert committed([at(state)], PRODUCER, EPOCH, HERE) is ended


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [at(State.EMPTY, epoch=EPOCH + 1)],
        [at(State.COMPLETE_ABORT, epoch=EPOCH + 1)],
        [at(State.PREPARE_COMMIT, HERE, producer=8)],
        [NEXT],
    ],
)
def test_nothing_is_guessed(entries: list[Entry]):
    assert committed(entries, PRODUCER, EPOCH, HERE) is None
