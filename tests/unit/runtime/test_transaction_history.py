"""The end of a transaction by the coordinators' log, also where compaction has left little of it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Literal, NamedTuple

import pytest
from aiokafka import TopicPartition

from streams.transactions.history import PREPARED, Entry, State, committed, is_to_end

HERE, THERE = TopicPartition("task-events", 0), TopicPartition("tasks-changelog", 0)
PRODUCER, EPOCH = 7, 3

End = Literal["commit", "abort", "fenced", "ongoing", "preparing"]
ENDED = {State.COMPLETE_COMMIT, State.COMPLETE_ABORT}
OVER: tuple[End, ...] = ("commit", "abort", "fenced")
MOST = 3  # transactions of a world


def at(state: State, *partitions: TopicPartition, epoch: int = EPOCH, producer: int = PRODUCER, raised: bool = False):
    return Entry("rondo-tasks-0-0", producer, epoch, state, frozenset(partitions), 0, raised)


class Made(NamedTuple):
    """A transaction: whether it names the partition, and how it ended."""

    names: bool
    end: End


@dataclass(frozen=True)
class World:
    """A coordinator's log, and the records of one transaction that are open in the partition."""

    entries: tuple[Entry, ...]
    epoch: int
    truth: bool | None
    """Whether those were committed; None where the coordinator is still to end a transaction there."""


def world(made: tuple[Made, ...], fault: int, *, raises: bool) -> World:
    """Return what comes of one fault: a marker that is left out, or records where the transaction is not known.

    ``raises``: whether each end raises the epoch, as it does since KIP-890.
    """
    epoch, entries, epochs = EPOCH, [at(State.EMPTY)], []
    for one in made:
        epochs.append(epoch)
        where = (HERE, THERE) if one.names else (THERE,)
        entries += [at(State.ONGOING, *some, epoch=epoch, raised=raises) for some in (where[-1:], where)]
        epoch += one.end == "fenced" or (raises and one.end != "ongoing")
        if one.end == "ongoing":
            continue
        state = State.PREPARE_COMMIT if one.end in {"commit", "preparing"} else State.PREPARE_ABORT
        entries.append(at(state, *where, epoch=epoch, raised=raises))
        if one.end != "preparing":
            over = State.COMPLETE_COMMIT if one.end == "commit" else State.COMPLETE_ABORT
            entries.append(at(over, epoch=epoch, raised=raises))
        if one.end == "fenced":
            epoch += 1
            entries.append(at(State.EMPTY, epoch=epoch))
    is_to_end = made[-1].names and made[-1].end not in OVER
    truth = None if is_to_end else made[fault].names and made[fault].end == "commit"
    return World(tuple(entries), epochs[fault], truth)


def worlds() -> Iterator[World]:
    """Every world of a few transactions in which one fault leaves something open in the partition."""
    for many, raises in product(range(1, MOST + 1), (False, True)):
        ends = [[Made(*each) for each in product((True, False), OVER)] for _ in range(many)]
        ends[-1] += [Made(*each) for each in product((True, False), ("ongoing", "preparing"))]
        for made in product(*ends):
            for fault in range(many):
                closed = any(one.names and one.end in OVER for one in made[fault + 1 :])
                if not closed:
                    yield world(made, fault, raises=raises)


WORLDS = list(dict.fromkeys(worlds()))


def told(left: World) -> Iterator[tuple[Entry, ...]]:
    """What compaction may leave of a world's log: its end, or all of it."""
    yield from (left.entries[first:] for first in range(len(left.entries)))


def test_whatever_a_fault_leaves_open_is_never_ended_the_other_way():
    assert len(WORLDS) > 500
    wrong = [
        (seen, one.epoch, one.truth)
        for one in WORLDS
        for seen in told(one)
        if committed(seen, PRODUCER, one.epoch, HERE) not in {None, one.truth}
    ]
    assert wrong[:1] == []


def test_all_that_decisions_on_the_log_say_is_reported():
    truths = defaultdict(set)
    for one in WORLDS:
        for seen in told(one):
            truths[seen, one.epoch].add(one.truth)
    missed = [  # of the first epoch, and where another transaction may have gone before what is seen
        (seen, epoch, truth)
        for (seen, epoch), (truth, *others) in truths.items()
        if not others and truth is not None and epoch == EPOCH
        if any(entry.state in PREPARED and epoch in entry.may_end for entry in seen)
        if sum(entry.state in ENDED for entry in seen) + (seen[-1].state not in {State.EMPTY, *ENDED}) < MOST
        if committed(seen, PRODUCER, epoch, HERE) is None
    ]
    assert missed[:1] == []


def test_what_the_coordinator_is_still_to_end_is_left_to_it():
    assert all(is_to_end(one.entries, PRODUCER, HERE) == (one.truth is None) for one in WORLDS)


BEGUN = at(State.EMPTY)
COMMIT = (at(State.ONGOING, HERE, THERE), at(State.PREPARE_COMMIT, HERE, THERE), at(State.COMPLETE_COMMIT))
ELSEWHERE = (at(State.ONGOING, THERE), at(State.PREPARE_COMMIT, THERE), at(State.COMPLETE_COMMIT))
FENCED = (
    at(State.ONGOING, HERE, THERE),
    at(State.PREPARE_ABORT, HERE, THERE, epoch=EPOCH + 1),
    at(State.COMPLETE_ABORT, epoch=EPOCH + 1),
)


@pytest.mark.parametrize(
    ("entries", "ended"),
    [
        ([BEGUN, *COMMIT], True),
        (COMMIT[1:], True),
        ([BEGUN, *COMMIT, at(State.EMPTY, epoch=EPOCH + 2)], True),
        ([BEGUN, *COMMIT, *FENCED], False),
        (FENCED[1:], False),
        ([BEGUN, *FENCED, *ELSEWHERE], False),
        ([BEGUN, *ELSEWHERE], False),
        ([at(State.COMPLETE_COMMIT, epoch=EPOCH - 1), *ELSEWHERE], False),
    ],
)
def test_the_transaction_that_it_is_of_says_how_it_ended(entries: list[Entry], ended: bool):
    assert committed(entries, PRODUCER, EPOCH, HERE) is ended


@pytest.mark.parametrize(
    "entries",
    [
        [],
        [at(State.EMPTY, epoch=EPOCH + 1)],
        [at(State.COMPLETE_COMMIT)],
        [at(State.COMPLETE_ABORT, epoch=EPOCH + 1)],
        [at(State.PREPARE_COMMIT, HERE, producer=8), at(State.COMPLETE_COMMIT, producer=8)],
        [BEGUN, *COMMIT, *ELSEWHERE],
        [BEGUN, *COMMIT, at(State.ONGOING, HERE)],
        [BEGUN, at(State.ONGOING, HERE)],
        [BEGUN, *COMMIT[:2]],
    ],
)
def test_nothing_is_guessed(entries: list[Entry]):
    assert committed(entries, PRODUCER, EPOCH, HERE) is None
