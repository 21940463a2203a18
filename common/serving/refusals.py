"""Answers to requests that match no handler."""

import json
from http import HTTPStatus
from typing import Protocol

from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"


class Refuse(Protocol):
    """Returns the answer with a status: 400, 404, 405, 408, 431, 500 or 503. ``detail`` adds to it."""

    def __call__(self, status: int, detail: str | None = None) -> Response:
        """Refuse."""


def plain(status: int, detail: str | None = None) -> Response:
    """Refuse with a problem that has no more than its status and detail (RFC 9457, section 4.2.1)."""
    problem = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    content = json.dumps(problem | ({"detail": detail} if detail else {}), separators=(",", ":")).encode("ascii")
    return Response(content, status, media_type=MEDIA_TYPE)
