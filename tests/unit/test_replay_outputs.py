"""Records on output topics: those that an input led to, under whatever schema; those of timers, and what was put in."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any, cast

import pytest
from aiokafka.structs import ConsumerRecord
from msgspec.structs import replace

from schemas import contract
from schemas import records as r
from schemas.codec import Codec
from schemas.envelope import Envelope, Source, seal
from schemas.registry.client import Registry
from schemas.topics import Topic
from streams.replay.dead_letters import DeadLetters
from streams.replay.difference import Differs
from streams.replay.outputs import Outputs
from streams.runtime import Block, Stage, Topology

NOTICES = Topic("notices", "test", (r.TaskNotice,))
EVENTS = Topic("events", "test", (r.TaskCreated,))


def raw(topic: Topic, offset: int, *headers: tuple[str, bytes]) -> ConsumerRecord:
    return ConsumerRecord(topic.name, 0, offset, 0, 0, b"ann", b"", None, 0, 0, headers)


async def reader(records: Iterable[ConsumerRecord]) -> AsyncIterator[ConsumerRecord]:
    for record in records:
        yield record


def outputs(
    *records: ConsumerRecord, read: int = 0, aside: Iterable[int] = (), outside: tuple[Topic, ...] = (NOTICES,)
) -> Outputs:
    """Return the topics of a stage that has timers, read its notices so far, and dead-lettered some.

    Its effects produce to the topics ``outside``, too; what it writes to others that it reads is handed on in memory.
    """
    stage = Stage("noticing", reads=(NOTICES,), writes=(NOTICES, EVENTS), outside=outside)
    stage.timer("timers")
    stage.on_timer(NOTICES)(lambda *_: None)
    readers = {topic.name: reader([each for each in records if each.topic == topic.name]) for topic in stage.writes}
    dead = DeadLetters(0, {("noticing", (NOTICES.name, 0, offset)): ["why"] for offset in aside})
    seen, positions = dict.fromkeys(readers, 9), {NOTICES.name: read}
    return Outputs(Topology.of(stage), codec(), readers, seen, positions, dead)


@pytest.mark.parametrize("outside", [(), (NOTICES,)], ids=["handed on", "read from the log"])
@pytest.mark.parametrize(
    ("read", "aside", "fired"),
    [
        (0, (), {"t-1"}),  # its notice is yet to be read
        (1, (), set()),  # it was read: then the timer should be gone
        (1, (0,), {"t-1"}),  # it was read, and is among the dead letters
    ],
)
async def test_a_timer_that_stands_though_it_was_taken_has_a_notice_that_nobody_has_folded(read, aside, fired, outside):
    found = outputs(raw(NOTICES, 0, ("ce_id", b"t-1")), read=read, aside=aside, outside=outside)
    await found.finish()
    assert found.fired == fired


async def test_a_record_without_an_input_stands_only_where_timers_write():
    found = outputs(raw(EVENTS, 0, ("ce_id", b"t-1")))
    with pytest.raises(Differs, match=r"events/0/0.*the stage did not write it"):
        await found.finish()


OF_EFFECT = (("ce_source", b"/rondo/effects"), ("ce_id", b"t-1"))


@pytest.mark.parametrize("headers", [OF_EFFECT, pytest.param((), id="an older version's")])
async def test_what_became_of_an_effect_stands_on_an_input_and_is_no_timer_s(headers: tuple[tuple[str, bytes], ...]):
    await (found := outputs(raw(NOTICES, 0, *headers))).finish()
    assert found.fired == set()
    with pytest.raises(Differs, match=r"events/0/0.*the stage did not write it"):
        await outputs(raw(EVENTS, 0, *headers)).finish()


@pytest.mark.parametrize("headers", [OF_EFFECT, pytest.param((), id="an older version's")])
async def test_no_effect_writes_to_a_topic_that_is_handed_on(headers: tuple[tuple[str, bytes], ...]):
    with pytest.raises(Differs, match=r"notices/0/0.*the stage did not write it"):
        await outputs(raw(NOTICES, 0, *headers), outside=()).finish()


def codec(*schemas: Any) -> Codec:
    """Return a codec whose registry has these schemas."""
    return Codec(cast("Registry", Numbered(*schemas)))


class Numbered:
    """A registry in this process: a schema's number is its place."""

    def __init__(self, *schemas: Any) -> None:
        self._schemas = [*schemas]

    async def register(self, _subject: str, schema: Any) -> int:
        self._schemas.append(schema)
        return len(self._schemas) - 1

    async def schema(self, number: int) -> Any:
        return self._schemas[number]


@dataclass
class Emitted:
    """What a block has emitted."""

    outputs: dict[str, list[Envelope]]
    partition: int = 0


OUTCOME = r.CommandOutcome("ann", 1_000, "c-1", r.OutcomeKind.ACCEPTED, "t-1", version=1)
OUTCOMES = Topic("outcomes", "test", (r.CommandOutcome,))


@pytest.mark.parametrize(("version", "holds"), [(1, True), (2, False)])
async def test_an_output_under_an_earlier_schema_is_compared_by_what_it_says(version: int, holds: bool):
    schema = contract.schema(r.CommandOutcome)
    later = codec({**cast("dict[str, Any]", schema), "doc": "As it was described then."})
    await later.publish([OUTCOMES])
    again = later.encode(OUTCOMES.name, OUTCOME)
    out = seal(OUTCOME, again, Source.BLOCK, "commands/0/0")
    earlier = b"\0" + bytes(4) + later.encode(OUTCOMES.name, replace(OUTCOME, version=version))[5:]
    raw = ConsumerRecord(OUTCOMES.name, 0, 0, out.at, 0, out.key, earlier, None, 0, 0, tuple(out.headers))
    stage = Stage("deciding", reads=(NOTICES,), writes=(OUTCOMES,))
    readers = {OUTCOMES.name: reader([raw])}
    found = Outputs(Topology.of(stage), later, readers, {OUTCOMES.name: 1}, {}, DeadLetters(0))
    emitted = cast("Block", Emitted({OUTCOMES.name: [out]}))
    if holds:
        await found.expect(emitted)
        await found.finish()
        assert found.compared == 1
    else:
        with pytest.raises(Differs, match=r"Field version: it is 2, replay leads to 1\."):
            await found.expect(emitted)
