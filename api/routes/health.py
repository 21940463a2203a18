"""Health checks: whether the process is alive, and whether every service that it needs answers."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress

from aiokafka.errors import KafkaError
from asyncpg import InterfaceError, PostgresError
from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict

from api.commands.services import Components, Services
from common import causes
from schemas.registry.client import RegistryUnavailable, UnknownSchema

router = APIRouter(tags=["health"])

PATIENCE = 3.0
"""Seconds that a part may take to answer."""


class Health(BaseModel):
    """The state of each part: ``ready``, or why not. Warnings of clock and disk don't affect reads."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"ready": True, "parts": {"broker": "ready", "registry": "ready"}, "warnings": []}]
        }
    )

    ready: bool
    parts: dict[str, str]
    warnings: list[str] = []


@router.get("/live", summary="Does the process live?")
async def live() -> Health:
    """Answer if the process is alive."""
    return Health(ready=True, parts={"api": "ready"})


@router.get("/ready", summary="Is every part ready?", responses={503: {"model": Health, "description": "Not all are."}})
async def ready(parts: Services, response: Response) -> Health:
    """Check broker, registry and Postgres; 503 unless all answer."""
    names = ("broker", "registry", "postgres")
    states, warnings = await asyncio.gather(
        asyncio.gather(*map(_state, (_broker(parts), _registry(parts), _postgres(parts)))), parts.disk.warnings()
    )
    health = Health(
        ready=all(state == "ready" for state in states),
        parts=dict(zip(names, states, strict=True)),
        warnings=[*parts.clock.warnings(), *warnings],
    )
    response.status_code = 200 if health.ready else 503
    return health


async def _state(asked: Awaitable[str]) -> str:
    try:
        return await asyncio.wait_for(asked, PATIENCE)
    except TimeoutError:
        return f"no answer within {PATIENCE:g} s"
    except (OSError, KafkaError, RegistryUnavailable, PostgresError, InterfaceError) as error:
        return causes.described(error)


async def _broker(parts: Components) -> str:
    if parts.log.trouble:
        return parts.log.trouble
    return "ready" if await parts.log.reachable() else "no broker answers"


async def _registry(parts: Components) -> str:
    with suppress(UnknownSchema):
        await parts.registry.schema(0)  # no registry has it: an error is an answer, too
    return "ready"


async def _postgres(parts: Components) -> str:
    await parts.views.reachable()
    return "ready" if parts.outcomes.listening else "not listening for outcomes yet"
