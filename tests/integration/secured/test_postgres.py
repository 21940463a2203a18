"""Both drivers verify Postgres's certificate, and take an address as a provider writes it."""

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from common import tls
from postgres import connections
from postgres.migrate import migrate
from tests.certificates import Authority
from tests.integration.secured.database import Database

NEON = "?sslmode=require&channel_binding=require"
"""The parameters of an address as Neon shows it."""
ENCRYPTED = "select ssl from pg_stat_ssl where pid = pg_backend_pid()"


async def by_asyncpg(address: str) -> bool:
    connection = await connections.connect(address, timeout=10)
    try:
        return bool(await connection.fetchval(ENCRYPTED))
    finally:
        await connection.close()


async def by_a_pool(address: str) -> bool:
    async with connections.pool(address, min_size=0, max_size=1) as pool:
        return bool(await pool.fetchval(ENCRYPTED))


async def by_psycopg(address: str) -> bool:
    def ask() -> bool:
        with connections.connect_psycopg(address) as connection:
            return bool(connection.execute(ENCRYPTED).fetchone()[0])

    return await asyncio.to_thread(ask)


DRIVERS = (by_asyncpg, by_a_pool, by_psycopg)
every_driver = pytest.mark.parametrize("connect", DRIVERS, ids=lambda each: each.__name__)
REFUSED = (ssl.SSLCertVerificationError, psycopg.OperationalError)


@pytest.fixture
def system_authorities(monkeypatch: pytest.MonkeyPatch):
    """A function that makes this file that of the system's authorities."""

    def replace(file: Path) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        tls._context.cache_clear()

    yield replace
    tls._context.cache_clear()


@every_driver
@pytest.mark.parametrize("parameters", [NEON, "?sslmode=verify-full&sslrootcert=system", "?sslmode=verify-ca"])
async def test_an_address_is_verified_against_the_systems_authorities(
    connect: Callable, parameters: str, database: Database, system_authorities: Callable
):
    system_authorities(database.ca)
    assert await connect(database.address + parameters)


@every_driver
async def test_a_server_whose_authority_the_system_does_not_trust_is_refused(
    connect: Callable, database: Database, system_authorities: Callable, tmp_path: Path
):
    system_authorities(Authority(tmp_path / "other.pem").file)
    with pytest.raises(REFUSED):
        await connect(database.address + NEON)


@every_driver
async def test_a_server_with_another_name_is_refused(
    connect: Callable, database: Database, system_authorities: Callable
):
    system_authorities(database.ca)
    with pytest.raises(REFUSED):
        await connect(database.address.replace("127.0.0.1", "localhost") + NEON)


@every_driver
@pytest.mark.parametrize("parameters", ["", NEON])
async def test_an_authority_of_the_setting_is_trusted_instead_of_the_systems(
    connect: Callable, parameters: str, database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("RONDO_POSTGRES_CA", str(database.ca))
    assert await connect(database.address + parameters)
    monkeypatch.setenv("RONDO_POSTGRES_CA", str(Authority(tmp_path / "other.pem").file))
    with pytest.raises(REFUSED):
        await connect(database.address + parameters)


@every_driver
async def test_what_only_libpq_knows_and_what_only_the_server_knows_may_be_in_an_address(
    connect: Callable, database: Database, system_authorities: Callable
):
    system_authorities(database.ca)
    parameters = f"{NEON}&connect_timeout=10&application_name=rondo&options=-c%20work_mem%3D8MB"
    assert await connect(database.address + parameters)


def test_migrations_run_over_tls(database: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RONDO_POSTGRES_CA", str(database.ca))
    migrate(database.address + NEON)
