"""What a broker has left half done is settled, in the right direction, before anything is read behind it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import CoordinatorLoadInProgressError, KafkaError

from local import prepare
from local.errors import Problem
from rondo.location import Place
from rondo.operator import topics
from rondo.operator.lag import HIDDEN, table
from schemas import records as r
from schemas.kafka.hidden import overdue
from schemas.kafka.log_reader import committed
from schemas.topics import DEAD_LETTERS, Topic
from streams.progress import lag
from streams.runtime import watch
from streams.runtime.exposition import exposition
from streams.runtime.ownership import POSITION
from streams.runtime.settings import Settings
from streams.transactions import history, settlement, wire
from streams.transactions.described import Cluster, KnownTransaction
from streams.transactions.settlement import Unsettled
from tests.integration.runtime.counting import PARTITIONS, Counting, Log, command, prepared, running
from tests.integration.runtime.owner import Owner
from tests.integration.runtime.planted import half_done, producing, trusting

Make = Callable[..., Owner]


@pytest.fixture(autouse=True)
async def trusting_broker(kafka: str) -> AsyncIterator[None]:
    async with trusting(kafka):
        yield


async def visible(kafka: str, topic: Topic) -> list[bytes]:
    """What is committed in partition 0, up to where nothing hides anything."""
    return [raw.value async for raw in committed(kafka, topic.name) if raw.partition == 0]


async def hidden(kafka: str, tp: TopicPartition) -> int:
    """The number of offsets behind an open transaction."""
    ends = []
    for isolation in ("read_uncommitted", "read_committed"):
        async with AIOKafkaConsumer(bootstrap_servers=kafka, isolation_level=isolation) as consumer:
            ends.append((await consumer.end_offsets([tp]))[tp])
    return ends[0] - ends[1]


@pytest.mark.parametrize(
    "ended", [{"commit": True}, {"commit": False}, {"commit": True, "named": False}], ids=["commit", "abort", "hung"]
)
@pytest.mark.parametrize("identity", ["rondo-{}-0-0", "another-{}"])
async def test_what_was_left_half_done_ends_as_it_was_decided_when_its_partition_is_opened(
    owner: Make, kafka: str, identity: str, ended: dict[str, bool]
):
    one = await owner("a").open()
    assert await one.next()  # what it has written since is its own
    await one.store.close()
    topic = one.counting.commands if identity.startswith("another") else one.counting.counts
    where = TopicPartition(topic.name, 0)
    async with producing(kafka, identity.format(one.counting.stage.name)) as producer:
        await half_done(producer, where, b"planted", **ended)
    assert await hidden(kafka, where) == 1
    await one.open()
    assert await hidden(kafka, where) == 0
    assert (b"planted" in await visible(kafka, topic)) == (ended == {"commit": True})


async def test_state_that_is_ahead_of_a_commit_that_was_hidden_is_not_taken_for_a_loss(
    owner: Make, log: Log, kafka: str
):
    one = await owner("a").open()
    assert await one.next()
    changelog = one.counting.topology.changelog_name
    behind = log.codec.encode(changelog, r.Position({one.counting.commands.name: 2}))
    producer, state = one.store._producers[1], one.store.state
    await half_done(producer, TopicPartition(changelog, 0), behind, commit=True, key=POSITION)
    state.write({POSITION: behind}, state.changelog + 2, 1_000)  # behind the first block's marker, as after a commit
    await one.store.close()
    assert (await owner("a").open()).positions == {one.counting.commands.name: 2}


async def test_an_aborted_block_that_was_not_marked_does_not_come_back_with_the_next_commit(
    owner: Make, log: Log, kafka: str
):
    one = await owner("a").open()
    assert await one.next()
    where = TopicPartition(one.counting.counts.name, 0)
    planted = (await visible(kafka, one.counting.counts))[0]
    await half_done(one.store._producers[1], where, planted, commit=False)
    await one.store.close()
    one = await owner("a").open()
    assert await one.next()
    assert await one.next()
    assert [count.version for count in await log.read(one.counting.counts) if count.user == "ann"] == [1, 2, 3]


async def test_a_transaction_that_somebody_is_at_work_on_is_left_to_them(owner: Make, kafka: str):
    one = owner("a")
    async with producing(kafka, f"another-{uuid4()}") as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(one.counting.commands.name, b"theirs", partition=0)
        await one.open()
        await producer.commit_transaction()
    assert await visible(kafka, one.counting.commands) == [b"theirs"]


async def test_who_could_still_use_the_producer_of_what_was_settled_is_fenced(owner: Make, kafka: str):
    one = owner("a")
    async with producing(kafka, f"another-{uuid4()}") as producer:
        await half_done(producer, TopicPartition(one.counting.commands.name, 0), b"planted", commit=True)
        await one.open()
        with pytest.raises(KafkaError):
            await producer.send_and_wait(one.counting.commands.name, b"late", partition=1)
    assert await visible(kafka, one.counting.commands) == [b"planted"]


async def test_nothing_is_read_where_the_broker_lets_nobody_settle_it(
    owner: Make, kafka: str, monkeypatch: pytest.MonkeyPatch
):
    one = owner("a")
    async with producing(kafka, f"another-{uuid4()}") as producer:
        await half_done(producer, TopicPartition(one.counting.commands.name, 0), b"planted", commit=True)
    monkeypatch.setattr(wire.WriteTxnMarkers, "API_KEY", 9999)  # one that no broker serves
    with pytest.raises(Unsettled, match="does not serve WriteTxnMarkers"):
        await one.open()
    monkeypatch.undo()
    await one.open()


async def test_where_the_broker_tells_nothing_of_transactions_a_partition_is_opened_if_nothing_is_hidden(
    owner: Make, kafka: str, monkeypatch: pytest.MonkeyPatch
):
    one = await owner("a").open()
    await one.store.close()
    monkeypatch.setattr(wire.DescribeProducers, "API_KEY", 9999)
    monkeypatch.setattr(settlement, "OVERDUE", 0.5)
    await one.open()
    await one.store.close()
    async with producing(kafka, f"another-{uuid4()}") as producer:
        await half_done(producer, TopicPartition(one.counting.commands.name, 0), b"planted", commit=True)
    with pytest.raises(Unsettled, match=r"is hidden from offset 1 on. The broker does not serve DescribeProducers"):
        await one.open()


async def test_a_commit_of_a_producer_that_is_at_work_is_left_to_its_next_one(owner: Make, kafka: str):
    one = owner("a")
    where = TopicPartition(one.counting.commands.name, 0)
    async with producing(kafka, f"another-{uuid4()}") as producer:
        await half_done(producer, where, b"planted", commit=True)
        await producer.send_and_wait(where.topic, b"next", partition=1)  # which is sent to the coordinator
        await one.open()
        producer._txn_manager._txn_partitions.discard(where)
        await producer.send_and_wait(where.topic, b"next", partition=0)
        await producer.commit_transaction()
    assert await visible(kafka, one.counting.commands) == [b"planted", b"next"]


@pytest.mark.parametrize("end", ["commit", "abort"])
async def test_what_nothing_tells_the_end_of_is_refused_until_somebody_ends_it(
    owner: Make, kafka: str, end: str, monkeypatch: pytest.MonkeyPatch
):
    one = owner("a")
    where = TopicPartition(one.counting.commands.name, 0)
    async with producing(kafka, f"another-{uuid4()}") as producer:
        await half_done(producer, where, b"planted", commit=True)
    async with producing(kafka, producer._txn_manager.transactional_id):  # so its coordinator forgets it
        pass
    monkeypatch.setattr(history, "TOPIC", "compacted")
    with pytest.raises(Unsettled, match=rf"Since offset 1 of {where.topic}/0 .* it is unknown whether it was"):
        await one.open()
    command = [sys.executable, "-m", "streams.transactions", end, f"{where.topic}/0"]
    environment = {**os.environ, "RONDO_KAFKA": kafka}
    for answer, ended in (("n\n", 0), ("y\n", 1)):
        run = await asyncio.to_thread(
            subprocess.run, command, env=environment, input=answer, check=True, capture_output=True, text=True
        )
        assert f"{where.topic}/0 from offset 1 on: producer {producer._txn_manager.producer_id}" in run.stdout
        assert f"{ended} ended in {where.topic}/0." in run.stdout
    await one.open()
    assert await visible(kafka, one.counting.commands) == ([b"planted"] if end == "commit" else [])


async def test_a_record_of_a_later_transaction_that_did_not_name_its_partition_is_not_committed_with_an_earlier_one(
    owner: Make, kafka: str
):
    one = owner("a")
    where = TopicPartition(one.counting.commands.name, 0)
    async with producing(kafka, f"another-{uuid4()}") as producer:
        await half_done(producer, where, b"planted", commit=True)
        await producer.send_and_wait(where.topic, b"elsewhere", partition=1)
        producer._txn_manager._txn_partitions.discard(where)  # which was not sent to the coordinator
        await producer.abort_transaction()
        with pytest.raises(Unsettled, match="it is unknown whether it was committed"):
            await one.open()
    assert await hidden(kafka, where) == 1


async def test_a_transaction_of_which_its_coordinator_says_nothing_yet_is_left_to_it(
    owner: Make, kafka: str, monkeypatch: pytest.MonkeyPatch
):
    async def nothing(*_: object) -> dict[int, KnownTransaction]:
        return {}

    one = owner("a")
    monkeypatch.setattr(settlement, "_RETRIED", 0.3)
    async with producing(kafka, f"another-{uuid4()}") as producer:
        await producer.begin_transaction()
        await producer.send_and_wait(one.counting.commands.name, b"theirs", partition=0)
        with monkeypatch.context() as still:
            still.setattr(Cluster, "known", nothing)  # as of a coordinator that is only just taking over
            with pytest.raises(CoordinatorLoadInProgressError):
                await one.open()
        await one.store.close()
        await one.open()
        await producer.commit_transaction()
    assert await visible(kafka, one.counting.commands) == [b"theirs"]


async def test_where_fencing_takes_too_long_a_start_says_that_a_transaction_could_not_be_settled(
    owner: Make, kafka: str, registry: str, monkeypatch: pytest.MonkeyPatch
):
    one = owner("a")
    topology = one.counting.topology
    async with producing(kafka, f"another-{uuid4()}") as producer:
        await half_done(producer, TopicPartition(topology.changelog_name, 0), b"planted", commit=False)
    monkeypatch.setattr(prepare, "SHARED", ())
    monkeypatch.setattr(settlement, "_FENCED", 0.1)
    monkeypatch.setattr(AIOKafkaProducer, "start", lambda _: asyncio.sleep(60))  # as where its coordinator is at work
    with pytest.raises(Problem, match=r"A transaction could not be settled: another-.* could not be fenced within"):
        await asyncio.to_thread(prepare.log, kafka, registry, PARTITIONS, [topology])
    monkeypatch.undo()
    await one.open()


@pytest.fixture
async def hiding(worker_settings: Settings, kafka: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Counting]:
    """A counting stage that runs, with a transaction in its input that was left half done meanwhile."""
    monkeypatch.setattr(watch, "NOTICED", 0.0)
    counting = Counting(worker_settings.model_copy(update={"transaction_timeout": 0.5, "stall_timeout": 2.0}))
    await prepared(counting)
    monkeypatch.setattr(wire.WriteTxnMarkers, "API_KEY", 9999)  # one that no broker serves
    async with running(counting.app), producing(kafka, f"another-{uuid4()}") as producer:
        await half_done(producer, TopicPartition(counting.commands.name, 0), b"planted", commit=False)
        yield counting


def seconds(counting: Counting, topic: Topic | None = None) -> float:
    """What the metric says of partition 0 of a topic, by default the commands'."""
    topic = topic or counting.commands
    name = f'rondo_hidden_seconds{{partition="0",stage="{counting.stage.name}",topic="{topic.name}"}}'
    (line,) = [line for line in exposition([counting.app]).decode().splitlines() if line.startswith(name)]
    return float(line.rpartition(" ")[2])


