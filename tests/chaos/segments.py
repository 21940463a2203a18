"""Audits the broker's own files: does every partition of every transaction have the marker that ends it there?

``audit`` reads the segments of a data directory, of a broker that is stopped or has nothing to do just now, and the
coordinators' log (``__transaction_state``), which says what each transaction was made of and how it ended. What
compaction has removed can't be audited, and isn't.
"""

import struct
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from aiokafka import TopicPartition

from streams.transactions import history
from streams.transactions.batches import batches, spans
from streams.transactions.history import PREPARED, Entry, State

_RESOLUTION = 1  # milliseconds: a marker may have the time of the decision before it
_END_OF_TRANSACTION = struct.Struct(">hh")  # the key of a marker: its version, and 1 for a commit


class Mark(NamedTuple):
    """A part of a transaction in a partition: records, or (``commit`` is not None) the marker that ends it."""

    producer: int
    epoch: int
    offset: int
    at: int
    commit: bool | None = None


@dataclass(frozen=True)
class Logs:
    """The files of a broker: the states of each transactional id, and the records of each partition, in order."""

    entries: Sequence[Entry]
    marks: Mapping[TopicPartition, Sequence[Mark]]


@dataclass(frozen=True)
class Audit:
    """The result: anomalies as sentences, and the numbers of ends of transactions and of markers that were checked."""

    anomalies: list[str]
    transactions: int
    markers: int


def audit(directory: Path) -> Audit:
    """Audit the data directory of a broker, the one that has ``meta.properties``."""
    logs = read(directory)
    decided = sum(entry.state in PREPARED for entry in logs.entries)
    markers = sum(mark.commit is not None for marks in logs.marks.values() for mark in marks)
    return Audit(anomalies(logs), decided, markers)


def read(directory: Path) -> Logs:
    """Read the files of every partition that was not compacted yet."""
    entries: list[Entry] = []
    marks: dict[TopicPartition, list[Mark]] = {}
    compacted = _compacted(directory)
    for home in sorted(path for path in directory.iterdir() if path.is_dir()):
        topic, _, number = home.name.rpartition("-")
        if topic == history.TOPIC:
            entries += _entries(home)
        elif (
            number.isdigit()
            and not topic.startswith("__")
            and (tp := TopicPartition(topic, int(number))) not in compacted
        ):
            marks[tp] = list(_marks(home))
    return Logs(entries, marks)


def _compacted(directory: Path) -> set[TopicPartition]:
    file = directory / "cleaner-offset-checkpoint"
    rows = [line.split() for line in file.read_text().splitlines()[2:]] if file.exists() else []
    return {TopicPartition(topic, int(number)) for topic, number, offset in rows if int(offset) > 0}


def _entries(home: Path) -> Iterator[Entry]:
    for file in sorted(home.glob("*.log")):
        data = file.read_bytes()
        for batch in batches(data):
            for record in () if batch.control else spans(data, batch):
                if record.key and (entry := history.entry(record.key, record.value)):
                    yield entry


def _marks(home: Path) -> Iterator[Mark]:
    for file in sorted(home.glob("*.log")):
        data = file.read_bytes()
        for batch in batches(data):
            if not batch.transactional:
                continue
            commit = None
            if batch.control:
                (record,) = spans(data, batch)
                commit = _END_OF_TRANSACTION.unpack(record.key or b"")[1] == 1
            yield Mark(batch.producer, batch.epoch, batch.offset, batch.time, commit)


def anomalies(logs: Logs) -> list[str]:
    """Return every transaction that lacks a marker or has a wrong one, and every one that is open, as sentences."""
    by_id = defaultdict[str, list[Entry]](list)
    for entry in logs.entries:
        by_id[entry.id].append(entry)
    steady = _is_steady(by_id, logs)
    found = [sentence for entries in by_id.values() for sentence in _lacking(entries, logs, steady=steady)]
    found += [
        f"The transaction of {name} is not over: it is {entries[-1].state.name}."
        for name, entries in by_id.items()
        if entries[-1].state in {State.ONGOING, State.PREPARE_EPOCH_FENCE, *PREPARED}
    ]
    for tp, marks in logs.marks.items():
        found += _open(tp, marks)
        found += _wrong(tp, marks, logs.entries)
    return found


