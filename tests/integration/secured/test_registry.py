"""The client of a registry authenticates, and verifies its certificate."""

import asyncio
import secrets
import socket
from base64 import b64encode
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from local import ports
from schemas.codec import Codec
from schemas.registry.client import Registry, RegistryUnavailable
from schemas.registry.server import create_app
from schemas.topics import TASK_COMMANDS
from tests.certificates import Authority

USER, PASSWORD = "rondo", "planted-registry-password"


class Basic:
    """Answers 401 to a request without the user and the password (RFC 7617)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._wanted = b"Basic " + b64encode(f"{USER}:{PASSWORD}".encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        authorization = dict(scope.get("headers", ())).get(b"authorization", b"")
        is_known = scope["type"] != "http" or secrets.compare_digest(authorization, self._wanted)
        await (self._app if is_known else PlainTextResponse("Who are you?", 401))(scope, receive, send)


class Noticed(uvicorn.Server):
    """A server that sets ``up`` once it accepts connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@pytest.fixture(scope="package")
async def protected(kafka: str, directory: Path) -> AsyncIterator[tuple[str, Path]]:
    """The address of Rondo's registry behind TLS and a password, and the file of its authority."""
    authority, port = Authority(directory / "registry-ca.pem"), ports.choose(["protected"], {})["protected"]
    certificate = authority.issue(directory / "registry.pem")
    config = uvicorn.Config(Basic(create_app(kafka)), ports.HOST, port, ssl_certfile=certificate, log_level="error")
    server = Noticed(config)
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(30):
        await server.up.wait()
    yield f"https://{ports.HOST}:{port}", authority.file
    server.should_exit = True
    await serving


async def published(address: str) -> None:
    registry = Registry(address)
    try:
        await Codec(registry).publish([TASK_COMMANDS])
    finally:
        await registry.aclose()


@pytest.fixture
def known(protected: tuple[str, Path], monkeypatch: pytest.MonkeyPatch) -> str:
    """The address, for a process that has the password and trusts the authority."""
    monkeypatch.setenv("RONDO_REGISTRY_USER", USER)
    monkeypatch.setenv("RONDO_REGISTRY_PASSWORD", PASSWORD)
    monkeypatch.setenv("RONDO_REGISTRY_CA", str(protected[1]))
    return protected[0]


async def test_schemas_are_published_with_a_password_over_tls(known: str):
    await published(known)


async def test_user_and_password_may_be_in_the_address(known: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("RONDO_REGISTRY_USER")
    monkeypatch.delenv("RONDO_REGISTRY_PASSWORD")
    await published(known.replace("//", f"//{USER}:{PASSWORD}@"))


async def test_a_wrong_password_is_not_in_the_error(known: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RONDO_REGISTRY_PASSWORD", "hunter2")
    with pytest.raises(RegistryUnavailable, match="answered 401") as raised:
        await published(known)
    assert "hunter2" not in str(raised.value)


async def test_an_authority_that_is_not_trusted_is_refused(known: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("RONDO_REGISTRY_CA", str(Authority(tmp_path / "other.pem").file))
    with pytest.raises(RegistryUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        await published(known)