async def ready(counting: Counting, wanted: bool) -> None:
    """Return once the worker says so."""
    async with asyncio.timeout(20):
        while counting.app.ready() != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_worker_reports_records_that_stay_hidden_and_settles_what_hides_them_once_it_may(
    hiding: Counting, log: Log, monkeypatch: pytest.MonkeyPatch
):
    await log.put(hiding.commands, [command("ann", 1)])
    await ready(hiding, False)
    assert seconds(hiding) >= 0.5
    monkeypatch.undo()  # the broker lets it settle it
    assert [count.user for count in await log.wait_for(hiding.counts, 1)] == ["ann"]
    await ready(hiding, True)
    assert seconds(hiding) == 0


async def test_records_that_stay_hidden_are_reported_and_settled_in_whatever_is_read_and_written(
    hiding: Counting, kafka: str, monkeypatch: pytest.MonkeyPatch
):
    topology, elsewhere = hiding.topology, TopicPartition(hiding.followups.name, 1)
    async with AsyncExitStack() as producers:
        for topic in (planted := [hiding.counts, topology.changelog, topology.blocks, DEAD_LETTERS]):
            producer = await producers.enter_async_context(producing(kafka, f"another-{uuid4()}"))
            where = TopicPartition(topic.name, 0)
            await half_done(producer, where, b"planted", commit=False, elsewhere=elsewhere)
    await until_seconds(hiding, planted, lambda most: most >= 0.5)
    monkeypatch.setattr(lag, "OVERDUE", 0.5)
    found = await lag.lags(kafka, hiding.settings.registry, "", [topology], 0)
    assert {one.partition: one.outdated for one in found} == {0: True, 1: False}
    assert "0 …" in [row[3].plain for row in table(found).rows]
    monkeypatch.undo()  # the broker lets the worker settle it
    await until_seconds(hiding, planted, lambda most: most == 0)
    await ready(hiding, True)


