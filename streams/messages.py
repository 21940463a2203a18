"""What is sent for a claim: of a reminder its title, of a digest the tasks that the views have.

The log does not have the contents of a digest, so they are read when it is sent. What is sent is never older than that:
the views must have folded all events of the user's partition that were on the log when the sending began.
"""

import asyncio
from dataclasses import replace
from weakref import WeakKeyDictionary

import asyncpg
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from asyncpg import Pool
from msgspec.structs import asdict

from channels.sending import Message
from domain import digest_contents, message_words, reasons
from domain.digest_contents import Contents
from domain.message_words import Phrases
from domain.query import Clock, parse, sort
from postgres import ordering, writer
from postgres.conditions import where
from postgres.reader import Reader, TooMuch, View, pool
from postgres.rows import SETTINGS
from postgres.task_queries import FIRST, TaskQuery
from schemas.kafka.log_reader import LogReader
from schemas.records import Notification
from schemas.topics import TASK_EVENTS
from streams.runtime.settings import Settings

READERS = 4
"""The most digests that are read at a time."""
PATIENCE, LOOK = 10.0, 0.2
"""Seconds to wait for the views, and from one look to the next."""
COUNTED = 10_000
"""The most tasks of a digest that are counted."""
FIELDS = ("id", "user", "task", "title", "due", "attempt")
"""The fields of a notification that are sent as JSON."""

_reading: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


class Unreadable(Exception):
    """The contents can't be read now; the text says why, in the words of ``reasons``."""


class Empty(Exception):
    """There is nothing to tell."""


def reminder(claim: Notification) -> Message:
    """Return the message of a reminder, without a text: ``in_language`` adds that."""
    return Message(claim.id, claim.title, "", _body(claim))


def in_language(message: Message, language: str | None) -> Message:
    """Return a message with the text of a reminder in its user's language, if it has no text."""
    return replace(message, text=message.text or message_words.of(language).reminder)


async def digest(claim: Notification, partition: int, settings: Settings) -> Message:
    """Return the message of a digest. Raises ``Unreadable`` and ``Empty``."""
    try:
        async with _reading.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(READERS)):
            events = await _events(settings.kafka, TopicPartition(TASK_EVENTS.name, partition))
    except (OSError, TimeoutError, KafkaError) as error:
        raise Unreadable(reasons.NO_LOG) from error
    return await read(claim, partition, events, settings.postgres)


async def read(claim: Notification, partition: int, events: int, dsn: str, patience: float = PATIENCE) -> Message:
    """Return the message of a digest, once the views have folded a partition's events up to an offset.

    ``patience`` is seconds. Raises ``Unreadable`` and ``Empty``.
    """
    try:
        found, phrases = await _read(claim, (partition, events), dsn, patience)
    except (OSError, TimeoutError, TooMuch, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Unreadable(reasons.NO_VIEWS) from error
    if not (found.overdue or found.due or found.starts):
        raise Empty
    title, text = phrases.digest.format(day=found.day), digest_contents.text(found, phrases)
    return Message(claim.id, title, text, _body(claim), {"digest": digest_contents.body(found)})


def _body(claim: Notification) -> dict[str, object]:
    fields = asdict(claim)
    return {name: fields[name] for name in FIELDS}


async def _read(claim: Notification, position: tuple[int, int], dsn: str, patience: float) -> tuple[Contents, Phrases]:
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    while True:
        async with (
            _reading.setdefault(loop, asyncio.Semaphore(READERS)),
            pool(dsn, min_size=0, max_size=1, timeout=10) as connections,
        ):
            if await _has_folded(connections, *position):
                async with Reader(connections, linger=0).user(claim.user) as view:
                    return await _contents(view, claim)
        if loop.time() >= until:
            raise Unreadable(reasons.VIEWS_BEHIND)
        await asyncio.sleep(LOOK)


async def _events(kafka: str, partition: TopicPartition) -> int:
    """Return the offset behind the last event in a partition; its end may be markers of transactions, no events."""
    behind: dict[TopicPartition, int] = {}
    async with LogReader.of(kafka) as reader:
        async for raw in reader.last(await reader.bounds([partition]), behind):
            behind[partition] = max(behind.get(partition, 0), raw.offset + 1)
    return behind.get(partition, 0)


async def _has_folded(connections: Pool, partition: int, events: int) -> bool:
    async with connections.acquire() as connection:
        positions = await writer.all_positions(connection)
    return positions.get((TASK_EVENTS.name, partition), 0) >= events


async def _contents(view: View, claim: Notification) -> tuple[Contents, Phrases]:
    """Return what a digest has, at its instant in the user's zone, and the phrases of the user's language."""
    assert claim.digest
    settings = await view.entity(SETTINGS, claim.user)
    zone = settings.zone if settings else None
    condition = where(parse(digest_contents.wanted(claim.digest)), Clock(claim.due, zone or "UTC"), FIRST)
    order = sort("due")
    query = TaskQuery(condition.text, condition.values, ordering.order_by(order), ordering.position(order))
    page = await view.tasks(query, digest_contents.MOST)
    total = await view.number(condition.text, condition.values, COUNTED) if page.next else len(page.items)
    found = digest_contents.contents(claim.digest, zone, page.items, total)
    return found, message_words.of(settings.language if settings else None)
