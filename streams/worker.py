"""One process that runs one or several topologies, with their health."""

import asyncio
import contextlib
import faulthandler
import gc
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import stamina
import structlog
import uvicorn
from aiokafka.errors import KafkaError
from fastapi import Response
from mode import Service, Worker
from mode.types import ServiceT
from prometheus_client import CONTENT_TYPE_LATEST

from common import causes, logs, private, serving, settings
from schemas.kafka import admin
from schemas.kafka.clock_watch import ClockWatch
from schemas.topics import CLOCK
from streams import connections, topologies
from streams.runtime import App, exposition, failpoints, metrics
from streams.runtime.settings import Settings
from streams.runtime.topology import WrongTopology

log = structlog.get_logger()


def run(names: Sequence[str] = ()) -> None:
    """Run these topologies, by default all, until the process is stopped; exits the process.

    Raises ``WrongTopology``.
    """
    chosen = settings.load(Settings)
    settings.check(*connections.SETTINGS)
    grouped = topologies.parsed(chosen.topologies)
    if unknown := {*names} - {one.name for one in grouped}:
        raise WrongTopology(
            f"There is no topology {', '.join(sorted(unknown))}: there are {', '.join(one.name for one in grouped)}."
        )
    logs.configure(chosen.log)
    stamina.instrumentation.set_on_retry_hooks([_log_retry])
    private.keep_to_owner()
    if chosen.data.is_dir():
        private.close(chosen.data, ["state"])
    if chosen.failpoint:
        failpoints.arm(chosen.failpoint)
    running = topologies.chosen(grouped, names)
    topics = {topic.name for one in running for topic in (*one.reads, *one.topics)}
    if refused := asyncio.run(connections.refusal(chosen.kafka, chosen.registry, chosen.postgres, topics)):
        sys.exit(refused)
    serve([App(one, chosen) for one in running], chosen)


def _log_retry(details: stamina.instrumentation.RetryDetails) -> None:
    """Log a retry: stamina itself would quote the error, and with it addresses."""
    reason = causes.described(details.caused_by)
    log.warning("tried again", of=details.name, times=details.retry_num, wait=round(details.wait_for, 2), reason=reason)


def serve(apps: Sequence[App], chosen: Settings) -> None:
    """Run topologies with these settings until the process is stopped; exits the process."""
    clock = Clock(chosen, f"worker {' '.join(app.topology.name for app in apps)}")
    health = [Health(apps, chosen.health_host, chosen.health_port, clock.watch)] if chosen.health_port else []
    execute(Deadline(chosen.stall_timeout), clock, *health, *apps)


def execute(*services: ServiceT) -> None:
    """Run services until the process is stopped; exits the process."""
    _spare_collector()
    Worker(*services, override_logging=False, redirect_stdouts=False, quiet=True).execute_from_commandline()


def _spare_collector() -> None:
    """Make Python's cycle collector run less often, and never scan imported modules.

    A block allocates thousands of objects at once, and no cycles, which makes the collector scan all objects of the
    process: folding records for the views took a quarter longer.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


class _Server(uvicorn.Server):
    """A server that leaves signals to the worker."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Deadline(Service):
    """Ends the process, with the traceback of each thread, if its event loop is blocked for ``seconds`` seconds.

    A native thread does it, so it also works if C code hangs, or a worker hangs while stopping.
    """

    def __init__(self, seconds: float, **service: Any) -> None:
        self._seconds = seconds
        super().__init__(**service)

    @Service.task
    async def _put_off(self) -> None:
        while not self.should_stop:
            faulthandler.dump_traceback_later(self._seconds, exit=True)
            await self.sleep(min(1.0, self._seconds / 4))


class Clock(Service):
    """Watches the process's clock."""

    def __init__(self, chosen: Settings, name: str, **service: Any) -> None:
        self.watch = ClockWatch(chosen.kafka, name)
        self._settings = chosen
        super().__init__(**service)

    @Service.task
    async def _watch(self) -> None:
        with contextlib.suppress(KafkaError, admin.WrongTopic):  # then the broker's time stays unknown
            await admin.create(self._settings.kafka, self._settings.partitions, [CLOCK])
        await self.watch.run(metrics.ClockMetrics())


_PATIENCE, _CONNECTIONS = 10.0, 100
"""Seconds that a client of a worker's health has for its request, and the most clients at once."""


class Health(Service):
    """Serves ``/live``, ``/ready`` and ``/metrics``."""

    def __init__(self, apps: Sequence[App], host: str, port: int, clock: ClockWatch, **service: Any) -> None:
        app = health_app(apps, clock)
        config = serving.config(app, host, port, _PATIENCE, _CONNECTIONS, lifespan="off")
        self._server = _Server(config)
        super().__init__(**service)

    async def on_stop(self) -> None:
        """Stop serving."""
        self._server.should_exit = True

    @Service.task
    async def _serve(self) -> None:
        await self._server.serve()


def health_app(apps: Sequence[App], clock: ClockWatch) -> serving.Application:
    """Return the application that serves the health of these stages.

    A wrong clock is only a warning; the worker stays ready: it goes on, and a restart would not help.
    """
    app = serving.Application()

    @app.get("/live")
    async def live() -> dict[str, str]:
        return {"status": "live"}

    @app.get("/metrics")
    async def figures() -> Response:
        return Response(exposition.exposition(apps), media_type=CONTENT_TYPE_LATEST)

    @app.get("/ready")
    async def ready(response: Response) -> dict[str, bool | list[str]]:
        parts = {stage.name: one.ready() for one in apps for stage in one.topology.stages}
        response.status_code = 200 if all(parts.values()) else 503
        details = {
            "closed": [reason for one in apps if not one.ready() for reason in one.closed()],
            "warnings": clock.warnings(),
        }
        return {**parts, **{name: sentences for name, sentences in details.items() if sentences}}

    return app
