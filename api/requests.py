"""How a request is read: who sends it first, then its body, bounded, and as strict JSON."""

import json
from collections.abc import Callable, Coroutine
from typing import Annotated, Any

import structlog
from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer

from api import tokens
from api.problems import MALFORMED, MEDIA, TOO_LARGE, UNAUTHORIZED, FieldError, Problem

LIMIT = 256 * 1024
"""The largest body, in bytes."""

signed = Depends(HTTPBearer(auto_error=False, description="The token that `make run` prints."))
"""Documents that an operation needs a token; ``Route`` is what checks it."""


def user_of(request: Request) -> str:
    """Return the id of the user whom the request's token names. Raises ``Problem``."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Problem(UNAUTHORIZED, headers={"WWW-Authenticate": 'Bearer realm="rondo"'})
    try:
        return tokens.user_of(request.app.state.settings.secret, token.strip())
    except tokens.InvalidToken as error:
        challenge = f'Bearer realm="rondo", error="invalid_token", error_description="{error}"'
        raise Problem(UNAUTHORIZED, str(error), headers={"WWW-Authenticate": challenge}) from None


def parse(body: bytes) -> Any:
    """Return the JSON value of ``body``. Raises ``Problem`` for what is not JSON (RFC 8259) or names a field twice.

    A control character that stands unescaped in a string is let through here, so that validation refuses it with
    the name of its field.
    """
    try:
        return json.loads(body.decode(), object_pairs_hook=_object, parse_constant=_constant, strict=False)
    except UnicodeDecodeError as error:
        raise Problem(MALFORMED, f"The body is not UTF-8: see byte {error.start}.") from None
    except json.JSONDecodeError as error:
        raise Problem(
            MALFORMED, f"The body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})."
        ) from None
    except RecursionError:
        raise Problem(MALFORMED, "The body is nested too deeply.") from None
    except ValueError:  # an integer of thousands of digits
        raise Problem(MALFORMED, "The body has a number that is too long.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            error = FieldError(name[:200], "It is given twice. Give it once.")
            raise Problem(MALFORMED, "The body names a field twice.", [error])
        found[name] = value
    return found


def _constant(name: str) -> Any:
    raise Problem(MALFORMED, f"The body has the value {name}, which is not JSON.")


class StrictRequest(Request):
    """A request whose body is read up to ``LIMIT`` and parsed by ``parse``."""

    async def body(self) -> bytes:
        """Return the body. Raises ``Problem`` as soon as it is known to be too large; the rest is never kept."""
        if not hasattr(self, "_body"):
            self._check_headers()
            chunks, size = [], 0
            async for chunk in self.stream():
                size += len(chunk)
                if size > LIMIT:
                    raise Problem(TOO_LARGE)
                chunks.append(chunk)
            self._body = b"".join(chunks)
        return self._body

    async def json(self) -> Any:
        """Return the body's JSON value. Raises ``Problem``."""
        return parse(await self.body())

    def _check_headers(self) -> None:
        length = self.headers.get("content-length", "")
        if length.isdecimal() and int(length[:20]) > LIMIT:
            raise Problem(TOO_LARGE)
        media = self.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media not in ("application/json", "application/merge-patch+json"):
            raise Problem(MEDIA, errors=[FieldError("Content-Type", f"It is {media or 'missing'}.")])


class Route(APIRoute):
    """A route that knows its user before it reads anything else of the request."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler that authenticates and then reads strictly."""
        handle = super().get_route_handler()

        async def strict(request: Request) -> Response:
            user = user_of(request)
            request.state.user = user
            structlog.contextvars.bind_contextvars(user=user)
            return await handle(StrictRequest(request.scope, request.receive))

        return strict


async def _user(request: Request) -> str:
    user: str = request.state.user
    return user


User = Annotated[str, Depends(_user)]
"""The id of the user who sent the request."""
