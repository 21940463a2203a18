"""``python -m bench.limits``: asks every route for the worst, and writes what that took into docs/limits.md."""

import asyncio
import os
import platform
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import urlsplit
from uuid import uuid4

import click
import httpx
from rich.console import Console
from rich.progress import track

from api import tokens
from bench.limits import asked, page
from bench.limits.measure import Held, Measure
from bench.queries.tasks import Size, load
from bench.run import LOGS
from bench.stand import Stand, standing
from local import ports, postgres
from local.process import Command, Process
from postgres import reader
from postgres.migrate import migrate
from schemas import logs
from schemas.topics import TASK_COMMANDS
from streams import topics

_SECRET = "a secret of the bench and of nobody else"  # noqa: S105
_PARTITIONS, _DATABASE = 4, "limits"
_NOTES = """update rondo.tasks set notes = left(repeat(md5(id::text) || ' ж ', 1000), 16384) where id in (
    select id from rondo.tasks where user_id = bench.owner(0) order by created_at desc, id limit 400)"""


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option("--tasks", default=20_000, help="Tasks of the user who asks for the worst.")
@click.option("--every", default=1, help="Ask with every so many of the requests only.")
@click.option("--only-limits", is_flag=True, help="Write the limits anew, and leave what was measured.")
def main(tasks: int, every: int, only_limits: bool) -> None:
    """Measure how long the worst requests take, and how long another user waits because of them."""
    logs.configure("warning")
    if only_limits:
        _, mark, rest = (page.FILE.read_text() if page.FILE.exists() else "").partition(page.MEASURED)
        page.FILE.write_text(page.limits() + "\n" + mark + rest)
        return
    with standing() as shared:
        postgres.create(shared.postgres, _DATABASE)  # the other one holds the tables of other benches
        stand = replace(shared, postgres=urlsplit(shared.postgres)._replace(path=f"/{_DATABASE}").geturl())
        migrate(stand.postgres)
        found = asyncio.run(_measured(stand, tasks, every))
    cores, when = len(os.sched_getaffinity(0)), datetime.now(UTC)
    told = (
        f"Milliseconds until the worst request of a kind was answered, and the longest that another user waited for"
        f" `GET /v1/lists` meanwhile. {len(found):,} requests of a user with {tasks:,} tasks, on {cores} cores"
        f" (Python {platform.python_version()}), on {when:%Y-%m-%d}, while no stage ran: ten"
        f" seconds are what `Prefer: wait` asked for."
    )
    page.FILE.write_text(page.limits() + "\n" + page.measured(found, told))


async def _measured(stand: Stand, tasks: int, every: int) -> list[Held]:
    console = Console()
    async with reader.pool(stand.postgres, min_size=1, max_size=1) as pool:
        await load(pool, Size(tasks * 2, 2, tasks), console)
        await pool.execute(_NOTES)
        worse = str(await pool.fetchval("select bench.owner(0)"))
    await topics.create(stand.kafka, _PARTITIONS, [TASK_COMMANDS])
    requests = [each for operation in asked.operations() for each in asked.requests(operation)]
    requests = [each for place, each in enumerate(requests) if each.kind == "page" or place % every == 0]
    with _serving(stand) as port:
        issued = [tokens.issue(_SECRET, user) for user in (worse, str(uuid4()))]
        measure = Measure((ports.HOST, port), issued[0], issued[1])
        return [each async for each in measure.held(track(requests, "asking", console=console, transient=True))]


@contextmanager
def _serving(stand: Stand) -> Iterator[int]:
    """Run registry and API, and return the API's port."""
    at = ports.choose(["registry", "api"], {})
    registry, api = (f"http://{ports.HOST}:{at[name]}" for name in ("registry", "api"))
    environment = {"RONDO_KAFKA": stand.kafka, "RONDO_REGISTRY": registry, "RONDO_POSTGRES": stand.postgres}
    environment |= {"RONDO_SECRET": _SECRET, "RONDO_PORT": str(at["api"]), "RONDO_LOG": "warning"}
    started: list[Process] = []
    try:
        for module, url in (("schemas.registry", f"{registry}/"), ("api", f"{api}/ready")):
            log = LOGS / f"limits-{module}.log"
            started.append(Process(Command(module, [sys.executable, "-m", module], log, environment)))
            started[-1].wait_until(lambda url=url: _answers(url), 60)  # type: ignore[misc]
        yield at["api"]
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
