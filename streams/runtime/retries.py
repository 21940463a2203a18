"""Dead letters that are sent again: a stage reads them as another input, and folds its own.

A ``Retry`` contains the dead-lettered record. It is folded as a new one, by the function of its original topic, in a
separate block of retries, and committed like any record. A stage with its own state keeps which records it has put
back, so that a second Retry of the same does nothing; one that fails again is dead-lettered again, and can be sent
again.

Views instead go back to the record's position and fold everything from there again: their rows keep the newest version,
and only the log's order guarantees that nothing older stays.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from types import TracebackType
from typing import Literal, cast

import structlog
from aiokafka import TopicPartition
from aiokafka.structs import ConsumerRecord

from schemas import records as r
from schemas.codec import Serde, Undecodable
from schemas.kafka.log_reader import Bounds, LogReader
from schemas.topics import DAYS, DEAD_LETTERS
from streams.runtime.block import NOWHERE, Block, Record, place
from streams.runtime.context import Context
from streams.runtime.stage import Fold, Stage

KEPT = DEAD_LETTERS.retention + 10 * DAYS
"""Milliseconds that retried records are kept in the state: longer than dead letters live, for clocks that differ."""

Subject = tuple[str, bytes | None, str]
"""A topic, a record's key, and the record's subject within that key."""

_LATER = "later"  # the name, among a block's recorded settings, of the retries that have been overtaken

log = structlog.get_logger()


def fold_of(stage: Stage, topic: str) -> Fold:
    """Return the function that folds the blocks of a stage's input, its retries among them."""
    return put_back if stage.retries and topic == stage.retries.name else stage.folds[topic]


def put_back(block: Block) -> None:
    """Fold the dead letters of the block's stage that are sent again."""
    for record in block:
        if record.value.stage == block.stage.name:
            _take(block.stage, block, record)


def _take(stage: Stage, block: Block, record: Record) -> None:
    retry = cast("r.Retry", record.value)
    if stage.retried is None:
        block.rewind(retry.topic, retry.offset)
        return
    mark = _mark(retry)
    _forget(stage, retry)
    if stage.retried.has(mark):
        log.info("put back before", stage=stage.name, source=place(record.raw), record=name(retry))
    elif reason := _refusal(stage, block, retry):
        block.dead_letter(record.raw, reason)
    elif _folds(stage, block, record):
        stage.retried.set(mark)
        block.put_back.append(record)


def _folds(stage: Stage, block: Block, record: Record) -> bool:
    """Fold a record that is sent again; return whether it was not dead-lettered again."""
    retry = cast("r.Retry", record.value)
    within = Within(block, record)
    if retry.offset != NOWHERE:
        with within:
            fold_of(stage, retry.topic)(within)
        return not within.dead_lettered
    try:
        timer = cast("r.Timer", block.context.codec.decode(retry.value))
    except Undecodable as error:
        block.dead_letter(record.raw, str(error))
        return False
    assert stage.punctuate
    stage.punctuate(within, timer)
    return True


def _refusal(stage: Stage, block: Block, retry: r.Retry) -> str | None:
    """Return why a record can't be folded here, regardless of its content."""
    if retry.partition != block.partition:
        return f"the record is of partition {retry.partition}"
    if retry.at - retry.died_at > DEAD_LETTERS.retention:
        return "the dead letter is older than 90 days"
    if retry.offset == NOWHERE and stage.punctuate and retry.topic == stage.changelog_name:
        return None
    if retry.topic not in stage.inputs or retry.offset < 0:
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


class Within(Block):
    """A block of one record that is sent again, for the function of its topic, within the block of retries."""

    def __init__(self, block: Block, record: Record) -> None:
        self._block, self._retry = block, record
        retry = cast("r.Retry", record.value)
        raws = [original(record.raw, retry)]
        super().__init__(block.stage, block.context, block.partition, raws, state=block.state, now=block.now)
        self.logged, self.recorded_settings = block.logged, block.recorded_settings
        self.decision_version = block.decision_version
        self.outputs, self.effects, self.rows = block.outputs, block.effects, block.rows
        self.dead_lettered = False
        self._folding = record.raw

    def __enter__(self) -> "Within":
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> Literal[False]:
        self._block.bytes += self.bytes
        return False  # an exception is the outer block's failure

    def __iter__(self) -> Iterator[Record]:
        retry = cast("r.Retry", self._retry.value)
        for record in super().__iter__():
            self._folding = self._retry.raw  # the input that causes the output
            yield Record(record.raw, record.value, retry.at, is_overtaken(self._block, self._retry))

    def dead_letter(self, raw: ConsumerRecord, reason: str) -> None:  # noqa: ARG002 - the Retry is dead-lettered
        """Dead-letter the retry again."""
        self.dead_lettered = True
        self._block.dead_letter(self._retry.raw, reason)


