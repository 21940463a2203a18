"""What is committed is read from a real broker: in order, up to fixed ends, past what no consumer is given."""

import asyncio
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.structs import ConsumerRecord

from schemas import records as r
from schemas.kafka import admin
from schemas.kafka.log_reader import Ends, LogReader, committed
from schemas.topics import Topic

MANY = 6_000
"""More records of a partition than wait for their reader."""


@pytest.fixture(scope="module")
async def topic(kafka: str) -> str:
    """A topic of partitions with few records, with many, with aborted ones, and with two; markers end each."""
    made = Topic(f"read-{uuid4().hex[:8]}", "tests", (r.TaskCreated,))
    await admin.create(kafka, 4, [made])
    async with AIOKafkaProducer(bootstrap_servers=kafka, transactional_id=made.name) as producer:
        for partition, count, commit in ((0, 3, True), (1, MANY, True), (2, 5, False), (3, 2, True)):
            await producer.begin_transaction()
            sent = [await producer.send(made.name, b"%d" % n, partition=partition) for n in range(count)]
            await asyncio.gather(*sent)
            await (producer.commit_transaction() if commit else producer.abort_transaction())
    return made.name


def values(records: list[ConsumerRecord]) -> list[int]:
    return [int(raw.value) for raw in records]


def at(topic: str, partition: int) -> TopicPartition:
    return TopicPartition(topic, partition)


async def test_committed_records_are_yielded_one_partition_after_the_other(kafka: str, topic: str):
    found = [(raw.partition, int(raw.value)) async for raw in committed(kafka, topic)]
    assert found == [(0, n) for n in range(3)] + [(1, n) for n in range(MANY)] + [(3, 0), (3, 1)]


async def test_a_partition_is_read_to_its_end_while_another_holds_all_that_may_wait(kafka: str, topic: str):
    async with LogReader.of(kafka, fetch_bytes=1024 * 1024) as reader, asyncio.timeout(20):
        bounds = await reader.bounds(await reader.partitions(topic))
        async with reader.side_by_side(bounds) as partitions:
            readers = {tp.partition: each for tp, each in partitions.items()}
            assert await readers[2].peek() is None
            assert values([raw async for raw in readers[0]]) == [*range(3)]
            assert [raw async for raw in readers[0]] == []
            assert values(await readers[1].through(4)) == [*range(5)]
            assert values([raw async for raw in readers[1]]) == [*range(5, MANY)]
            assert values([raw async for raw in readers[3]]) == [0, 1]


async def test_a_slice_ends_before_its_end_and_an_empty_one_at_once(kafka: str, topic: str):
    async with LogReader.of(kafka) as reader:
        bounds = {at(topic, 0): (1, 2), at(topic, 1): (5_998, 6_001), at(topic, 3): (1, 1)}
        found = [raw async for raw in reader.between(bounds)]
        assert sorted((raw.partition, raw.offset) for raw in found) == [(0, 1), (1, 5_998), (1, 5_999)]
        assert [raw async for raw in reader.between({at(topic, 3): (2, 2)})] == []


async def test_the_first_record_of_each_partition_is_that_which_is_not_aborted(kafka: str, topic: str):
    async with LogReader.of(kafka) as reader:
        found = await reader.first(await reader.bounds(await reader.partitions(topic)))
    assert {tp.partition: raw.offset for tp, raw in found.items()} == {0: 0, 1: 0, 3: 0}


async def test_the_last_records_are_looked_for_in_larger_windows_until_they_are_found(kafka: str, topic: str):
    found: Ends = {}
    async with LogReader.of(kafka) as reader:
        async for raw in reader.last(await reader.bounds(await reader.partitions(topic)), found):
            if int(raw.value) in {1, 4_242}:
                found[at(raw.topic, raw.partition)] = raw.offset
    assert {tp.partition: offset for tp, offset in found.items()} == {0: 1, 1: 4_242, 3: 1}


async def test_what_does_not_exist_has_no_partitions(kafka: str):
    async with LogReader.of(kafka) as reader:
        assert await reader.partitions(never := f"never-{uuid4().hex[:8]}") == []
        assert await reader.bounds([]) == {}
    assert never not in await admin.partition_counts(kafka)
