"""Positions on the log."""

import pytest
from aiokafka.structs import ConsumerRecord

from streams.replay.ranges import LogPosition, NotAPosition, Since, Until
from streams.replay.recorded_blocks import RecordedBlock


def raw(offset: int, at: int = 0, topic: str = "a") -> ConsumerRecord:
    return ConsumerRecord(topic, 0, offset, at, 0, None, b"", None, 0, 0, ())


async def offsets(blocks: list[list[ConsumerRecord]], until: LogPosition | None) -> list[list[int]]:
    async def recorded():
        for raws in blocks:
            yield RecordedBlock(raws, 0)

    return [[record.offset for record in block.raws] async for block in Until(until).blocks(recorded())]


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("task-events/3/17", LogPosition(None, "task-events", 3, 17)),
        ("1970-01-01T00:00:01Z", LogPosition(1000)),
        ("1970-01-01T00:00:01", LogPosition(1000)),
        ("1970-01-01T01:00:01+01:00", LogPosition(1000)),
    ],
)
def test_a_position_is_a_record_or_an_instant(text: str, position: LogPosition):
    assert LogPosition.parsed(text) == position


@pytest.mark.parametrize("text", ["", "yesterday", "task-events/3", "task-events/x/17", "task-events/3/-1"])
def test_what_names_no_position_is_refused_with_what_would(text: str):
    with pytest.raises(NotAPosition, match="task-events/0/17"):
        LogPosition.parsed(text)


async def test_a_replay_ends_before_its_record():
    assert await offsets([[raw(0), raw(1)], [raw(2), raw(5)], [raw(6)]], LogPosition(None, "a", 0, 5)) == [[0, 1], [2]]


async def test_a_replay_ends_before_the_first_record_of_its_instant():
    assert await offsets([[raw(0, 10)], [raw(1, 20), raw(2, 5)], [raw(3, 5)]], LogPosition(20)) == [[0]]


async def test_a_replay_without_an_end_goes_on_to_the_last_record():
    assert await offsets([[raw(0)], [raw(1)]], None) == [[0], [1]]


def test_from_a_place_on_everything_counts():
    since = Since(LogPosition(20))
    assert [since.first(raws) for raws in ([raw(0, 10)], [raw(1, 10), raw(2, 20)], [raw(3, 10)])] == [None, 2, 3]


def test_without_a_place_everything_counts_from_the_beginning():
    assert Since(None).first([raw(4, 10)]) == 4
