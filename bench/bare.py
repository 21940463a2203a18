"""The least that an ingress does: FastAPI routes without Rondo's code, behind the API's own server.

``python -m bench.bare`` runs ``python -m api`` with this application in place of Rondo's, so that both have the same
server, event loop and settings.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaProducer
from fastapi import FastAPI, Request

from api import __main__ as server
from api.configuration import Settings
from api.http.attempts import Attempts
from common.serving import plain
from schemas.kafka import clients
from schemas.topics import TASK_COMMANDS

TOPIC = "bench-bare"


class Bare(FastAPI):
    """An application with the two members that the API's server uses."""

    refuse = staticmethod(plain)


def producer(kafka: str, timeout: float = 10.0) -> AIOKafkaProducer:
    """Return a producer with the settings of the API's."""
    return clients.producer(
        kafka,
        enable_idempotence=True,
        acks="all",
        request_timeout_ms=int(timeout * 1000),
        max_batch_size=TASK_COMMANDS.max_bytes,
    )


def application(settings: Settings) -> Bare:
    """Return the application: ``POST /tasks`` produces its body and awaits the acknowledgement; ``GET /empty``."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with producer(settings.kafka, settings.produce_timeout) as app.state.producer:
            yield

    app = Bare(lifespan=lifespan, openapi_url=None)
    app.state.attempts = Attempts()  # the server stops them before it shuts down

    @app.post("/tasks", status_code=202)
    async def take(request: Request) -> dict[str, str]:
        delivery = await app.state.producer.send(TOPIC, await request.body(), key=b"user")
        await delivery
        return {"status": "accepted"}

    @app.get("/empty")
    async def empty() -> dict[str, str]:
        return {}

    return app


if __name__ == "__main__":
    vars(server)["create_app"] = application
    server.main()
