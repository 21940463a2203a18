"""The services that requests use."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.commands.addresses import Addresses
from api.commands.command_log import CommandLog
from api.commands.disk import Disk
from api.commands.gateway import Gateway
from api.commands.outcomes import Outcomes
from api.commands.recent import Recent
from api.concurrency import LongWork
from api.configuration import Settings
from api.views import Views
from schemas.kafka.clock_watch import ClockWatch
from schemas.registry.client import Registry


@dataclass(frozen=True)
class Components:
    """The running services of the API."""

    settings: Settings
    registry: Registry
    views: Views
    log: CommandLog
    outcomes: Outcomes
    recent: Recent
    disk: Disk
    gateway: Gateway
    clock: ClockWatch
    long_work: LongWork
    addresses: Addresses


async def _components(request: Request) -> Components:
    services: Components = request.app.state.services
    return services


Services = Annotated[Components, Depends(_components)]
"""The services of the API that serves the request."""
