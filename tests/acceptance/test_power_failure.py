"""A power failure takes the ends of topics that were not on the disk yet: the next start refuses, and says a way on."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
from aiokafka import AIOKafkaProducer

from local.settings import ROOT
from schemas import records as r
from schemas.codec import Codec
from schemas.kafka import admin
from schemas.names import partition_of
from schemas.registry.client import Registry
from schemas.topics import SHARED, TASK_COMMANDS, TASK_EVENTS
from streams.runtime.ownership import POSITION
from streams.topologies import parsed
from streams.transactions.batches import batches
from tests.acceptance.days import WAIT
from tests.acceptance.stack import PATIENCE, Stack, running, until

PARTS = "kafka,postgres,registry"
RONDO = str(Path(sys.executable).parent / "rondo")
RESET = [sys.executable, "-m", "local", "during", "--only", PARTS, RONDO, "reset-positions"]


@pytest.fixture
def parts(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """Broker, Postgres and registry of a Rondo of its own."""
    with running(request, PARTS) as stack:
        yield stack


@pytest.fixture
def whole(request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A whole Rondo of its own."""
    with running(request) as stack:
        yield stack


def cut(stack: Stack, topic: str, partition: int, kept: int) -> int:
    """Cut the log of a partition behind ``kept`` batches, as a power failure does; return its end then."""
    segment = stack.segments / f"{topic}-{partition}" / "00000000000000000000.log"
    found = list(batches(segment.read_bytes()))
    assert len(found) > kept
    with segment.open("r+b") as file:
        file.truncate(found[kept - 1].end)
    return found[kept].offset


def on_the_disk(postgres: str) -> None:
    """Return once Postgres has written all to its disk: views don't wait for that."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        query = "select pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn()"
        until(lambda: connection.execute(query).fetchone() == (True,), PATIENCE, "Postgres writes on and on.")


def refused(stack: Stack) -> str:
    """Return what a start of everything says that is refused; nothing of it runs then."""
    stack._arguments = ["up"]
    with pytest.raises(AssertionError, match="Rondo ended with status 1 while starting"):
        stack.start()
    return stack.told()


def reset(stack: Stack) -> Sequence[str]:
    """Follow the advice; return what is said of it."""
    shutil.rmtree(stack.data / "state", ignore_errors=True)
    done = subprocess.run(RESET, cwd=ROOT, env=stack._environment, capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines() if ": task" in line]


async def plant(run: dict[str, str], commands: int) -> None:
    """Append commands to partition 0, and a position behind them, as the topology core leaves it."""
    core = parsed("")[0]
    await admin.create(run["kafka"], 4, (*SHARED, core.changelog))
    codec = Codec(client := Registry(run["registry"]))
    await codec.publish([core.changelog])
    position = codec.encode(core.changelog.name, r.Position({TASK_COMMANDS.name: commands}))
    async with AIOKafkaProducer(bootstrap_servers=run["kafka"]) as producer:
        for number in range(commands):
            await producer.send_and_wait(TASK_COMMANDS.name, b"a command", str(number).encode(), 0)
        await producer.send_and_wait(core.changelog.name, position, POSITION, 0)
    await client.aclose()


def test_a_start_on_a_log_that_lost_its_end_is_refused_before_a_command_is_taken(parts: Stack):
    asyncio.run(plant(parts.run, 5))
    parts.kill()
    assert cut(parts, TASK_COMMANDS.name, 0, 2) == 2
    said = refused(parts)
    assert "The topology core has read task-commands/0 up to 5, but it ends at 2" in said
    assert "`rondo reset-positions`" in said
    assert not (parts.data / "logs" / "api.log").exists()
    assert reset(parts) == ["core: task-commands/0 from 5 to 2; lost: 2 to 4"]


@pytest.mark.deep
def test_after_a_power_failure_the_advice_leads_to_a_rondo_that_answers_every_command(whole: Stack):
    user = whole.owner()
    partition = partition_of(user.id, 4)
    titles = [user.rondo.create(f"Before {number}", wait=WAIT)["task"]["title"] for number in range(12)]
    user.settled_trail()
    on_the_disk(whole.run["postgres"])
    whole.kill()
    ends = {topic: cut(whole, topic, partition, 5) for topic in (TASK_COMMANDS.name, TASK_EVENTS.name)}
    said = refused(whole)
    assert f"has read task-commands/{partition} up to 12, but it ends at {ends[TASK_COMMANDS.name]}" in said
    lines = reset(whole)
    readers = {one.name for one in parsed("") if {topic.name for topic in one.reads} & ends.keys()}
    assert {line.partition(":")[0] for line in lines} == readers
    whole.start()
    user = whole.owner()
    outcomes = [user.rondo.create(f"After {number}", wait=WAIT)["command"]["status"] for number in range(20)]
    assert set(outcomes) == {"accepted"}
    assert {task["title"] for task in user.everything()} >= {*titles, "After 19"}
    verified = subprocess.run([RONDO, "verify"], env=whole._environment, capture_output=True, text=True, check=False)
    assert verified.returncode == 1
    assert "Traceback" not in verified.stderr