def original(raw: ConsumerRecord, retry: r.Retry) -> ConsumerRecord:
    """Return the original of a record that is sent again; only its time is lost, which affects nothing."""
    return ConsumerRecord(
        topic=retry.topic,
        partition=retry.partition,
        offset=retry.offset,
        timestamp=raw.timestamp,
        timestamp_type=raw.timestamp_type,
        key=retry.key,
        value=retry.value,
        checksum=None,
        serialized_key_size=len(retry.key or b""),
        serialized_value_size=len(retry.value or b""),
        headers=retry.headers,
    )


# Whether a later record about the same subject was folded meanwhile: the sender searches up to some offset, the stage
# from there to its position. The result is recorded with the block, so that a replay decides the same.


def is_overtaken(block: Block, record: Record) -> bool:
    """Return whether a later record about the same subject was folded before the one that is sent again."""
    return record.value.later or str(record.raw.offset) in block.recorded_settings.get(_LATER, "").split()


async def prepare(block: Block, positions: dict[str, int]) -> None:
    """Fetch the schemas that these records need, again, and search for records that have overtaken them.

    Raises RegistryUnavailable, KafkaError.
    """
    stage, context = block.stage, block.context
    retries = await _own(block)
    await context.codec.learn((retry.value for _, retry in retries), refresh=True)
    wanted = {raw.offset: (retry, about) for raw, retry in retries if (about := _subject(stage, block, retry))}
    newest = await _newest(stage, context, wanted.values(), positions)
    found = [offset for offset, (retry, about) in wanted.items() if newest.get(about, -1) >= _unseen(retry)]
    if found:
        block.recorded_settings = {**block.recorded_settings, _LATER: " ".join(map(str, found))}


async def _own(block: Block) -> list[tuple[ConsumerRecord, r.Retry]]:
    codec = block.context.codec
    await codec.learn(raw.value for raw in block.raws)
    found = []
    for raw in block.raws:
        with suppress(Undecodable):
            if isinstance(retry := codec.decode(raw.value), r.Retry) and retry.stage == block.stage.name:
                found.append((raw, retry))
    return found


def _subject(stage: Stage, block: Block, retry: r.Retry) -> Subject | None:
    """Return the subject to search for on behalf of a retry, None if it makes no difference."""
    if retry.later or retry.partition != block.partition:
        return None
    about = subject(stage, retry.topic, retry.value, block.context.codec)
    return None if about is None else (retry.topic, retry.key, about)


def _unseen(retry: r.Retry) -> int:
    """Return the first offset behind the record that the sender had not seen: usually a very recent one."""
    return max(retry.seen, retry.offset + 1)


async def _newest(
    stage: Stage, context: Context, wanted: Collection[tuple[r.Retry, Subject]], positions: dict[str, int]
) -> dict[Subject, int]:
    """Return the offset of the last record about each of these that no sender had seen and the stage has folded.

    There is one reader for all, and it reads each partition once.
    """
    bounds: Bounds = {}
    for retry, _ in wanted:
        tp, end = TopicPartition(retry.topic, retry.partition), positions.get(retry.topic, 0)
        if (begin := _unseen(retry)) < end:
            bounds[tp] = min(begin, bounds.get(tp, (end, end))[0]), end
    if not bounds:
        return {}
    keys, newest = {about[:2] for _, about in wanted}, {}
    async with LogReader.of(context.settings.kafka) as reader:
        async for raw in reader.between(bounds):
            if (raw.topic, raw.key) in keys:
                await context.codec.learn([raw.value])
                if about := subject(stage, raw.topic, raw.value, context.codec):
                    newest[raw.topic, raw.key, about] = raw.offset
    return newest


def subject(stage: Stage, topic: str, message: bytes | None, codec: Serde) -> str | None:
    """Return the subject of an input's record, None if unknown; see ``Stage.on``."""
    about, folds = stage.about.get(topic), stage.wanted.get(topic)
    if about is None:
        return None
    with suppress(Undecodable):
        record = codec.decode(message)
        return about(record) if not folds or isinstance(record, folds) else None
    return None
