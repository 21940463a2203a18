"""What a block takes of the records that wait."""

from pathlib import Path

from aiokafka.structs import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from schemas import records as r
from schemas.topics import Topic
from streams.runtime import Stage, Topology
from streams.runtime.intake import Intake
from streams.runtime.settings import Settings

TOPICS = tuple(Topic(name, "test", (r.CompleteTask,)) for name in ("a", "b", "c", "d", "e"))
NAMES = [topic.name for topic in TOPICS]
MOST = 5
WAITING = st.lists(st.dictionaries(st.sampled_from(NAMES), st.integers(1, 3), min_size=1), min_size=1, max_size=9)


class Fed:
    """An intake, and what it was given so far."""

    def __init__(self, most: int, *, mixes: bool) -> None:
        settings = Settings(kafka="", registry="", data=Path(), block_records=most)
        stage = Stage("fed", reads=TOPICS, mixes=mixes)
        self.intake = Intake(Topology.of(stage), settings, 10**9, lambda _: None, lambda _: None)
        self._ends = dict.fromkeys(NAMES, 0)

    def hold(self, waiting: dict[str, int]) -> None:
        for topic, count in waiting.items():
            begin = self._ends[topic]
            self._ends[topic] += count
            offsets = range(begin, begin + count)
            raws = [ConsumerRecord(topic, 0, at, 0, 0, None, b"", None, 0, 0, ()) for at in offsets]
            self.intake.hold(topic, raws, begin)

    def take(self) -> dict[str, list[int]]:
        taken: dict[str, list[int]] = {}
        for raw in self.intake.take():
            taken.setdefault(raw.topic, []).append(raw.offset)
        return taken


@given(WAITING)
def test_a_block_that_mixes_takes_all_that_waits_on_every_input(blocks: list[dict[str, int]]):
    fed = Fed(1000, mixes=True)
    for waiting in blocks:
        fed.hold(waiting)
        assert {topic: len(offsets) for topic, offsets in fed.take().items()} == waiting
        assert not fed.intake


@given(WAITING, st.booleans())
def test_blocks_take_each_record_once_in_its_order_and_no_more_than_they_may(blocks: list[dict[str, int]], mixes: bool):
    fed = Fed(MOST, mixes=mixes)
    taken: dict[str, list[int]] = {}
    for waiting in blocks:
        fed.hold(waiting)
    while block := fed.take():
        assert sum(map(len, block.values())) <= MOST
        assert mixes or len(block) == 1
        for topic, offsets in block.items():
            taken.setdefault(topic, []).extend(offsets)
    counts = {topic: sum(waiting.get(topic, 0) for waiting in blocks) for topic in NAMES}
    assert taken == {topic: [*range(count)] for topic, count in counts.items() if count}


@given(st.sampled_from(NAMES))
def test_inputs_take_turns_while_each_has_more_than_a_block_takes(last: str):
    fed = Fed(MOST, mixes=True)
    fed.hold({last: MOST})
    fed.take()
    fed.hold(dict.fromkeys(NAMES, MOST))
    after = NAMES[NAMES.index(last) + 1 :] + NAMES[: NAMES.index(last) + 1]
    assert [[*fed.take()] for _ in NAMES] == [[name] for name in after]