def _is_steady(by_id: Mapping[str, Sequence[Entry]], logs: Logs) -> bool:
    """Return whether the broker's clock never went back, so that a marker's time identifies its transaction."""
    ids = all(one.at <= following.at for entries in by_id.values() for one, following in pairwise(entries))
    markers = ([mark.at for mark in marks if mark.commit is not None] for marks in logs.marks.values())
    return ids and all(times == sorted(times) for times in markers)


def _lacking(entries: Sequence[Entry], logs: Logs, *, steady: bool) -> Iterator[str]:
    """Yield a sentence for each partition of each transaction of an id that has no marker of it."""
    ends = [entry for entry in entries if entry.state in PREPARED]
    over = ends[:-1] if entries[-1].state in PREPARED else ends  # the last may be about to be marked
    for tp in {tp for entry in over for tp in entry.partitions if tp in logs.marks}:
        here = [entry for entry in over if tp in entry.partitions]
        markers = [mark for mark in logs.marks[tp] if mark.commit is not None]
        yield from _by_time(tp, here, markers) if steady else _by_number(tp, here, markers)


def _by_time(tp: TopicPartition, ends: Sequence[Entry], markers: Sequence[Mark]) -> Iterator[str]:
    """Yield markers that were written before their transaction was decided, or after the next one of its id."""
    untils = [*(entry.at for entry in ends[1:]), float("inf")]
    for entry, until in zip(ends, untils, strict=True):
        if not any(_ends(mark, entry) and entry.at - _RESOLUTION <= mark.at <= until for mark in markers):
            yield _lacks(tp, entry)


def _by_number(tp: TopicPartition, ends: Sequence[Entry], markers: Sequence[Mark]) -> Iterator[str]:
    wanted = Counter((entry.producer, entry.epoch, entry.state) for entry in ends)
    for (producer, epoch, state), count in wanted.items():
        entry = next(one for one in ends if (one.producer, one.epoch, one.state) == (producer, epoch, state))
        if sum(_ends(mark, entry) for mark in markers) < count:
            yield _lacks(tp, entry)


def _ends(mark: Mark, entry: Entry) -> bool:
    """Return whether a marker ends this transaction; a later settlement uses the epoch of its records."""
    epochs = entry.may_end | {entry.epoch}
    return mark.producer == entry.producer and mark.epoch in epochs and mark.commit == PREPARED[entry.state]


def _lacks(tp: TopicPartition, entry: Entry) -> str:
    decided = "commit" if PREPARED[entry.state] else "abort"
    return (
        f"The {decided} of {entry.id} (producer {entry.producer}, epoch {entry.epoch}, at {entry.at}) has no marker in"
        f" {tp.topic}/{tp.partition}."
    )


def _open(tp: TopicPartition, marks: Sequence[Mark]) -> Iterator[str]:
    begun: dict[int, Mark] = {}
    for mark in marks:
        if mark.commit is None:
            begun.setdefault(mark.producer, mark)
        else:
            begun.pop(mark.producer, None)
    for mark in begun.values():
        yield (
            f"{tp.topic}/{tp.partition} has an open transaction of producer {mark.producer} (epoch {mark.epoch}) since"
            f" offset {mark.offset}."
        )


def _wrong(tp: TopicPartition, marks: Sequence[Mark], entries: Sequence[Entry]) -> Iterator[str]:
    """Yield commits that nobody decided, and records of two epochs that one marker has ended."""
    committed = {
        (entry.producer, entry.epoch)
        for entry in entries
        if entry.state is State.PREPARE_COMMIT and tp in entry.partitions
    }
    committed |= {
        (entry.producer, entry.epoch - 1)
        for entry in entries
        if entry.state is State.PREPARE_COMMIT and entry.raised and tp in entry.partitions
    }
    known = {entry.producer for entry in entries}
    epochs = dict[int, int]()
    for mark in marks:
        if mark.commit is None:
            if epochs.setdefault(mark.producer, mark.epoch) != mark.epoch:
                yield (
                    f"{tp.topic}/{tp.partition} has no marker between records of producer {mark.producer} of epoch"
                    f" {epochs[mark.producer]} and those of epoch {mark.epoch} at offset {mark.offset}."
                )
            continue
        if mark.commit and mark.producer in known and (mark.producer, mark.epoch) not in committed:
            yield (
                f"{tp.topic}/{tp.partition} has a commit of producer {mark.producer} (epoch {mark.epoch}) at offset"
                f" {mark.offset} that no coordinator has decided."
            )
        epochs.pop(mark.producer, None)
