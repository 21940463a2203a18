"""After an error a worker asks its group whether it is still a member."""

from uuid import uuid4

from aiokafka import AIOKafkaConsumer

from streams.runtime.membership import is_member
from tests.integration.runtime.counting import Counting, Log, prepared, running, until


async def test_a_group_knows_its_members_and_nobody_else(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    group, client = uuid4().hex, uuid4().hex
    consumer = AIOKafkaConsumer(
        counting.commands.name, bootstrap_servers=log.kafka, group_id=group, client_id=client, enable_auto_commit=False
    )
    await consumer.start()
    await until(lambda: is_member(log.kafka, group, client), bool)
    assert not await is_member(log.kafka, group, "somebody else")
    await consumer.stop()
    assert not await is_member(log.kafka, group, client)


async def test_a_stage_that_reads_is_a_member_of_its_group(worker_settings, log: Log):
    counting = await prepared(Counting(worker_settings))
    async with running(counting.stage):
        group = f"rondo-{counting.stage.name}"
        assert not await is_member(log.kafka, group, group)
        assert await counting.stage.runtime.is_member()
