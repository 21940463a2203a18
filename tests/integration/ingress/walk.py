"""A walk over every operation of the API, and what must hold of the answers whatever fails."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import product
from typing import Any
from uuid import uuid4

import httpx

from api.app import openapi
from api.commands.gateway import LOOK
from api.http import document
from common.serving import GUARDS
from schemas import ids
from schemas.records import ChangeTasks

DOCUMENT = openapi()
SLACK = 2.0
"""Seconds for a hundred answers at once on a busy machine."""
_READING = ("/bulks", "/undo", "/move", "/tags/")
"""In the paths of commands that read what they are about."""
UNKNOWN = "/problems/outcome-unknown"
_EVERYWHERE = {"date", "content-type", "content-length", "connection", *(name.lower() for name in GUARDS)}
"""Headers that the document leaves out, since any answer of any server may have them."""


@dataclass(frozen=True)
class Ask:
    """One request, and what the document says of its answers."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: object
    documented: Mapping[str, Any] = field(repr=False)

    @property
    def is_command(self) -> bool:
        return _takes(self.documented, "Idempotency-Key")

    @property
    def reads_before(self) -> bool:
        """Whether a command must read what it is about, before it is appended."""
        return bool(self.query) or any(part in self.path for part in _READING)

    @property
    def waits(self) -> int:
        return int(self.headers.get("Prefer", "wait=0").removeprefix("wait="))

    def stated(self, query: float, produce: float) -> float:
        """Seconds within which docs/api.md promises an answer, by the two timeouts of the settings."""
        if not self.path.startswith("/v1/"):
            return 3.0
        reading = query + 1
        if not self.is_command:
            return reading + self.waits
        look = LOOK if "Idempotency-Key" in self.headers else 0
        return produce + self.waits + 2 + look + (reading if self.reads_before else 0)


@dataclass(frozen=True)
class Answer:
    """What came back, and after how many seconds."""

    ask: Ask
    response: httpx.Response
    seconds: float

    @property
    def type(self) -> str | None:
        is_problem = self.response.headers.get("content-type") == "application/problem+json"
        return str(self.response.json()["type"]) if is_problem else None

    @property
    def denies(self) -> bool:
        """Whether it says that nothing was done."""
        return self.response.status_code >= 500 and self.type != UNKNOWN

    @property
    def key(self) -> str | None:
        return self.ask.headers.get("Idempotency-Key") or self.response.headers.get("idempotency-key")

    def __str__(self) -> str:
        text = f"{self.response.status_code} {self.type} {sorted(headers(self))} after {self.seconds:.1f} s"
        return f"{self.ask.method} {self.ask.path} {dict(self.ask.query)} {dict(self.ask.headers)}: {text}"


def asks(known: Mapping[str, str], seconds: int = 1) -> Iterator[Ask]:
    """Every operation, with each example of its body and each choice of its query, waiting and not, with a key and not.

    ``known`` are values of the parameters of paths, ``seconds`` how long those wait who wait. A new operation is in by
    itself, as long as it has its examples.
    """
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            filled = path.format_map(known)
            for query, body, wait, keyed in product(
                _queries(operation), _bodies(operation), _may(operation, "Prefer"), _may(operation, "Idempotency-Key")
            ):
                headers = {"Prefer": f"wait={seconds}"} if wait else {}
                headers |= {"Idempotency-Key": str(uuid4())} if keyed else {}
                yield Ask(method.upper(), filled, query, headers, body, operation)


def _may(operation: Mapping[str, Any], header: str) -> list[bool]:
    return [False, True] if _takes(operation, header) else [False]


def _takes(operation: Mapping[str, Any], header: str) -> bool:
    return any(each["name"].lower() == header.lower() for each in operation.get("parameters", ()))


