"""Folds dead letters that are sent again: every stage reads them as another input, and folds its own.

A ``Retry`` contains the dead-lettered record. It is folded as a new one, by the function of its original topic, in a
block of retries, and committed like any record. A stage with its own state keeps which records it has put back, so that
a second Retry of the same does nothing; one that fails again is dead-lettered again, and can be sent again.

Views instead go back to the record's position and fold everything from there again: their rows keep the newest version,
and only the log's order guarantees that nothing older stays.
"""

from typing import Any, cast

import structlog
from aiokafka.structs import ConsumerRecord

from schemas import records as r
from schemas.codec import Undecodable
from schemas.topics import CHANGELOG, DAYS, DEAD_LETTERS
from streams.runtime.record import NOWHERE, Record, place
from streams.runtime.stage import Stage

KEPT = DEAD_LETTERS.retention + 10 * DAYS
"""Milliseconds that retried records are kept in the state: longer than dead letters live, for clocks that differ."""

OVERTAKEN = "later"
"""The name, among a block's recorded settings, of the retries that have been overtaken."""

Subject = tuple[str, str, bytes | None, str]
"""A stage, a topic, a record's key, and the record's subject for that stage within that key."""

log = structlog.get_logger()


def put_back(block: Any, retry: r.Retry) -> None:
    """Fold a dead letter of the block's stage that is sent again; with others' do nothing."""
    stage: Stage = block.stage
    if retry.stage != stage.name:
        return
    if stage.retried is None:
        block.rewind(retry.topic, retry.offset)
        return
    record, mark = block.record, _mark(retry)
    _forget(stage, retry)
    if stage.retried.has(mark):
        log.info("put back before", stage=stage.name, source=place(record.raw), record=name(retry))
    elif reason := _refusal(stage, block, retry) or _fold(stage, block, record, retry):
        block.dead_letter(reason)
    elif not block.dead_lettered:
        stage.retried.set(mark)
        block.put_back.append(record)


def _fold(stage: Stage, block: Any, record: Record, retry: r.Retry) -> str | None:
    """Fold the record that is sent again; return why it can't be decoded."""
    raw = original(record.raw, retry)
    try:
        value = block.context.codec.decode(retry.value)
    except Undecodable as error:
        return str(error)
    if retry.offset == NOWHERE:
        assert stage.punctuate
        stage.punctuate(block, cast("r.Timer", value))
        return None
    topic = next(topic for topic in stage.reads if topic.name == retry.topic)
    if not isinstance(value, topic.records):
        return f"{type(value).__name__} is no record of {topic.name}"
    wanted = stage.wanted[topic.name]
    if not wanted or isinstance(value, wanted):
        overtaken = retry.later or _is_overtaken(stage, block, retry, value)
        block.record = Record(raw, value, retry.at, overtaken, cast("ConsumerRecord", record.raw))
        stage.folds[topic.name](block, value)
    return None


def _is_overtaken(stage: Stage, block: Any, retry: r.Retry, value: Any) -> bool:
    """Return whether a later record about the same subject was found on the log, or is what the block has led to.

    The latter is recorded with the block, too: a replay takes both from there.
    """
    offset, found = str(block.record.raw.offset), block.recorded_settings.get(OVERTAKEN, "").split()
    about = stage.about.get(retry.topic)
    if offset not in found and about and block.has_led_to((stage.name, retry.topic, retry.key, about(value))):
        found.append(offset)
        block.recorded_settings = {**block.recorded_settings, OVERTAKEN: " ".join(found)}
    return offset in found


def _refusal(stage: Stage, block: Any, retry: r.Retry) -> str | None:
    """Return why a record can't be folded here, regardless of its content."""
    if retry.partition != block.partition:
        return f"the record is of partition {retry.partition}"
    if retry.at - retry.died_at > DEAD_LETTERS.retention:
        return "the dead letter is older than 90 days"
    if retry.offset == NOWHERE and stage.punctuate and retry.topic.endswith(CHANGELOG):
        return None  # a timer, of this topology's changelog, or of that before its stages were regrouped
    if retry.topic not in stage.folds or retry.offset < 0:
        return f"{stage.name} reads no {retry.topic}"
    return None


def name(retry: r.Retry) -> str:
    """Return the name under which a record is put back once: its original position; for a timer with its id."""
    where = f"{retry.topic}/{retry.partition}/{retry.offset}"
    return f"{where}/{(retry.key or b'').decode(errors='replace')}" if retry.offset == NOWHERE else where


def _mark(retry: r.Retry) -> r.Timer:
    return r.Timer(id=name(retry), user=retry.user, subject=retry.id, due=retry.died_at)


def _forget(stage: Stage, retry: r.Retry) -> None:
    """Drop records that can't be sent again any more, since their dead letters are gone."""
    assert stage.retried
    for old in list(stage.retried.due(retry.at - KEPT, 10)):
        stage.retried.remove(old)


def original(raw: Any, retry: r.Retry) -> ConsumerRecord:
    """Return the original of a record that is sent again; only its time is lost, which affects nothing."""
    return ConsumerRecord(
        topic=retry.topic,
        partition=retry.partition,
        offset=retry.offset,
        timestamp=raw.timestamp,
        timestamp_type=0,
        key=retry.key,
        value=retry.value,
        checksum=None,
        serialized_key_size=len(retry.key or b""),
        serialized_value_size=len(retry.value or b""),
        headers=retry.headers,
    )
