"""``python -m bench.limits``: sends every route its worst requests, and writes the times to docs/limits.md."""

import asyncio
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import uuid4

import click
import httpx
from rich.console import Console
from rich.progress import track

from api.http import tokens
from bench.limits import data, operations, page, registry
from bench.limits.waiting import Held, Measure
from bench.queries.tasks import Size, load
from bench.run import LOGS
from bench.services import Services, running_services
from common import logs
from local import ports
from local.process import Command, Process
from postgres import reader
from postgres.databases import create_database
from postgres.migrate import migrate
from schemas.kafka import admin
from schemas.topics import TASK_COMMANDS

_SECRET = "a secret of the bench and of nobody else"  # noqa: S105
_PARTITIONS, _DATABASE = 4, "limits"
_REGISTRYS_ASKED = "/schemas/types"


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option("--tasks", default=20_000, help="Tasks of the user who sends the worst requests.")
@click.option("--every", default=1, help="Send only every n-th request.")
@click.option("--only-limits", is_flag=True, help="Rewrite the limits, and keep the measurements.")
@click.option("--at-once", default=4, help="Concurrent copies of each request.")
def main(tasks: int, every: int, at_once: int, only_limits: bool) -> None:
    """Measure how long the worst requests take, and how long another user waits because of them."""
    logs.configure("warning")
    if only_limits:
        _, mark, rest = (page.FILE.read_text() if page.FILE.exists() else "").partition(page.MEASURED)
        page.FILE.write_text(page.limits() + "\n" + mark + rest)
        return
    with running_services() as shared:
        create_database(shared.postgres, _DATABASE)  # the default database has the tables of other benchmarks
        services = replace(shared, postgres=urlsplit(shared.postgres)._replace(path=f"/{_DATABASE}").geturl())
        migrate(services.postgres)
        found = asyncio.run(_measured(services, tasks, every, at_once))
    cores, when = len(os.sched_getaffinity(0)), datetime.now(UTC)
    conditions = (
        f"Milliseconds until the worst request of a kind was answered, and the longest that another user waited for"
        f" `GET /v1/lists` meanwhile, or for the registry's `GET {_REGISTRYS_ASKED}`. {len(found):,} requests,"
        f" each {at_once} times at once, of a user with {tasks:,} tasks, {data.MANY} of them with the slowest texts;"
        f" on {cores} cores (Python {platform.python_version()}), on {when:%Y-%m-%d}, without stages: ten seconds are"
        f" those of `Prefer: wait`."
    )
    page.FILE.write_text(page.limits() + "\n" + page.measured(found, conditions))


async def _measured(services: Services, tasks: int, every: int, at_once: int) -> list[Held]:
    console = Console()
    async with reader.pool(services.postgres, min_size=1, max_size=1) as pool:
        await load(pool, Size(tasks * 2, 2, tasks), console)
        worse = str(await pool.fetchval("select bench.owner(0)"))
        async with pool.acquire() as connection:
            await data.put(connection, worse)
    await admin.create(services.kafka, _PARTITIONS, [TASK_COMMANDS])
    names = data.known(worse)
    requests = [each for operation in operations.operations() for each in operations.requests(operation, names)]
    some, registrys = _some(requests, every), _some(registry.requests(), every)
    with _serving(services) as (api, schemas):
        one, other = (tokens.issue(_SECRET, user) for user in (worse, str(uuid4())))
        found = await _held(Measure((ports.HOST, api), one, other), some, at_once, console)
        beside = Measure((ports.HOST, schemas), one, other)
        beside.asked = _REGISTRYS_ASKED
        return found + await _held(beside, registrys, at_once, console)


def _some(requests: Iterable[operations.Request], every: int) -> list[operations.Request]:
    """Return every ``every``-th request, and all pages, searches, tasks of bulks and schemas."""
    kept = {"page", "searches", "tasks", "schemas"}
    return [each for place, each in enumerate(requests) if each.kind in kept or place % every == 0]


async def _held(measure: Measure, requests: list[operations.Request], at_once: int, console: Console) -> list[Held]:
    return [each async for each in measure.held(track(requests, "asking", console=console, transient=True), at_once)]


@contextmanager
def _serving(services: Services) -> Iterator[tuple[int, int]]:
    """Run registry and API; yield the ports of the API and the registry."""
    at = ports.choose(["registry", "api"], {})
    schemas, api = (f"http://{ports.HOST}:{at[name]}" for name in ("registry", "api"))
    environment = {"RONDO_KAFKA": services.kafka, "RONDO_REGISTRY": schemas, "RONDO_POSTGRES": services.postgres}
    environment |= {"RONDO_SECRET": _SECRET, "RONDO_PORT": str(at["api"]), "RONDO_LOG": "warning"}
    environment["RONDO_TARGETS_KEY"] = "a1" * 32
    started: list[Process] = []
    try:
        for module, url in (("schemas.registry", f"{schemas}/"), ("api", f"{api}/ready")):
            log = LOGS / f"limits-{module}.log"
            started.append(Process(Command(module, [sys.executable, "-m", module], log, environment)))
            started[-1].wait_until(lambda url=url: _answers(url), 60)  # type: ignore[misc]
        yield at["api"], at["registry"]
    finally:
        for process in reversed(started):
            process.stop()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).is_success
    except httpx.TransportError:
        return False


if __name__ == "__main__":
    main()
