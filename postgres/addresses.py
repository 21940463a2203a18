"""Stores and reads the addresses of targets, as ciphertexts: in a schema of their own, which rebuilds spare."""

from dataclasses import dataclass

from asyncpg import Connection, Pool

from postgres import connections
from postgres.queries import load


@dataclass(frozen=True)
class Stored:
    """The address of a target as it is stored now."""

    user: str
    version: int
    """Version of the target."""
    enabled: bool
    """Whether notifications go there."""
    address: str | None
    """Id of the address, None if it was removed."""
    sealed: bytes | None
    """Its ciphertext."""
    language: str | None
    """Of its user's messages, None if none was set."""


async def put(pool: Pool, *, user: str, target: str, address: str, sealed: bytes, at: int) -> None:
    """Store an address of a user's target; ids are UUIDs, ``at`` milliseconds since 1970. Raises asyncpg's errors."""
    async with pool.acquire() as connection, connection.transaction():
        await load().become_user(connection, user=user)
        await load().put_address(connection, id=address, target=target, user=user, sealed=sealed, at=at)


async def of(connection: Connection, target: str) -> Stored | None:
    """Return the address of a target; None if the views have no such target yet. Raises asyncpg's errors."""
    async with connection.transaction(readonly=True):
        await load().become_projector(connection)
        row = await load().address_of(connection, target=target)
    return None if row is None else Stored(**dict(row.items()))


async def connect(dsn: str) -> Connection:
    """Connect to read addresses. Raises asyncpg's errors, and OSError."""
    return await connections.connect(dsn, timeout=10)
