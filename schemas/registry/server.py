"""The part of Confluent's schema registry REST API that Avro clients need, stored on a topic of Rondo's broker.

Source: Confluent's "Schema Registry API Reference". Not supported: other schema types, references, contexts, modes,
permanent deletion, rule sets, and clustering: one process serves it.
"""

import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from common.serving import Application
from schemas.registry import bounds
from schemas.registry.client import CONTENT_TYPE
from schemas.registry.log import SchemaLog, StorageUnavailable
from schemas.registry.service import Refusal, Service
from schemas.registry.subjects import Version

_MESSAGE, _MESSAGES = 2000, 20
"""The most characters of a message, and the most messages of an answer."""


class RegistryResponse(JSONResponse):
    """JSON with the registry's content type, in ASCII: a request may contain half a surrogate pair."""

    media_type = CONTENT_TYPE

    def render(self, content: Any) -> bytes:
        """Return the content's bytes."""
        return json.dumps(content, separators=(",", ":"), allow_nan=False).encode("ascii")


class _Bounded(Request):
    """A request whose body is read up to a limit."""

    async def body(self) -> bytes:
        """Return the body. Refuses a longer one as soon as it exceeds the limit; the rest is not stored."""
        if not hasattr(self, "_body"):
            chunks, size = [], 0
            async for chunk in self.stream():
                chunks.append(chunk)
                size += len(chunk)
                if size > bounds.MAX_BODY:
                    raise HTTPException(413, f"The body has more than {bounds.MAX_BODY // 1024} KiB.")
            self._body = b"".join(chunks)
        return self._body


class _Route(APIRoute):
    """A route whose requests are bounded."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler."""
        handle = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            return await handle(_Bounded(request.scope, request.receive))

        return bounded


router = APIRouter(route_class=_Route)


class Offered(BaseModel):
    """A schema that a client sends."""

    text: Annotated[str, Field(alias="schema")]
    kind: Annotated[str | None, Field(alias="schemaType")] = None
    references: list[Any] | None = None

    def avro(self) -> str:
        """Return the schema's text; refuses schema types that the registry does not support."""
        if self.kind not in {None, "", "AVRO"} or self.references:
            raise Refusal(42201, "This registry keeps Avro schemas without references: send type AVRO, names inlined.")
        return self.text


class Config(BaseModel):
    """The compatibility level that a client asks for."""

    compatibility: str


def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


Registry = Annotated[Service, Depends(_service)]


def _described(version: Version) -> dict[str, Any]:
    return {"subject": version.subject, "version": version.version, "id": version.id, "schema": version.schema}


@router.get("/")
async def ready() -> dict[str, str]:
    """Answer: the registry has read its topic and serves."""
    return {}


@router.get("/subjects")
async def subjects(service: Registry, subjectPrefix: str = "", deleted: bool = False) -> list[str]:  # noqa: N803 (their name)
    """List the subjects."""
    return [name for name in service.subjects.names(deleted) if name.startswith(subjectPrefix)]


@router.post("/subjects/{subject}")
async def look_up(service: Registry, subject: str, offered: Offered, deleted: bool = False) -> dict[str, Any]:
    """Find the version of a subject that has this schema."""
    return _described(await service.find(subject, offered.avro(), deleted))


@router.delete("/subjects/{subject}")
async def delete_subject(service: Registry, subject: str, permanent: bool = False) -> list[int]:
    """Delete a subject softly."""
    _not_for_good(permanent)
    return [version.version for version in await service.delete(subject)]


@router.get("/subjects/{subject}/versions")
async def versions(service: Registry, subject: str, deleted: bool = False) -> list[int]:
    """List a subject's versions."""
    return [version.version for version in service.versions(subject, deleted)]


@router.post("/subjects/{subject}/versions")
async def register(service: Registry, subject: str, offered: Offered) -> dict[str, Any]:
    """Register a schema under a subject."""
    return _described(await service.register(subject, offered.avro()))


@router.get("/subjects/{subject}/versions/{version}")
async def version(service: Registry, subject: str, version: str, deleted: bool = False) -> dict[str, Any]:
    """Describe a version."""
    return _described(service.version(subject, version, deleted))


@router.get("/subjects/{subject}/versions/{version}/schema")
async def version_schema(service: Registry, subject: str, version: str, deleted: bool = False) -> Any:
    """Return a version's schema, bare."""
    return json.loads(service.version(subject, version, deleted).schema)


@router.delete("/subjects/{subject}/versions/{version}")
async def delete_version(service: Registry, subject: str, version: str, permanent: bool = False) -> int:
    """Delete a version softly."""
    _not_for_good(permanent)
    return (await service.delete(subject, version))[0].version


@router.get("/schemas/types")
async def types() -> list[str]:
    """List the schema types that the registry supports."""
    return ["AVRO"]