async def until_seconds(counting: Counting, topics: list[Topic], wanted: Callable[[float], bool]) -> None:
    """Return once the metric says so of each."""
    async with asyncio.timeout(20):
        while not all(wanted(seconds(counting, topic)) for topic in topics):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_tools_report_records_that_stay_hidden(hiding: Counting, kafka: str, monkeypatch: pytest.MonkeyPatch):
    where = TopicPartition(hiding.commands.name, 0)
    assert await overdue(kafka, [where, TopicPartition(hiding.commands.name, 1)], 0.5) == {where: 1}
    monkeypatch.setattr(lag, "OVERDUE", 0.5)
    found = await lag.lags(kafka, hiding.settings.registry, "", [hiding.topology], 0)
    assert {one.partition: one.hidden for one in found if one.topic == where.topic} == {0: True, 1: False}
    assert table(found).caption == HIDDEN
    monkeypatch.setattr(topics, "OVERDUE", 0.5)
    monkeypatch.setattr(topics, "contract", lambda _: [hiding.commands, hiding.counts])
    told = {one.topic: one.deviations for one in await topics.read(Place({"kafka": kafka}))}
    assert "partition 0 hidden from offset 1 on by a transaction that does not end" in told[hiding.commands]
    assert not any("hidden" in one for one in told[hiding.counts])
