"""Delivers claims beside the partition: to the channel of the settings, or to a target, whose address it reads."""

import asyncio
from functools import cache
from weakref import WeakKeyDictionary

import asyncpg
import structlog
from aiokafka.errors import KafkaError

from channels.network import Networks
from channels.sealing import Place, Seal, Unsealable
from channels.sending import Message, Sender
from common import causes
from domain import ledger, reasons
from postgres import addresses
from schemas.records import Notification
from schemas.topics import NOTIFICATIONS
from streams import messages
from streams.channels import deliver
from streams.runtime import Context, failpoints
from streams.runtime.failpoints import Point
from streams.runtime.settings import Settings

CONNECTIONS = 4
"""The most connections to Postgres at a time: one is held for some milliseconds."""
PAUSE = 1.0
"""Seconds until an outcome that the broker did not take is produced again."""
PATIENCE, LOOK = 10.0, 0.1
"""Seconds to wait until the views have a target as it is to be, and from one look to the next."""
log = structlog.get_logger()

_connecting: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class Withheld(Exception):
    """The target wants no delivery; the text says why, in the words of ``reasons``."""


async def send(claim: Notification, partition: int, version: int, context: Context) -> None:
    """Deliver a claim, and produce its outcome; ``version`` is the least that the views must have of its target."""
    outcome = await _outcome(claim, partition, version, context)
    await failpoints.reach("notify", Point.DELIVERED)
    await produce(outcome, partition, context)


async def _outcome(claim: Notification, partition: int, version: int, context: Context) -> Notification:
    try:
        error = await _deliver(claim, partition, version, context)
    except Withheld as withheld:
        return ledger.suppressed(claim, context.clock(), str(withheld))
    now = context.clock()
    return ledger.failed(claim, now, error) if error else ledger.sent(claim, now)


async def _deliver(claim: Notification, partition: int, version: int, context: Context) -> str | None:
    """Deliver a claim; return None, or why it failed. Raises ``Withheld``."""
    try:
        message = (
            await messages.digest(claim, partition, context.settings) if claim.digest else messages.reminder(claim)
        )
    except messages.Unreadable as error:
        return str(error)
    except messages.Empty:
        raise Withheld(reasons.NOTHING_DUE) from None
    if claim.target is None:
        return await deliver(context.settings, claim, message)
    return await deliver_to_target(context.settings, claim, message, version)


async def produce(outcome: Notification, partition: int, context: Context) -> None:
    """Produce an outcome, retrying until the broker takes it: without it the delivery would be repeated."""
    while True:
        try:
            return await context.produce(NOTIFICATIONS, outcome, partition)
        except KafkaError as error:
            log.warning("outcome not taken", stage="notify", id=outcome.id, error=causes.described(error))
            await asyncio.sleep(PAUSE)


async def renew(claim: Notification, partition: int, context: Context) -> None:
    """Record that a claim's sending goes on, for the next owner of its partition."""
    await context.produce(NOTIFICATIONS, ledger.handed_over(claim, context.clock()), partition)


async def deliver_to_target(settings: Settings, claim: Notification, message: Message, version: int) -> str | None:
    """Deliver to the target of a claim, in this version or later; return None, or why it failed. Raises ``Withheld``.

    The views are waited for: else a target that was just created would fail, and what is sent to a corrected one would
    go to its former address.
    """
    assert claim.target
    if (seal := Seal.of(settings.targets_key)) is None:
        return reasons.NO_KEY
    try:
        stored = await _stored(settings.postgres, claim, version)
        address = _address(stored, seal, claim) if stored else None
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return reasons.NO_STORE
    except Unsealable:
        return reasons.NO_KEY
    if stored is None or address is None:
        return reasons.UNKNOWN_TARGET
    sender = _sender(settings.targets_key, settings.target_networks, settings.effects)
    return await sender.send(claim.target, address, messages.in_language(message, stored.language))


def _address(stored: addresses.Stored, seal: Seal, claim: Notification) -> str:
    """Return the address of a claim's target. Raises ``Withheld`` and ``Unsealable``."""
    if not stored.enabled:
        raise Withheld(reasons.DISABLED)
    if stored.address is None or stored.sealed is None:
        raise Withheld(reasons.NO_ADDRESS)
    return seal.opened(stored.sealed, Place(claim.user, claim.target or "", stored.address))


async def _stored(dsn: str, claim: Notification, version: int) -> addresses.Stored | None:
    """Return what is stored of a claim's target, None if the views don't have it in this version in time."""
    loop = asyncio.get_running_loop()
    until = loop.time() + PATIENCE
    while True:
        stored = await _look_up(dsn, claim.target or "")
        if stored and stored.user == claim.user and stored.version >= version:
            return stored
        if loop.time() >= until:
            return None
        await asyncio.sleep(LOOK)


async def _look_up(dsn: str, target: str) -> addresses.Stored | None:
    async with _connecting.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(CONNECTIONS)):
        connection = await addresses.connect(dsn)
        try:
            return await addresses.of(connection, target)
        finally:
            await connection.close(timeout=5)


@cache
def _sender(key: str, networks: str, threads: int) -> Sender:
    """Return the sender of this process."""
    seal = Seal.of(key)
    assert seal
    return Sender(Networks.parse(networks), seal, threads)
