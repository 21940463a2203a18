"""The application: its services are created at startup, connect in the background, and are closed at shutdown."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache
from importlib import import_module
from typing import Any

import structlog
from fastapi import FastAPI, Request, Response
from starlette.middleware import Middleware

from api.commands.addresses import Addresses
from api.commands.command_log import CommandLog
from api.commands.disk import Disk
from api.commands.gateway import Gateway
from api.commands.outcomes import Outcomes
from api.commands.recent import Recent
from api.commands.services import Components
from api.concurrency import LongWork
from api.configuration import Settings
from api.http import document, problems
from api.http.attempts import Attempts
from api.http.entity_tags import Reads
from api.http.logs import RequestLog
from api.http.tokens import Tokens
from api.models.entities import RESOURCES
from api.routes import bulks, commands, documentation, health, history, occurrences, search
from api.views import Busy, Views, ViewsAway
from common.serving import Application
from postgres import reader
from schemas.kafka.clock_watch import ClockWatch
from schemas.registry.client import Registry

_DESCRIPTION = """Tasks that recur without duplicates, and reminders that are never lost.

Every change is a **command**. The response is 202 with the command's address as soon as it is on the log, or its
outcome if you send `Prefer: wait`. With an `Idempotency-Key`, a repeated request is carried out once.
Every refusal is a problem (RFC 9457)."""

WAITS = 5
"""Requests of one user that wait for outcomes hold at most one in ``WAITS`` connections."""

_log = structlog.get_logger("api")


def create_app(settings: Settings) -> Application:
    """Return the API. It also starts while other parts are unavailable: /ready and affected requests answer 503."""
    app = _described()
    app.state.settings = settings
    app.state.tokens = Tokens(settings.secret)
    app.state.attempts = Attempts()
    app.state.long_work = LongWork()
    return app


@cache
def openapi() -> dict[str, Any]:
    """Return the OpenAPI document, made once. It does not depend on the settings, and must not be changed."""
    return _described().openapi()


class _Api(Application):
    """An application whose OpenAPI document is completed. The viewer serves it."""

    _document: dict[str, Any] | None = None

    def openapi(self) -> dict[str, Any]:
        """Return the document, made once."""
        if self._document is None:
            self._document = document.finished(super().openapi())
        return self._document


def _described() -> Application:
    app = _Api(
        problems.refuse,
        [Middleware(RequestLog)],
        [Middleware(Reads)],
        title="Rondo",
        version="1",
        description=_DESCRIPTION,
        openapi_tags=[*({"name": one.of.plural, "description": one.described} for one in RESOURCES), *document.TAGS],
        servers=document.SERVERS,
        license_info=document.LICENSE,
        lifespan=_lifespan,
        generate_unique_id_function=lambda route: route.name,
    )
    problems.install(app)
    app.add_exception_handler(ViewsAway, _views_away)
    app.add_exception_handler(reader.TooMuch, _too_much)
    of_resources = [import_module(f"api.routes.{one.of.plural}") for one in RESOURCES]
    for module in (search, *of_resources, bulks, history, commands, occurrences, health, documentation):
        app.include_router(module.router)
    app.include_router(documentation.viewer)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    settings: Settings = app.state.settings
    registry = Registry(settings.registry, retries=0, timeout=settings.produce_timeout)
    pool = reader.pool(settings.postgres, min_size=0, max_size=10, timeout=settings.query_timeout)
    views = Views(pool, settings.query_timeout, settings.reads)
    log = CommandLog(settings.kafka, registry, settings.produce_timeout, settings.pause)
    outcomes = Outcomes(settings.postgres, views, settings.poll, settings.pause, settings.connections // WAITS)
    recent = Recent()
    clock = ClockWatch(settings.kafka, "api")
    app.state.attempts.on_stop(outcomes.stop)
    disk = Disk(settings.disk, settings.disk_bytes)
    addresses = Addresses(pool, settings)
    gateway = Gateway(log, outcomes, recent, disk)
    app.state.services = Components(
        settings, registry, views, log, outcomes, recent, disk, gateway, clock, app.state.long_work, addresses
    )
    await pool
    try:
        async with _running(log.run, outcomes.run, clock.run):
            yield
    finally:
        addresses.close()
        pool.terminate()  # close() would wait for a Postgres that may not answer
        await registry.aclose()


@asynccontextmanager
async def _running(*services: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    tasks = [asyncio.ensure_future(service()) for service in services]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task


async def _views_away(_request: Request, error: Exception) -> Response:
    _log.warning("views away", reason=str(error))
    kind = problems.BUSY if isinstance(error, Busy) else problems.UNAVAILABLE
    return problems.respond(problems.Problem(kind))


async def _too_much(_request: Request, error: Exception) -> Response:
    _log.warning("too much to look through", reason=str(error))
    return problems.respond(problems.Problem(problems.TOO_MUCH))
