"""Records as they are shown to people: without what earlier versions quoted of a webhook's address."""

import pytest
from aiokafka.structs import ConsumerRecord
from msgspec.structs import replace

from rondo.operator.records import decode
from schemas import records as r
from schemas.codec import Codec
from schemas.topics import DEAD_LETTERS, NOTIFICATIONS, RETRIES, changelog
from streams.replay.difference import compare_messages
from tests.unit.test_channels import CLAIM, SECRET

FAILED = replace(CLAIM, step=r.Step.FAILED, detail=f"ConnectError: http://u:{SECRET}@h/{SECRET}")
STATE = changelog("tasks", (r.Delivery,)).name


def dead_letters(value: bytes) -> list[tuple[str, r.DeadLetter | r.Retry]]:
    dead = r.DeadLetter("notify", NOTIFICATIONS.name, 0, 7, 0, "KeyError", b"user", value)
    sent = ("id", "user", 0, "notify", 1, 0, NOTIFICATIONS.name, 0, 7, "KeyError", b"user", value)
    return [(DEAD_LETTERS.name, dead), (RETRIES.name, r.Retry(*sent))]


@pytest.mark.parametrize("record", [FAILED, r.Delivery(FAILED)], ids=lambda record: type(record).__name__)
async def test_no_record_is_shown_with_what_an_earlier_version_quoted(
    record: r.Notification | r.Delivery, codec: Codec
):
    value = codec.encode(NOTIFICATIONS.name if record is FAILED else STATE, record)
    messages = [value, *(codec.encode(topic, dead_letter) for topic, dead_letter in dead_letters(value))]
    for message in messages:
        raw = ConsumerRecord("a-topic", 0, 7, 0, 0, b"user", message, None, 0, 0, [])
        told = (await decode(codec, raw)).line()
        assert "it can't be sent (ConnectError)" in told
        assert SECRET not in told


def test_no_difference_is_reported_with_what_an_earlier_version_quoted(codec: Codec):
    stands, replayed = (codec.encode(NOTIFICATIONS.name, replace(FAILED, attempt=attempt)) for attempt in (1, 2))
    assert SECRET not in str(compare_messages(codec, stands, replayed))
    assert SECRET not in str(compare_messages(codec, stands, None))
