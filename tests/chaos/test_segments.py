"""The auditor finds nothing in whole transactions, and whatever marker is missing, wrong or late."""

from pathlib import Path

import pytest
from aiokafka import TopicPartition

from streams.transactions.history import State
from tests.chaos.files import Disk
from tests.chaos.segments import audit

EVENTS, LEDGER = TopicPartition("task-events", 3), TopicPartition("tasks-changelog", 3)
BOTH = (EVENTS, LEDGER)
TASKS, PRODUCER = "rondo-tasks-3-0", 7


class History(Disk):
    """What a producer did, and how its coordinator ended it."""

    epoch = 0

    def begin(self) -> None:
        self.entry(TASKS, PRODUCER, self.epoch, State.EMPTY)

    def transaction(self, *, commit: bool = True, marked: tuple[TopicPartition, ...] = BOTH) -> None:
        """One that writes to both partitions; one that is not committed is ended with the next epoch, as by a fence."""
        self.entry(TASKS, PRODUCER, self.epoch, State.ONGOING, *BOTH)
        for tp in BOTH:
            self.records(tp, PRODUCER, self.epoch, 2)
        self.epoch += not commit
        self.entry(TASKS, PRODUCER, self.epoch, State.PREPARE_COMMIT if commit else State.PREPARE_ABORT, *BOTH)
        for tp in marked:
            self.marker(tp, PRODUCER, self.epoch, commit=commit)
        self.entry(TASKS, PRODUCER, self.epoch, State.COMPLETE_COMMIT if commit else State.COMPLETE_ABORT)


@pytest.fixture
def disk(tmp_path: Path) -> History:
    history = History(tmp_path)
    history.begin()
    history.transaction()
    return history


def found(disk: Disk) -> list[str]:
    return audit(disk.path).anomalies


def test_nothing_is_found_where_every_transaction_has_its_markers(disk: History):
    disk.transaction(commit=False)
    disk.transaction()
    result = audit(disk.path)
    assert (result.anomalies, result.transactions, result.markers) == ([], 3, 6)


def test_markers_that_are_written_twice_are_no_anomaly(disk: History):
    disk.transaction(marked=(*BOTH, *BOTH))
    disk.transaction()
    assert found(disk) == []


@pytest.mark.parametrize("commit", [True, False])
@pytest.mark.parametrize("marked", [(), (EVENTS,), (LEDGER,)])
def test_a_missing_marker_is_found_also_where_the_next_transaction_has_hidden_it(
    disk: History, marked: tuple[TopicPartition, ...], commit: bool
):
    disk.transaction(commit=commit, marked=marked)
    lacking = {tp for tp in BOTH if tp not in marked}
    assert {tp for tp in BOTH if any(f"no marker in {tp.topic}" in one for one in found(disk))} == lacking
    assert {tp for tp in BOTH if any(f"{tp.topic}/3 has an open" in one for one in found(disk))} == lacking
    disk.transaction()
    assert {tp for tp in BOTH if any(f"no marker in {tp.topic}" in one for one in found(disk))} == lacking


def test_an_aborted_block_that_the_next_commit_makes_visible_is_found(disk: History):
    disk.transaction(commit=False, marked=(LEDGER,))
    disk.transaction()
    assert any("has no marker between records" in one for one in found(disk))


def test_a_marker_that_was_made_up_for_later_is_no_anomaly(disk: History):
    disk.transaction(marked=(EVENTS,))
    disk.marker(LEDGER, PRODUCER, disk.epoch, commit=True)
    disk.transaction(commit=False, marked=(EVENTS,))
    disk.marker(LEDGER, PRODUCER, disk.epoch - 1, commit=False)  # with the epoch of its records
    disk.transaction()
    assert found(disk) == []


@pytest.mark.parametrize("commit", [True, False])
def test_a_marker_against_the_coordinators_decision_is_found(disk: History, commit: bool):
    disk.transaction(commit=commit, marked=(EVENTS,))
    disk.marker(LEDGER, PRODUCER, disk.epoch, commit=not commit)
    assert any("has no marker in tasks-changelog/3" in one for one in found(disk))


def test_a_commit_that_nobody_decided_is_found(disk: History):
    other = TopicPartition("audit-log", 3)
    disk.records(other, PRODUCER, disk.epoch)
    disk.marker(other, PRODUCER, disk.epoch, commit=True)
    assert found(disk) == [
        "audit-log/3 has a commit of producer 7 (epoch 0) at offset 1 that no coordinator has decided."
    ]


def test_records_of_a_transaction_that_does_not_name_their_partition_are_found(disk: History):
    disk.records(TopicPartition("audit-log", 3), PRODUCER, disk.epoch)
    assert found(disk) == ["audit-log/3 has an open transaction of producer 7 (epoch 0) since offset 0."]


@pytest.mark.parametrize("state", [State.ONGOING, State.PREPARE_COMMIT, State.PREPARE_ABORT])
def test_a_transaction_that_is_not_over_is_reported(disk: History, state: State):
    disk.entry(TASKS, PRODUCER, disk.epoch, state, *BOTH)
    assert found(disk) == [f"The transaction of {TASKS} is not over: it is {state.name}."]


def test_where_the_brokers_clock_went_back_markers_are_counted(disk: History):
    disk.at = 500
    disk.transaction()
    assert found(disk) == []
    disk.transaction(marked=(EVENTS,))
    assert any("has no marker in tasks-changelog/3" in one for one in found(disk))


def test_a_torn_end_of_a_segment_is_not_read(disk: History):
    disk.transaction()
    segment = disk.path / "task-events-3" / "00000000000000000000.log"
    segment.write_bytes(segment.read_bytes() + b"\0" * 100)
    assert found(disk) == []


def test_partitions_that_were_compacted_are_passed_over(disk: History):
    disk.transaction(marked=(EVENTS,))
    (disk.path / "cleaner-offset-checkpoint").write_text("0\n1\ntasks-changelog 3 2\n")
    assert found(disk) == []
