"""Delivers to targets: reads the address beside the log, and sends to it."""

import asyncio
from functools import cache
from weakref import WeakKeyDictionary

import asyncpg
from msgspec.structs import asdict

from channels.network import Networks
from channels.sealing import Place, Seal, Unsealable
from channels.sending import Message, Sender
from domain import reasons
from postgres import addresses
from schemas.records import Notification
from streams.runtime.settings import Settings

CONNECTIONS = 4
"""The most connections to Postgres at a time: one is held for some milliseconds."""
TEXT = "Reminder"
FIELDS = ("id", "user", "task", "title", "due", "attempt")
"""The fields of a notification that are sent as JSON."""

_connecting: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class Withheld(Exception):
    """The target wants no delivery; the text says why, in the words of ``reasons``."""


async def deliver_to_target(settings: Settings, claim: Notification) -> str | None:
    """Deliver to the target of a claim; return None, or why it failed. Raises ``Withheld``."""
    assert claim.target
    if (seal := Seal.of(settings.targets_key)) is None:
        return reasons.NO_KEY
    try:
        address = await _address(settings.postgres, seal, claim.user, claim.target)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return reasons.NO_STORE
    except Unsealable:
        return reasons.NO_KEY
    if address is None:
        return reasons.UNKNOWN_TARGET
    content = asdict(claim)
    message = Message(claim.id, claim.title, TEXT, {name: content[name] for name in FIELDS})
    return await _sender(settings.targets_key, settings.target_networks, settings.effects).send(
        claim.target, address, message
    )


async def _address(dsn: str, seal: Seal, user: str, target: str) -> str | None:
    """Return the address of a target, None if the views have no such target yet. Raises ``Withheld``."""
    loop = asyncio.get_running_loop()
    async with _connecting.setdefault(loop, asyncio.Semaphore(CONNECTIONS)):
        connection = await addresses.connect(dsn)
        try:
            stored = await addresses.of(connection, target)
        finally:
            await connection.close(timeout=5)
    if stored is None or stored.user != user:
        return None
    if not stored.enabled:
        raise Withheld(reasons.DISABLED)
    if stored.address is None or stored.sealed is None:
        raise Withheld(reasons.NO_ADDRESS)
    return seal.opened(stored.sealed, Place(user, target, stored.address))


@cache
def _sender(key: str, networks: str, threads: int) -> Sender:
    """Return the sender of this process."""
    seal = Seal.of(key)
    assert seal
    return Sender(Networks.parse(networks), seal, threads)
