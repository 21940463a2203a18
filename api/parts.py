"""What a request is served with."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from api.command_log import CommandLog
from api.ingress import Ingress
from api.outcomes import Outcomes
from api.recent import Recent
from api.room import Disk
from api.settings import Settings
from api.turns import LongWork
from api.views import Views
from schemas.clock import ClockWatch
from schemas.registry.client import Registry


@dataclass(frozen=True)
class Parts:
    """The running parts of the API."""

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


async def _parts(request: Request) -> Parts:
    parts: Parts = request.app.state.parts
    return parts


Served = Annotated[Parts, Depends(_parts)]
"""The parts of the API that serves the request."""