@router.get("/schemas/ids/{number}")
async def schema(service: Registry, number: int) -> dict[str, str]:
    """Return the schema that has this id."""
    return {"schema": service.schema(number)}


@router.get("/schemas/ids/{number}/schema")
async def bare_schema(service: Registry, number: int) -> Any:
    """Return the schema that has this id, bare."""
    return json.loads(service.schema(number))


@router.get("/schemas/ids/{number}/subjects")
async def schema_subjects(service: Registry, number: int) -> list[str]:
    """List the subjects that have this schema."""
    service.schema(number)
    return [place.subject for place in service.subjects.places(number)]


@router.get("/schemas/ids/{number}/versions")
async def schema_versions(service: Registry, number: int) -> list[dict[str, Any]]:
    """List the versions that have this schema."""
    service.schema(number)
    return [{"subject": place.subject, "version": place.version} for place in service.subjects.places(number)]


@router.post("/compatibility/subjects/{subject}/versions")
async def compatible(service: Registry, subject: str, offered: Offered, verbose: bool = False) -> dict[str, Any]:
    """Say whether a schema could follow a subject's versions."""
    reasons = await service.objections(subject, offered.avro(), service.subjects.versions(subject))
    return _verdict(reasons, verbose)


@router.post("/compatibility/subjects/{subject}/versions/{version}")
async def compatible_with(
    service: Registry, subject: str, version: str, offered: Offered, verbose: bool = False
) -> dict[str, Any]:
    """Say whether a schema could follow one version."""
    reasons = await service.objections(subject, offered.avro(), [service.version(subject, version)])
    return _verdict(reasons, verbose)


def _verdict(reasons: list[str], verbose: bool) -> dict[str, Any]:
    listed = [reason[:_MESSAGE] for reason in reasons[:_MESSAGES]]
    more = [f"and {len(reasons) - _MESSAGES:,} more"] if len(reasons) > _MESSAGES else []
    return {"is_compatible": not reasons} | ({"messages": listed + more} if verbose else {})


@router.get("/config")
@router.get("/config/{subject}")
async def level(service: Registry, subject: str | None = None, defaultToGlobal: bool = False) -> dict[str, str]:  # noqa: N803
    """Return the compatibility level of a subject, or the global one."""
    return {"compatibilityLevel": service.level(subject, defaultToGlobal)}


@router.put("/config")
@router.put("/config/{subject}")
async def configure(service: Registry, config: Config, subject: str | None = None) -> dict[str, str]:
    """Set the compatibility level of a subject, or the global one."""
    return {"compatibility": await service.configure(subject, config.compatibility)}


@router.delete("/config/{subject}")
async def unconfigure(service: Registry, subject: str) -> dict[str, str]:
    """Unset a subject's compatibility level: the global one applies again."""
    return {"compatibilityLevel": await service.configure(subject, None)}


@router.get("/mode")
async def mode() -> dict[str, str]:
    """Say that the registry can be read and written."""
    return {"mode": "READWRITE"}


def _not_for_good(permanent: bool) -> None:
    if permanent:
        raise Refusal(422, "This registry deletes softly only, so that what was written stays readable.")


def create_app(kafka: str) -> Application:
    """Return the registry on this broker."""
    return app_of(Service(SchemaLog(kafka)))


def app_of(service: Service) -> Application:
    """Return the application that serves a registry, opened at startup and closed at shutdown."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await service.open()
        app.state.service = service
        yield
        await service.close()

    app = Application(refuse, default_response_class=RegistryResponse, lifespan=lifespan)
    app.include_router(router)
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _failed)
    app.add_exception_handler(StorageUnavailable, _unavailable)
    return app


def refuse(status: int, detail: str | None = None) -> RegistryResponse:
    """Return the error answer for a request that matches no operation, or fails in one."""
    return _error(status, 50001 if status == 500 else status, f"HTTP {status} {detail or HTTPStatus(status).phrase}")


def _error(status: int, code: int, message: str) -> RegistryResponse:
    return RegistryResponse({"error_code": code, "message": message[:_MESSAGE]}, status)


async def _refused(_: Request, error: Exception) -> RegistryResponse:
    assert isinstance(error, Refusal)
    return _error(error.status, error.code, str(error))


async def _malformed(_: Request, error: Exception) -> RegistryResponse:
    assert isinstance(error, RequestValidationError)
    wrong = error.errors()[0]
    return _error(422, 422, f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}")


async def _failed(_: Request, error: Exception) -> RegistryResponse:
    assert isinstance(error, HTTPException)
    return refuse(error.status_code, error.detail)


async def _unavailable(_: Request, error: Exception) -> RegistryResponse:
    return _error(500, 50001, str(error))
