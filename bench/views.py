"""``python -m bench.views``: the cost of the views per command, without broker and stage.

A command is three records in memory: a task created with two tags, its outcome and its audit entry. They are projected
to rows, and written to a Postgres of the benchmark in blocks of a thousand records.
"""

import asyncio
import time
from collections.abc import Iterator, Sequence
from statistics import median

import asyncpg
import click
import psutil
from msgspec import Struct
from rich.console import Console

from bench.services import database
from domain import audit
from domain.projections import collect
from postgres.writer import put_views
from schemas import ids
from schemas import records as r

PARTS = ("projecting", "writing", "Postgres", "total, wall-clock")
_USERS = 1000
_BLOCK = 1000
_BEGIN = 1_795_438_800_000
_TAGS = ("home", "garden", "work", "errands", "reading")

Blocks = Sequence[Sequence[Struct]]


def blocks(number: int, commands: int) -> Blocks:
    """Return the records of ``commands`` commands of the ``number``-th round, in blocks."""
    records = [record for index in range(commands) for record in _records(number, index)]
    return [records[begin : begin + _BLOCK] for begin in range(0, len(records), _BLOCK)]


def _records(number: int, index: int) -> Iterator[Struct]:
    user, command, at = ids.derive("user", index % _USERS), ids.derive("command", number, index), _BEGIN + index
    tags = (_TAGS[index % 5], _TAGS[(index + 1) % 5])
    task = r.Task(ids.task(command), user, f"Water plant {index}", at, at, notes="Not too much", tags=tags)
    event = r.TaskCreated(ids.event(command), user, at, f"user:{user}", command, task)
    before = r.AuditHead(number * 10**9 + index, "0" * 64)  # of a chain without other writers
    yield event
    yield audit.entry(before, None, event)
    yield r.CommandOutcome(user, at, command, r.OutcomeKind.ACCEPTED, task.id, "fingerprint", 1)


async def measure(dsn: str, commands: int, rounds: int) -> dict[str, float]:
    """Return µs per command by part: CPU, except for the last. Medians of the rounds, after a warm-up round."""
    connection = await asyncpg.connect(dsn)
    server = psutil.Process(await connection.fetchval("select pg_backend_pid()"))
    found = [await _round(connection, server, blocks(number, commands)) for number in range(rounds + 1)]
    await connection.close()
    parts = zip(*found[1:], strict=True)
    return {name: median(seconds) / commands * 1e6 for name, seconds in zip(PARTS, parts, strict=True)}


async def _round(connection: asyncpg.Connection, server: psutil.Process, blocks: Blocks) -> tuple[float, ...]:
    projecting = writing = 0.0
    began, there = time.monotonic(), _cpu(server)
    for block in blocks:
        before = time.process_time()
        rows = collect(block)
        projected = time.process_time()
        async with connection.transaction():
            await put_views(connection, rows)
        projecting, writing = projecting + projected - before, writing + time.process_time() - projected
    return projecting, writing, _cpu(server) - there, time.monotonic() - began


def _cpu(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option("--n", "size", default=10_000, help="Commands per round.")
@click.option("--rounds", default=5, help="Rounds, after a warm-up round.")
def main(size: int, rounds: int) -> None:
    """Measure the cost of the views per command."""
    with database() as dsn:
        for name, figure in asyncio.run(measure(dsn, size, rounds)).items():
            Console().print(f"{name}: {figure:.1f} µs a command", highlight=False)


if __name__ == "__main__":
    main()
