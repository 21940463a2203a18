"""The data: tasks of many users, one of whom has very many, as the views have them after some years.

Users alternate, so that a page of the table has tasks of many. A task's fields follow from its number alone. Dues are
around ``TODAY``; a third of the tasks are open.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from asyncpg import Connection, Pool
from rich.console import Console
from rich.progress import track

TODAY = datetime(2026, 11, 24, 9, tzinfo=UTC)
TAGS = ("home", "work", "waiting", "errand")
LISTS = ("Personal", "Company", "Deep work", "Someday")
_STEP = 20_000

_PREPARED = """
create schema bench;
create function bench.syllable(n bigint) returns text language sql immutable
    return substr('bacedifoguhajekilomunaperisotuvawexiyozu', 1 + 2 * n::integer, 2);
create function bench.spelled(n bigint) returns text language sql immutable return case
    when n % 400 = 77 then (array['report', 'invoice', 'garden', 'quarterly', 'dentist'])[1 + n / 400]
    when n < 400 then bench.syllable(n % 20) || bench.syllable(n / 20 % 20)
    else bench.syllable(n % 20) || bench.syllable(n / 20 % 20) || bench.syllable(n / 400)
end;
create function bench.owner(n bigint) returns uuid language sql immutable return md5('user ' || n)::uuid;
create function bench.dice(n bigint, die text) returns bigint language sql immutable
    return hashint8extended(n, hashtext(die)) & 2147483647;
create function bench.own(owner uuid, given text) returns tsvector language sql immutable return to_tsvector(
    'simple', replace(case given when '' then '' else ' ' || given end, ' ',
        ' ' || translate(left(owner::text, 3), '0123456789', 'ghijklmnop'))
);
create function bench.word(n bigint, die text) returns text language sql immutable
    return bench.spelled((bench.dice(n, die) % 2000) * (bench.dice(n, die || '!') % 2000) / 2000);
"""

_TAGS = """
insert into rondo.tags (id, user_id, name, name_folded)
select md5('tag ' || u || ' ' || n)::uuid, bench.owner(u), name, name
from generate_series(0, $1::bigint - 1) as u, generate_series(0, 20) as n,
    coalesce(($2::text[])[n + 1], 'tag ' || n) as name"""

_LISTS = """
insert into rondo.lists (id, user_id, name, rank, deleted, version, created_at, changed_at, name_folded)
select md5('list ' || u || ' ' || n)::uuid, bench.owner(u), name, 'V', false, 1, $3, $3, lower(name)
from generate_series(0, $1::bigint - 1) as u, generate_series(0, 7) as n,
    coalesce(($2::text[])[n + 1], 'List ' || n) as name"""

_TASKS = """
with numbered as (
    select n, case when n % $3::bigint = 0 then 0 else 1 + n % ($4::bigint - 1) end as u
    from generate_series($1::bigint, $2::bigint - 1) as n
), thrown as (
    select n, u, bench.dice(n, 'status') % 100 as status, bench.dice(n, 'due') % 100 as due,
        $5::timestamptz - interval '3 years' + n * interval '3 years' / $6::bigint as created_at,
        array(
            select distinct bench.dice(n, 'tag' || k) % 20 * (bench.dice(n, 'tags' || k) % 20) / 20
            from generate_series(1, bench.dice(n, 'tags') % 4) as k
        ) || case when n < $6::bigint * 12 / 1000 then array[20::bigint] else '{}' end as tags
    from numbered
), made as (
    insert into rondo.tasks (
        id, user_id, title, notes, priority, due_date, due_time, due_zone, due_at, reminders, status, version,
        created_at, changed_at, completed_at, list_id, rank, pinned, tags, title_folded, notes_folded, tags_folded,
        words
    )
    select
        md5('task ' || n)::uuid, bench.owner(u), initcap(title), notes,
        (array['NONE', 'NONE', 'NONE', 'LOW', 'MEDIUM', 'MEDIUM', 'HIGH', 'URGENT']::rondo.priority[])[
            1 + bench.dice(n, 'priority') % 8],
        day::date, case when due < 30 then time '09:00' end, case when due < 15 then 'Europe/Paris' end,
        case when due < 15 then (day::date + time '09:00') at time zone 'Europe/Paris' end, '[]',
        (case when status < 35 then 'OPEN' when status < 95 then 'COMPLETED' else 'DELETED' end)::rondo.status, 1,
        created_at, created_at, case when status between 35 and 94 then created_at + interval '2 days' end,
        case when bench.dice(n, 'list') % 10 < 8 then md5('list ' || u || ' ' || bench.dice(n, 'list') % 10)::uuid end,
        'V' || lpad(n::text, 8, '0') || 'V', bench.dice(n, 'pinned') % 50 = 0,
        names, title, notes, names, setweight(bench.own(bench.owner(u), title), 'A') || bench.own(bench.owner(u), notes)
    from (
        select
            *, case when due < 70 then $5::timestamptz + (bench.dice(n, 'day') % 300 - 60) * interval '1 day' end as day
        from thrown
    ) as dated cross join lateral (
        select
            concat_ws(' ', bench.word(n, 'a'), bench.word(n, 'b'), bench.word(n, 'c'), bench.word(n, 'd')) as title,
            case when n % 4 = 0 then concat_ws(' ', bench.word(n, 'e'), bench.word(n, 'f'), bench.word(n, 'g')) else ''
            end as notes,
            array(select coalesce(($7::text[])[t + 1], 'tag ' || t) from unnest(tags) as t) as names
    ) as written
)
insert into rondo.task_tags (task_id, tag_id, user_id)
select md5('task ' || n)::uuid, md5('tag ' || u || ' ' || t)::uuid, bench.owner(u)
from thrown cross join unnest(tags) as t"""


@dataclass(frozen=True)
class Size:
    """The numbers of tasks, of users, and of the tasks of the user with the most."""

    tasks: int
    users: int
    most: int


def owner(number: int) -> str:
    """Return SQL's id of the ``number``-th user; 0 has the most tasks."""
    return f"bench.owner({number})"


async def load(pool: Pool, size: Size, console: Console) -> None:
    """Fill the migrated, empty views, as their owner."""
    async with pool.acquire() as connection:
        await connection.execute(_PREPARED)
        indexes = await _without_indexes(connection)
        await connection.execute(_TAGS, size.users, list(TAGS))
        await connection.execute(_LISTS, size.users, list(LISTS), TODAY)
        for begin in track(range(0, size.tasks, _STEP), "loading", console=console, transient=True):
            end = min(begin + _STEP, size.tasks)
            await connection.execute(
                _TASKS, begin, end, size.tasks // size.most, size.users, TODAY, size.tasks, list(TAGS), timeout=600
            )
        for index in track(indexes, "making indexes", console=console, transient=True):
            await connection.execute(index, timeout=600)
        await connection.execute("vacuum (analyze) rondo.tasks, rondo.tags, rondo.task_tags, rondo.lists", timeout=600)


async def _without_indexes(connection: Connection) -> list[str]:
    """Drop the indexes that are not keys, and return the statements that create them: faster than to keep them."""
    rows = await connection.fetch(
        """select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as made from pg_index
           where indrelid = any('{rondo.tasks,rondo.task_tags}'::regclass[]) and not indisunique"""
    )
    for row in rows:
        await connection.execute(f"drop index {row['name']}")
    return [row["made"] for row in rows]
