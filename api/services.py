"""The services that requests use."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.commands.command_log import CommandLog
from api.commands.disk import Disk
from api.commands.gateway import Ingress
from api.commands.outcomes import Outcomes
from api.commands.recent import Recent
from api.http.turns import LongWork
from api.settings import Settings
from api.views import Views
from schemas.clock import ClockWatch
from schemas.registry.client import Registry


@dataclass(frozen=True)
class Services:
    """The running services of the API."""

    settings: Settings
    registry: Registry
    views: Views
    log: CommandLog
    outcomes: Outcomes
    recent: Recent
    disk: Disk
    ingress: Ingress
    clock: ClockWatch
    long_work: LongWork


async def _parts(request: Request) -> Services:
    served: Services = request.app.state.served
    return served


Served = Annotated[Services, Depends(_parts)]
"""The services of the API that serves the request."""
