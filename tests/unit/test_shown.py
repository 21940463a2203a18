"""Records as people and programs see them."""

import pytest
from aiokafka.structs import ConsumerRecord

from rondo.operator.lag import age
from rondo.operator.records import concerns, instant, key, text


def record(key: bytes | None) -> ConsumerRecord:
    return ConsumerRecord("a-topic", 1, 7, 1_500, 0, key, b"", None, 0, 0, [])


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (None, None),
        (b"ann", "ann"),
        (b"tasks\0ann/7", "tasks ann/7"),
        (b"position\0", "position"),
        (b"cursor\0timers", "cursor timers"),
        (b"timers\0" + (1_500).to_bytes(8) + b"t-1", "timers 1970-01-01T00:00:01.500Z t-1"),
        (b"\xff\x1b", r"\xff\x1b"),
    ],
)
def test_a_key_is_described_in_words(raw: bytes | None, told: str | None):
    assert key(raw) == told


def test_what_would_move_a_terminals_cursor_is_escaped():
    assert text(b"a\x1b[2Jb\r\n") == r"a\x1b[2Jb\r\n"


def test_an_instant_beyond_the_calendar_is_reported_as_it_is():
    assert instant(10**17) == f"{10**17} ms"


@pytest.mark.parametrize(
    ("seconds", "told"), [(None, ""), (0.44, "0.4 s"), (45.2, "45 s"), (200, "3 min"), (7_300, "2 h"), (10**6, "12 d")]
)
def test_an_age_is_reported_in_the_unit_that_fits(seconds: float | None, told: str):
    assert age(seconds) == told


@pytest.mark.parametrize(
    ("raw", "value", "is_theirs"),
    [
        (record(b"ann"), {}, True),
        (record(b"tasks\0ann/7"), None, True),
        (record(b"heads\0ann"), {}, True),
        (record(b"joann"), {}, False),
        (record(b"timers\0" + bytes(8) + b"t"), {"user": "ann"}, True),
        (record(b"tasks/task-commands/0/7"), {"key": "ann"}, True),
        (record(b"bob"), {"title": "ann"}, False),
    ],
)
def test_a_record_is_a_users_by_its_key_or_by_what_it_says(raw: ConsumerRecord, value: object, is_theirs: bool):
    assert concerns("ann", raw, value) is is_theirs
