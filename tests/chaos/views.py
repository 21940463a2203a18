"""Compares Postgres with what folding the topics into an empty database gives, and sees positions that move back."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

import asyncpg

from domain.projections import collect
from postgres.scratch import TABLES
from postgres.writer import all_positions, put_views
from schemas.topics import AUDIT_LOG, NOTIFICATIONS, REMINDERS, TASK_EVENTS
from tests.chaos.seen import Seen

_WATCH = """
create table public.moved_back (topic text, partition integer, stood bigint, came bigint);
create function public.note_moved_back() returns trigger language plpgsql security definer as $$
begin
    insert into public.moved_back values (old.topic, old.partition, old.position, new.position);
    return new;
end $$;
create trigger moved_back before update on rondo.positions
for each row when (new.position <= old.position) execute function public.note_moved_back();
"""


async def differences(live: str, rebuilt: str, seen: Seen) -> list[str]:
    """Fold what was seen into the database ``rebuilt``, and name the tables of ``live`` that differ for its users."""
    records = [one for topic in (TASK_EVENTS, AUDIT_LOG, REMINDERS, NOTIFICATIONS) for one in seen.of(topic.name)]
    again = await asyncpg.connect(rebuilt)
    there = await asyncpg.connect(live)
    try:
        async with again.transaction():
            await put_views(again, collect(records))
        pairs = [(name, await _rows(there, name, seen.users), await _rows(again, name, seen.users)) for name in TABLES]
    finally:
        await again.close()
        await there.close()
    return [
        f"{name} has {len(found)} rows, {len(wanted)} were to be there; {len(set(found) ^ set(wanted))} differ."
        for name, found, wanted in pairs
        if found != wanted
    ]


async def watch(dsn: str) -> None:
    """Keep from now on which positions move back: the rows don't tell, since writing them again changes nothing."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_WATCH)
    finally:
        await connection.close()


async def moved_back(dsn: str) -> list[str]:
    """Return the moves back of positions: a zombie wrote."""
    connection = await asyncpg.connect(dsn)
    try:
        moves = await connection.fetch("select * from public.moved_back")
    finally:
        await connection.close()
    return [f"The views' position in {topic}/{n} moved from {stood} to {came}." for topic, n, stood, came in moves]


async def positions(dsn: str) -> Counter[int]:
    """Return how many records have become rows, by partition."""
    connection = await asyncpg.connect(dsn)
    try:
        found: Counter[int] = Counter()
        for (_, partition), position in (await all_positions(connection)).items():
            found[partition] += position
        return found
    finally:
        await connection.close()


async def _rows(connection: Any, table: str, users: Iterable[str]) -> list[str]:
    query = f"select to_jsonb(t)::text as row from rondo.{table} as t where user_id = any($1::uuid[]) order by 1"
    return [record["row"] for record in await connection.fetch(query, list(users))]
