"""Records on their way to the log: in which batches, and under which times."""

from collections.abc import Callable

import pytest
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch
from hypothesis import given
from hypothesis import strategies as st

from schemas.envelope import Envelope, batches
from schemas.kafka.latest import Latest

TIMES = st.lists(st.integers(1, 50), max_size=20)
BATCH = 200  # bytes


def sealed(times: list[int]) -> list[Envelope]:
    """Records of these times, some of which don't fit into a batch with others."""
    return [Envelope(str(n).encode(), bytes(at * 5), at, [("h", b"x")]) for n, at in enumerate(times)]


def read(found: list[BatchBuilder]) -> list[list[tuple[bytes | None, bytes | None, int]]]:
    return [[(one.key, one.value, one.timestamp) for one in DefaultRecordBatch(each._build())] for each in found]


@given(TIMES)
def test_each_record_is_in_one_batch_in_its_order_and_no_batch_is_empty(times: list[int]):
    found = read(list(batches(lambda: BatchBuilder(BATCH, 0), sealed(times))))
    assert all(found)
    assert [one for batch in found for one in batch] == [(out.key, out.value, out.at) for out in sealed(times)]


@given(TIMES)
def test_a_record_gets_its_time_when_its_batch_is_filled(times: list[int]):
    """Between two batches others may have been sent, with later times."""
    latest, last, found = Latest(), 0, []
    for batch in batches(lambda: BatchBuilder(BATCH, 0), sealed(times), lambda at: latest.stamp("t", at)):
        found.append(batch)
        last = latest.stamp("t", 60 + len(found))
        _, *rest = read(found)[-1]
        assert last == 60 + len(found)
        assert len(rest) + 1 == batch.record_count()
    stamps = [[at for *_, at in batch] for batch in read(found)]
    assert all(min(batch) >= 60 + number for number, batch in enumerate(stamps) if number)


@pytest.mark.parametrize("stamped", [
    lambda latest, outputs: [out.at for out in latest.stamped("t", outputs)],
    lambda latest, outputs: [latest.stamp("t", out.at) for out in outputs],
], ids=["at once", "one by one"])  # fmt: skip
@given(before=TIMES, times=TIMES)
def test_times_never_go_back_and_are_no_later_than_the_latest_so_far(
    stamped: Callable[[Latest, list[Envelope]], list[int]], before: list[int], times: list[int]
):
    latest = Latest()
    latest.stamped("t", sealed(before))
    assert stamped(latest, sealed(times)) == [max(before + times[: n + 1]) for n in range(len(times))]
