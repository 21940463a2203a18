"""What earlier versions of Rondo wrote with Kafka 4.3 is read, as it was, by the Kafka that Rondo runs."""

import asyncio
import tarfile
from contextlib import closing
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from local import kafka, metadata, ports
from local.errors import Problem
from schemas.kafka.hidden import settled_ends
from schemas.kafka.log_reader import partition_readers
from schemas.topics import TASK_COMMANDS, TASK_EVENTS
from tests.integration import kafka_4_3

COMMANDS, EVENTS = TopicPartition(TASK_COMMANDS.name, 1), TopicPartition(TASK_EVENTS.name, 0)


async def _read(bootstrap: str) -> dict[TopicPartition, list[bytes]]:
    """What is committed in the two partitions, once the broker has ended what was being committed as it was killed."""
    async with partition_readers(bootstrap, await settled_ends(bootstrap, [COMMANDS, EVENTS])) as opened:
        return {tp: [record.value async for record in tape] for tp, tape in opened.items()}


async def _reads_and_goes_on(jars: Path, home: Path, values: list[bytes]) -> None:
    """The broker of now has these values, appends to them, and has all of them after a restart."""
    chosen = ports.choose(["broker", "controller"], {})
    for written in (values, [*values, b"four"]):
        broker = await asyncio.to_thread(
            kafka.start,
            jars,
            home,
            port=chosen["broker"],
            controller=chosen["controller"],
            log=home.with_suffix(".log"),
        )
        try:
            address = f"{ports.HOST}:{chosen['broker']}"
            assert await _read(address) == {COMMANDS: written, EVENTS: written}
            if written == values:
                await kafka_4_3.write(address, [b"four"])
        finally:
            broker.stop()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The directory of a Kafka 4.3.1 that was killed, which had one, two and three in either topic."""
    with closing(tarfile.open(kafka_4_3.ARCHIVE)) as archive:
        archive.extractall(tmp_path / "kafka", filter="data")
    return tmp_path / "kafka"


async def test_what_kafka_4_3_wrote_is_read_and_goes_on(kafka_jars: Path, home: Path):
    await _reads_and_goes_on(kafka_jars, home, [b"one", b"two", b"three"])


@pytest.mark.deep
def test_what_kafka_4_3_writes_until_it_is_killed_is_read_and_goes_on(kafka_jars: Path, tmp_path: Path):
    values = [str(number).encode() for number in range(200)]
    for some in (values[:100], values[100:]):
        with kafka_4_3.running(tmp_path / "kafka") as bootstrap:
            asyncio.run(kafka_4_3.write(bootstrap, some))
    asyncio.run(_reads_and_goes_on(kafka_jars, tmp_path / "kafka", values))


def _files(home: Path) -> dict[str, bytes]:
    return {str(file.relative_to(home)): file.read_bytes() for file in home.rglob("*") if file.is_file()}


def test_nothing_but_the_brokers_own_metadata_is_changed_and_a_copy_of_that_is_kept(home: Path):
    before = _files(home)
    assert metadata.convert(home / "data")
    after = _files(home)
    changed = {name for name, content in before.items() if after[name] != content}
    assert {Path(name).name for name in changed} == {"bootstrap.checkpoint", "00000000000000000000.log"}
    assert all(len(after[name]) == len(before[name]) for name in changed)
    assert all(after[name.replace("data/", "metadata-of-4.3/", 1)] == before[name] for name in changed)
    assert not metadata.convert(home / "data")


@pytest.mark.parametrize("call", range(5))
def test_a_conversion_that_is_cut_off_at_any_step_is_gone_on_with(
    home: Path, call: int, monkeypatch: pytest.MonkeyPatch
):
    before, steps = _files(home), iter(range(5))
    for step in ("rename", "replace"):
        whole = getattr(Path, step)

        def cut_off(self: Path, to: Path, whole=whole) -> Path:
            if next(steps, None) == call:
                raise KeyboardInterrupt
            return whole(self, to)

        monkeypatch.setattr(Path, step, cut_off)
    try:
        metadata.convert(home / "data")
    except KeyboardInterrupt:
        metadata.convert(home / "data")
    assert not metadata.convert(home / "data")
    kept = {name.removeprefix("metadata-of-4.3/") for name in _files(home) if name.startswith("metadata-of-4.3/")}
    assert {name: _files(home)[f"metadata-of-4.3/{name}"] for name in kept} == {
        name: before[f"data/{name}"] for name in kept
    }


@pytest.mark.parametrize("level", [31, 99])
def test_metadata_of_a_later_kafka_is_refused_and_left_as_it_is(home: Path, level: int):
    file = home / "data" / "bootstrap.checkpoint"
    file.write_bytes(kafka_4_3.with_level(file.read_bytes(), level))
    before = _files(home)
    with pytest.raises(Problem, match=r"of an unknown version of Kafka .* set RONDO_DATA"):
        metadata.convert(home / "data")
    assert _files(home) == before
