"""Addresses and their methods, checked before a request reaches the router.

A router knows only routes, each one method of an address: it would take ``PATCH /v1/tasks/facets`` for a change of the
task ``facets``. Here a path is matched segment by segment as the client sent it (RFC 3986, section 2.2): ``a%2Fb`` is
one segment, and a fixed word takes precedence over a parameter.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote, unquote_to_bytes

from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.serving.refusals import Refuse

HEAD_AS_GET = "rondo.head"
"""Scope key of a HEAD request that the application answers as GET: its answer still has no body."""
_PLAIN = re.compile(rb"[\w./~-]*", re.ASCII)
"""A path in canonical form: each of its characters stands for itself."""
_PARAMETER = re.compile(r"\{(\w+)(:path)?\}")
_SEGMENT, _SEGMENTS = "(?:(?!%2F)[^/])+", "[^/]+(?:/[^/]+)*"
_ABSOLUTE = re.compile(rb"https?://[^/?]+", re.IGNORECASE)
_HOST = re.compile(r"([\w.~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]*)?", re.ASCII)
"""Valid values of the header Host (RFC 9110, section 7.2)."""
_ANSWER = "rondo.answer"
"""Scope key of a matched route's ASGI application, where it needs no further routing."""


@dataclass(frozen=True)
class Address:
    """The paths of one template, and their routes by method."""

    pattern: re.Pattern[str]
    routes: Mapping[str, BaseRoute]
    words: int
    """Number of segments that are fixed words."""
    begin: str
    """The template up to its first parameter."""

    @cached_property
    def methods(self) -> frozenset[str]:
        """The methods, HEAD wherever there is GET."""
        return frozenset(self.routes.keys() | ({"HEAD"} if "GET" in self.routes else set()))

    @property
    def allow(self) -> str:
        """Value of the header Allow."""
        return ", ".join(sorted(self.methods))


class Addresses:
    """Refuses unknown addresses and methods; answers HEAD wherever there is GET."""

    def __init__(self, app: ASGIApp, refuse: Refuse) -> None:
        self.app, self._refuse = app, refuse
        self._known: tuple[Address, ...] = ()
        self._fixed: dict[str, Address] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        _bring_in_origin_form(scope)  # in place: outer middleware reads what inner layers add to the scope
        if refusal := self._refusal(scope):
            await refusal(scope, receive, send)
        elif scope["method"] == "HEAD":
            scope["method"], scope[HEAD_AS_GET] = "GET", True
            await self.app(scope, receive, _without_body(send))
        else:
            await self.app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        if wrong := _wrong(scope):
            return self._cut_off(wrong)
        try:
            path, _ = segments(scope["raw_path"]), unquote_to_bytes(scope["query_string"]).decode()
        except UnicodeDecodeError:
            return self._refuse(400, "Its address is not UTF-8. Percent-encode the bytes of UTF-8.")
        if found := self._find(path, scope["app"]):
            if scope["method"] not in found.methods:
                return self._not_allowed(found)
            _match(scope, found, path)
            return None
        if path.endswith("/") and self._find(path.rstrip("/"), scope["app"]):
            query = scope["query_string"].decode("latin-1")
            return RedirectResponse(path.rstrip("/") + (query and f"?{query}"))  # 307; a host in the request is ignored
        return self._refuse(404, f"There is nothing at {scope['path']}.")

    def _cut_off(self, wrong: str) -> Response:
        """Refuse a malformed request and close its connection: where the next request begins is unknown."""
        answer = self._refuse(400, wrong)
        answer.headers["Connection"] = "close"
        return answer

    def _not_allowed(self, address: Address) -> Response:
        answer = self._refuse(405)
        answer.headers["Allow"] = address.allow
        return answer

    def _find(self, path: str, app: FastAPI) -> Address | None:
        if not self._known:
            self._known = addresses(iter_route_contexts(app.routes))
            self._fixed = {each.begin: each for each in self._known if not each.pattern.groups}
        if found := self._fixed.get(path):  # it has more fixed words than any other
            return found
        return next(
            (each for each in self._known if path.startswith(each.begin) and each.pattern.fullmatch(path)), None
        )


class Direct:
    """Calls the route that ``Addresses`` found, if it can be called directly: the router would search it again."""

    def __init__(self, router: ASGIApp) -> None:
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the request."""
        await scope.get(_ANSWER, self._router)(scope, receive, send)


def _match(scope: Scope, address: Address, path: str) -> None:
    """Add to a scope what the router would, if the route has a method ``answer``, which is called directly."""
    route = address.routes["GET" if scope["method"] == "HEAD" else scope["method"]]
    if answer := getattr(route, "answer", None):
        found = address.pattern.fullmatch(path)
        assert found
        parameters = {name: unquote(text) for name, text in found.groupdict().items()}
        scope.update({"route": route, "path_params": parameters, _ANSWER: answer})


def is_head(scope: Mapping[str, Any]) -> bool:
    """Return whether the answer to a request has no body."""
    return scope["method"] == "HEAD" or HEAD_AS_GET in scope


def addresses(routes: Iterable[RouteContext]) -> tuple[Address, ...]:
    """Return the addresses of routes, those with more fixed words first."""
    by_path: defaultdict[str, dict[str, BaseRoute]] = defaultdict(dict)
    for route in routes:
        for method in route.methods or ():
            by_path[route.path or ""].setdefault(method, route.original_route)
    found = [Address(_pattern(path), each, _words(path), path.partition("{")[0]) for path, each in by_path.items()]
    return tuple(sorted(found, key=lambda each: -each.words))


def segments(raw_path: bytes) -> str:
    """Return a path with each segment in canonical form. Raises ``UnicodeDecodeError`` if it is not UTF-8."""
    if _PLAIN.fullmatch(raw_path):
        return raw_path.decode()
    return "/".join(quote(unquote_to_bytes(segment).decode(), safe="") for segment in raw_path.split(b"/"))


def _pattern(template: str) -> re.Pattern[str]:
    written = (f"(?P<{name}>{_SEGMENTS if kind else _SEGMENT})" for name, kind in _PARAMETER.findall(template))
    words = [re.escape(word) for word in _PARAMETER.sub("\0", template).split("\0")]
    return re.compile("".join(part for pair in zip(words, [*written, ""], strict=True) for part in pair))


def _words(template: str) -> int:
    return sum(not _PARAMETER.fullmatch(segment) for segment in template.split("/"))


def _without_body(send: Send) -> Send:
    async def sending(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return sending


def _wrong(scope: Scope) -> str | None:
    """Return what is invalid in a request's version, target or host (RFC 9112, sections 2.3 and 3.2)."""
    if not scope["http_version"].startswith("1."):
        return "Its version of HTTP is not 1.1."
    if not scope["raw_path"].startswith(b"/") and scope["method"] not in {"OPTIONS", "CONNECT"}:
        return "Its target is no path. Begin it with a slash."
    if b"#" in scope["raw_path"] + scope["query_string"]:
        return "Its target has a fragment. Leave it out, or write # as %23."
    hosts = (value.decode("latin-1") for name, value in scope["headers"] if name == b"host")
    return None if all(map(_HOST.fullmatch, hosts)) else "Its header Host names no host."


def _bring_in_origin_form(scope: Scope) -> None:
    """Convert a target in absolute form, as sent to a proxy, to origin form (RFC 9112, section 3.2.2)."""
    raw = scope.get("raw_path") or quote(scope["path"]).encode()
    if found := _ABSOLUTE.match(raw):
        raw = raw[found.end() :] or b"/"
        scope["path"] = unquote(raw.decode("latin-1"))
    scope["raw_path"] = raw
