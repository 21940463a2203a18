"""The addresses of targets in the API: checked, sealed and stored before the command that refers to them."""

import asyncio
from uuid import uuid4

import asyncpg

from api.configuration import Settings
from api.http.problems import CONFLICT, UNAVAILABLE, Problem
from api.views import ViewsAway
from channels.network import Networks
from channels.sealing import Place, Seal, Unsealable
from channels.sending import Message, Sender
from common import causes
from domain import message_words, reasons
from postgres import addresses
from schemas import ids

_THREADS = 4
"""The most test messages at a time."""
_SHARE = 0.7
"""The share of the time of a read that a test message may take."""


class Addresses:
    """Stores addresses, and sends test messages to them."""

    def __init__(self, pool: asyncpg.Pool, settings: Settings) -> None:
        self._pool, self._timeout = pool, settings.query_timeout
        self._seal = Seal.of(settings.targets_key)
        networks, seconds = Networks.parse(settings.target_networks), settings.query_timeout * _SHARE
        self._sender = Sender(networks, self._seal, _THREADS, seconds) if self._seal else None

    @property
    def seal(self) -> Seal:
        """The seal. Raises ``Problem`` if there is none."""
        if self._seal is None:
            raise Problem(UNAVAILABLE, "This Rondo has no targets: its operator has set no RONDO_TARGETS_KEY.")
        return self._seal

    async def put(self, *, user: str, target: str, command: str, address: str, at: int) -> None:
        """Store the address that a command sets, under ``id_of(command)``. Raises ``Problem`` and ``ViewsAway``."""
        place = Place(user, target, self.id_of(command))
        sealed = self.seal.sealed(address, place)
        try:
            async with asyncio.timeout(self._timeout):
                await addresses.put(self._pool, user=user, target=target, address=place.address, sealed=sealed, at=at)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise ViewsAway(causes.described(error)) from error

    @staticmethod
    def id_of(command: str) -> str:
        """Return the id of the address that a command sets."""
        return ids.derive("address", command)

    async def test(self, user: str, target: str) -> str | None:
        """Send a test message to a user's target; return None, or why it failed.

        Raises ``Problem`` if the target has no address, and ``ViewsAway``.
        """
        seal, stored = self.seal, await self._stored(target)
        address = self._address(seal, user, target, stored) if stored else None
        if stored is None or address is None or self._sender is None:
            raise Problem(CONFLICT, "The target has no address: set one first.")
        id_, phrases = str(uuid4()), message_words.of(stored.language)
        message = Message(id_, phrases.test, phrases.tested, {"id": id_, "title": phrases.test, "test": True})
        return await self._sender.send(target, address, message)

    async def _stored(self, target: str) -> addresses.Stored | None:
        try:
            async with asyncio.timeout(self._timeout / 5), self._pool.acquire() as connection:
                return await addresses.of(connection, target)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise ViewsAway(causes.described(error)) from error

    @staticmethod
    def _address(seal: Seal, user: str, target: str, stored: addresses.Stored) -> str | None:
        if stored.user != user or stored.address is None or stored.sealed is None:
            return None
        try:
            return seal.opened(stored.sealed, Place(user, target, stored.address))
        except Unsealable:
            raise Problem(CONFLICT, f"The target can't be sent to: {reasons.NO_KEY}.") from None

    def close(self) -> None:
        """Begin no other sending."""
        if self._sender:
            self._sender.close()
