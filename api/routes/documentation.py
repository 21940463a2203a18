"""The API's documentation: the meaning of each problem type, and a page for reading and trying the API.

The page is Swagger UI, services by Rondo itself; it contacts no other host.
"""

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from importlib.resources import files
from typing import Annotated

from fastapi import APIRouter, Path, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool

from api.http.problems import BUSY, CATALOGUE, FULL, NOT_FOUND, VALIDATION, Problem, ProblemType, documented

router = APIRouter(prefix="/problems", tags=["problems"])
viewer = APIRouter(include_in_schema=False)

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Allows no other host, and no inline script."""
_KEPT = {"Cache-Control": "no-cache"}  # revalidated by its entity tag: it is public, and changes only with a release
_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Rondo's API</title>
<link rel="icon" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="viewer"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#viewer",
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null
});
"""
_FILES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
"""Names and media types of the files of Swagger UI."""


class Meaning(BaseModel):
    """A problem type: its meaning, and what to do."""

    model_config = ConfigDict(json_schema_extra={"examples": [asdict(BUSY) | {"type": BUSY.type}]})

    type: str
    name: str
    status: int
    title: str
    meaning: str
    again: int | None
    """Seconds after which the same request may be sent again; null where it would be refused again."""

    @classmethod
    def of(cls, kind: ProblemType) -> "Meaning":
        """Return the meaning of a problem type."""
        return cls(type=kind.type, **asdict(kind))


@router.get("/{name}", responses=documented(NOT_FOUND, VALIDATION, FULL))
async def explain_problem(name: Annotated[str, Path(max_length=100)]) -> Meaning:
    """Return the meaning of a problem type, and what to do."""
    if not (kind := CATALOGUE.get(name)):
        raise Problem(NOT_FOUND, f"There is no problem type with this name. The types are: {', '.join(CATALOGUE)}.")
    return Meaning.of(kind)


@viewer.get("/docs")
async def page() -> Response:
    """Return the page."""
    return HTMLResponse(_PAGE, headers={**_KEPT, "Content-Security-Policy": _POLICY})


@viewer.get("/docs/start.js")
async def start() -> Response:
    """Return the script that starts the viewer: the page's policy forbids an inline one."""
    return Response(_START, headers=_KEPT, media_type="text/javascript")


def _file(name: str, media_type: str) -> Callable[[], Awaitable[Response]]:
    async def file() -> Response:
        content = await run_in_threadpool((files("fastapi_swagger.resources") / name).read_bytes)
        return Response(content, headers=_KEPT, media_type=media_type)

    return file


for name, media_type in _FILES.items():
    viewer.get(f"/docs/{name}")(_file(name, media_type))


@viewer.get("/")
@viewer.get("/redoc")
async def to_page() -> Response:
    """Redirect to the page, also from the address of FastAPI's other one."""
    return RedirectResponse("/docs")  # 307


@viewer.get("/openapi.json")
async def document(request: Request) -> Response:
    """Return the OpenAPI document. It is made in a thread, as that takes hundreds of milliseconds."""
    content = await run_in_threadpool(lambda: json.dumps(request.app.openapi()).encode())
    return Response(content, headers=_KEPT, media_type="application/json")
