"""Records that wait for a block: when fetching pauses, and when it goes on."""

import pytest
from aiokafka.structs import ConsumerRecord

from streams.runtime.buffer import RECORD, Buffer

MANY = 10**9


def raws(count: int) -> list[ConsumerRecord]:
    return [ConsumerRecord("a", 0, offset, 0, 0, None, b"", None, 0, 0, ()) for offset in range(count)]


@pytest.mark.parametrize(("records", "size"), [(4, MANY), (MANY, 4 * RECORD)])
def test_fetching_pauses_while_as_much_is_held_as_may_be_and_goes_on_at_half(records: int, size: int):
    held = Buffer(records, size)
    held.add(raws(4))
    assert held.is_full()
    held.take(1)
    assert not held.is_low()
    held.take(1)
    assert held.is_low()


@pytest.mark.parametrize(("records", "size"), [(1, MANY), (MANY, 1), (MANY, 0)])
def test_fetching_goes_on_once_nothing_is_held_however_little_may_be(records: int, size: int):
    held = Buffer(records, size)
    assert not held.is_full()
    held.add(raws(1))
    assert held.is_full()
    held.take(1)
    assert held.is_low()
