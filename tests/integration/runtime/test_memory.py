"""What a worker holds is bounded, whatever waits for it."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import httpx
from prometheus_client.parser import text_string_to_metric_families

from domain import bulk, validation
from local import ports
from local.settings import ROOT
from schemas import records as r
from schemas.codec import binary
from streams.runtime.rocksdb import Memory, StateStore
from tests.integration.runtime.counting import PARTITIONS, Counting, Log, command, prepared, until
from tests.unit.domain.given import PARIS, WEEKDAYS, World, create, update

MIB = 1024 * 1024
HELD = 16 * MIB
FETCH = 16 * MIB  # one answer of the broker
BULK = 120 * MIB  # of events and changelog that one chunk leads to
OVERSHOOT = 4 * MIB  # of an input's partition: what a fetch of 1 MiB is in Python, which comes before it pauses


async def figures(port: int) -> dict[str, float]:
    """Return a worker's figures, summed over their labels; empty until it serves them."""
    found: dict[str, float] = {}
    async with httpx.AsyncClient() as client:
        try:
            page = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
        except httpx.TransportError:
            return {}
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0) + sample.value
    return found


@asynccontextmanager
async def hanging(settings, name: str, tmp_path: Path) -> AsyncIterator[int]:
    """Run a worker whose agent never finishes a block; yield the port of its figures."""
    port = ports.choose(["worker"], {})["worker"]
    options = {"stall_timeout": "600", "block_timeout": "600", "held_bytes": str(HELD), "health_port": str(port)}
    arguments = ("forgetful", settings.kafka, settings.registry, str(tmp_path / "hanging"), name)
    with (tmp_path / "worker.log").open("wb") as log:
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.integration.runtime.stuck", *arguments),
            *(f"{option}={value}" for option, value in options.items()),
            cwd=ROOT,
            stderr=log,
        )
    try:
        yield port
    finally:
        worker.kill()
        await worker.wait()


async def still(port: int) -> dict[str, float]:
    """Return a worker's figures once it holds something and no more for three seconds."""
    seen: list[float] = []

    async def look() -> dict[str, float]:
        found = await figures(port)
        seen.append(found["rondo_held_bytes"])
        await asyncio.sleep(0.25)
        return found

    return await until(look, lambda _: seen[-1] > HELD / 2 * 0.9 and len(set(seen[-12:])) == 1 and len(seen) >= 12)


async def test_what_waits_for_a_worker_stays_on_the_broker(worker_settings, log: Log, tmp_path: Path):
    counting = await prepared(Counting(worker_settings, name := uuid4().hex[:8]))
    async with hanging(worker_settings, name, tmp_path) as port:
        before = await until(lambda: figures(port), lambda found: found.get("rondo_partitions") == 2 * PARTITIONS)
        backlog = [command("ann", n, task="x" * 20_000) for n in range(2000)]
        for partition in range(PARTITIONS):
            await log.put(counting.commands, backlog, partition)  # 80 MB in all
        most = HELD + 2 * PARTITIONS * OVERSHOOT
        after = await still(port)
    assert after["rondo_held_bytes"] <= most
    assert after["process_resident_memory_bytes"] - before["process_resident_memory_bytes"] <= most + FETCH


def test_a_chunk_of_a_bulk_is_at_most_as_large_as_it_is_said_to_be():
    wide = "🥛"
    fields = {
        "title": wide * validation.MAX_TITLE,
        "notes": wide * validation.MAX_NOTES,
        "tags": tuple(f"{n:02}{wide * (validation.MAX_TAG - 2)}" for n in range(validation.MAX_TAGS)),
        "due": PARIS,
        "rrule": WEEKDAYS,
        "reminders": tuple(r.Reminder(f"{n:064}", before=n) for n in range(validation.MAX_REMINDERS)),
    }
    event = World(create(**fields), update(pinned=True)).events[-1]
    written = sum(len(binary(type(record)).write(b"", record)) for record in (event, event.task, event.task))
    assert 0.9 * BULK < bulk.MOST * written <= BULK
    assert f"{BULK // MIB} MiB" in (ROOT / "docs" / "operating.md").read_text()


def test_all_states_of_a_process_share_one_memory(tmp_path: Path):
    memory = 16 * MIB
    states = [StateStore(tmp_path / str(number), memory=memory) for number in range(8)]
    most = 0
    for start in range(0, 20_000, 1000):
        for state in states:
            state.write({f"{n:09}".encode(): bytes(200) for n in range(start, start + 1000)}, start, 1)
            state.scan(b"", b"\xff", 2000)
            most = max(most, Memory.of(memory).cache.get_usage())
    for state in states:
        state.close()
    assert memory / 4 < most <= memory * 2  # while buffers are flushed more is used for a moment
