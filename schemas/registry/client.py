"""A client of any schema registry that speaks Confluent's REST API."""

import json
import ssl
from typing import Any, Self
from urllib.parse import quote

import httpx
from pydantic import model_validator

from common import settings, tls
from common.addresses import HIDDEN, only_origins, origin
from schemas.contract import Schema

CONTENT_TYPE = "application/vnd.schemaregistry.v1+json"
SCHEMA_NOT_FOUND = 40403


class RegistryUnavailable(ConnectionError):
    """The registry can't be reached, or answers unexpectedly."""


class Incompatible(ValueError):
    """The registry refuses a schema: it is incompatible with an earlier version, or invalid."""


class UnknownSchema(LookupError):
    """The registry has no Avro schema with this id."""


class Access(settings.Environment):
    """The settings of connections to the schema registry, besides its address."""

    registry_user: str = ""
    """The user at the schema registry (HTTP Basic)."""
    registry_password: settings.Secret = ""
    """The user's password at the schema registry."""
    registry_ca: tls.Authorities | None = None
    """A file with the authorities that sign the schema registry's certificate (PEM); by default the system's."""

    @model_validator(mode="after")
    def _complete(self) -> Self:
        settings.all_or_none(self, "registry_user", "registry_password")
        return self

    def credentials(self) -> tuple[str, str] | None:
        """Return user and password; None leaves it to those of the address, if any."""
        return (self.registry_user, self.registry_password) if self.registry_user else None

    def trusted(self, url: str) -> ssl.SSLContext | bool:
        """Return the context for an address with TLS."""
        return tls.context(self.registry_ca) if url.startswith("https:") else False


class Registry:
    """A registry by its URL. Connecting is retried for some seconds before RegistryUnavailable is raised."""

    def __init__(self, url: str, retries: int = 3, timeout: float = 10) -> None:
        self.url, access = origin(url), Access()
        self._http = httpx.AsyncClient(
            base_url=url.rstrip("/"),
            headers={"Accept": CONTENT_TYPE, "Content-Type": CONTENT_TYPE},
            timeout=timeout,
            transport=httpx.AsyncHTTPTransport(verify=access.trusted(url), retries=retries),
            auth=access.credentials(),
        )

    async def register(self, subject: str, schema: Schema) -> int:
        """Register a schema and return its id. Idempotent."""
        answer = await self._ask(
            "POST", f"/subjects/{quote(subject, safe='')}/versions", {"schema": json.dumps(schema)}
        )
        if answer.status_code in {409, 422}:
            raise Incompatible(f"The registry refuses the schema for {subject}: {self._quoted(_message(answer))}")
        return int(self._good(answer)["id"])

    async def schema(self, number: int) -> Schema:
        """Return the Avro schema that has this id."""
        answer = await self._ask("GET", f"/schemas/ids/{number}")
        if answer.status_code == 404 and _body(answer).get("error_code") == SCHEMA_NOT_FOUND:
            raise UnknownSchema(f"the registry has no schema {number}")
        found = self._good(answer)
        if (kind := found.get("schemaType", "AVRO")) != "AVRO":
            raise UnknownSchema(f"schema {number} is {kind}, not AVRO")
        schema: Schema = json.loads(found["schema"])
        return schema

    async def refusal(self) -> str | None:
        """Return a sentence that says what the registry refuses, and which setting to change.

        None if it refuses nothing, or if nobody answers.
        """
        try:
            answer = await self._http.get("/schemas/types")
        except httpx.HTTPError as error:
            if (refused := _certificate(error)) is None:
                return None
            return tls.refusal(f"The registry {self.url}", refused, "RONDO_REGISTRY", Access().registry_ca)
        if answer.status_code in {401, 403}:
            return f"The registry {self.url} refuses the user: correct RONDO_REGISTRY_USER and RONDO_REGISTRY_PASSWORD."
        return None

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _ask(self, method: str, path: str, body: dict[str, str] | None = None) -> httpx.Response:
        try:
            return await self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            reason = only_origins(str(error)) or type(error).__name__
            raise RegistryUnavailable(
                f"The schema registry at {self.url} can't be reached ({reason}): start it, or set RONDO_REGISTRY."
            ) from error

    def _good(self, answer: httpx.Response) -> dict[str, Any]:
        if answer.is_success:
            return _body(answer)
        reason = f"answered {answer.status_code}: {self._quoted(_message(answer))}"
        raise RegistryUnavailable(f"The schema registry at {self.url} {reason}")

    def _quoted(self, text: str) -> str:
        """Return a text from the registry with its address, which may be secret, redacted."""
        path = self._http.base_url.path.strip("/")
        return only_origins(text.replace(f"/{path}", f"/{HIDDEN}") if path else text)


def _certificate(error: BaseException | None) -> ssl.SSLCertVerificationError | None:
    """Return the refusal of a certificate that led to an error."""
    while error is not None and not isinstance(error, ssl.SSLCertVerificationError):
        error = error.__cause__ or error.__context__
    return error


async def refusal(url: str) -> str | None:
    """Return the ``refusal`` of a registry by its URL."""
    registry = Registry(url, retries=0, timeout=5)
    try:
        return await registry.refusal()
    finally:
        await registry.aclose()


def _body(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _message(answer: httpx.Response) -> str:
    return str(_body(answer).get("message") or answer.text[:200] or answer.reason_phrase)