def _queries(operation: Mapping[str, Any]) -> list[dict[str, str]]:
    found: list[dict[str, str]] = [{}]
    for each in operation.get("parameters", ()):
        schema = each["schema"]
        choices = schema.get("enum") or ([schema["const"]] if "const" in schema else [])
        if each["in"] == "query":
            found += [{each["name"]: choice} for choice in choices]
        if each["in"] == "query" and each["required"]:
            found = [{each["name"]: schema["examples"][0], **query} for query in found]
    return found


def _bodies(operation: Mapping[str, Any]) -> list[object]:
    if "requestBody" not in operation:
        return [None]
    return [each["value"] for each in operation["requestBody"]["content"]["application/json"]["examples"].values()]


async def sent(client: httpx.AsyncClient, wanted: Sequence[Ask]) -> list[Answer]:
    """Send all at once and return the answers; whom nobody let in has none."""

    async def send(ask: Ask) -> list[Answer]:
        began = time.monotonic()
        more = {} if ask.body is None else {"json": ask.body}
        with suppress(httpx.ConnectError):
            response = await client.request(
                ask.method, ask.path, params=dict(ask.query) or None, headers=dict(ask.headers), **more
            )
            return [Answer(ask, response, time.monotonic() - began)]
        return []

    return [answer for answers in await asyncio.gather(*map(send, wanted)) for answer in answers]


def undocumented(answers: Sequence[Answer]) -> list[str]:
    """Answers that the document does not have: their status, media type, problem or headers."""
    return [str(each) for each in answers if not _documented(each)]


def _documented(answer: Answer) -> bool:
    described = _described(answer)
    if not described or not headers(answer) <= {name.lower() for name in described.get("headers", ())}:
        return False
    media, content = answer.response.headers.get("content-type", "").partition(";")[0], described.get("content", {})
    if answer.type is None:
        return not media or media in content
    return answer.type.rpartition("/")[2] in content.get(media, {}).get("examples", {})


def unsent(answers: Sequence[Answer]) -> set[tuple[str, str, str]]:
    """Headers that the document has for an operation and a status, and no answer had, though there were such."""
    documented, sent = set(), set()
    for each in answers:
        place = (each.ask.documented["operationId"], str(each.response.status_code))
        documented |= {(*place, name.lower()) for name in _described(each).get("headers", ())}
        sent |= {(*place, name) for name in headers(each)}
    return documented - sent


def headers(answer: Answer) -> set[str]:
    """The names of the headers of an answer that the document has to name."""
    return {*answer.response.headers} - _EVERYWHERE


def _described(answer: Answer) -> Mapping[str, Any]:
    return document.answer(DOCUMENT, answer.ask.documented["responses"].get(str(answer.response.status_code), {}))


def late(answers: Sequence[Answer], query: float, produce: float) -> list[str]:
    """Answers that came after their stated time."""
    return [str(each) for each in answers if each.seconds > each.ask.stated(query, produce) + SLACK]


def false(answers: Sequence[Answer], records: Sequence[Any], user: str) -> list[str]:
    """Answers that the log belies: nothing was done, but it was; it was taken, but it was not; or not where to ask."""
    commands = [each for each in answers if each.ask.is_command]
    told = {ids.command(user, each.key): each for each in commands if each.key}
    told |= {ids.ahead(id_): each for id_, each in told.items()}
    on_log = {each.bulk if isinstance(each, ChangeTasks) else each.id for each in records}
    belied = [str(told.get(id_, id_)) for id_ in on_log if id_ not in told or told[id_].denies]
    taken = [each for each in commands if each.response.is_success]
    made_up = [str(each) for each in taken if each.key is None or ids.command(user, each.key) not in on_log]
    return [*belied, *made_up, *(str(each) for each in commands if each.type == UNKNOWN and not _leads_on(each, user))]


def _leads_on(answer: Answer, user: str) -> bool:
    """Whether an answer says where the outcome will be and under which key to repeat the request."""
    headers, told = answer.response.headers, answer.response.json()
    id_ = (told.get("command") or told.get("bulk"))["id"]
    return headers["location"].endswith(id_) and told["idempotency_key"] == headers["idempotency-key"] == answer.key
