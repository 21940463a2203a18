from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from random import Random

import asyncpg
import psycopg
import pytest
from alembic.script import ScriptDirectory
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy.exc import OperationalError

import local.postgres
from api.models.selection import Selection
from docs import schema
from domain import ranks, times
from domain.words import key
from local.settings import ROOT
from postgres import reader
from postgres.migrate import migrate
from postgres.reader import Reader
from tests.integration.postgres_records import (
    Log,
    a_task,
    event,
    list_event,
    new_user,
    one_of_each,
    shown,
    step,
    versions,
)
from tests.unit.test_channels import EARLIER, SECRET


@pytest.fixture
def database(new_database) -> str:
    return new_database()


def revision(database: str) -> list[tuple]:
    with psycopg.connect(database) as connection:
        return connection.execute("select version_num from rondo.alembic_version").fetchall()


def test_migrating_again_changes_nothing(database):
    migrate(database)
    before = revision(database)
    migrate(database)
    assert revision(database) == before


@pytest.fixture(scope="module")
def processes():
    """Processes that migrate at once, as parts do that start together."""
    with ProcessPoolExecutor(3, get_context("spawn")) as pool:
        yield pool


def test_several_may_migrate_one_database_at_once(database, processes):
    list(processes.map(migrate, [database] * 6))
    assert len(revision(database)) == 1


def test_several_databases_of_one_server_may_be_migrated_at_once(new_database, processes):
    databases = [new_database() for _ in range(3)]
    list(processes.map(migrate, databases))
    assert len({tuple(revision(database)) for database in databases}) == 1


def test_threads_of_one_process_may_migrate_at_once(database):
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate, [database] * 4))
    assert len(revision(database)) == 1


def revisions() -> list[str]:
    """All revisions, from the first."""
    scripts = ScriptDirectory(str(ROOT / "postgres/migrations"))
    return [script.revision for script in scripts.walk_revisions()][::-1]


def test_the_migrations_make_what_schema_sql_says(database):
    with psycopg.connect(database) as connection:
        if connection.info.server_version // 10_000 != local.postgres.MAJOR:
            pytest.skip("Another version of PostgreSQL tells it in other words.")
    migrate(database)
    assert schema.document(database) == schema.FILE.read_text(), "Write it again: make docs"


@pytest.mark.parametrize("revision", revisions())
def test_a_database_of_an_earlier_revision_comes_to_the_same_schema_and_keeps_its_rows(new_database, revision):
    earlier, fresh = new_database(), new_database()
    migrate(earlier, revision)
    filled = fill(earlier)
    migrate(earlier)
    migrate(fresh)
    assert schema.dump(earlier) == schema.dump(fresh)
    with psycopg.connect(earlier) as connection:
        kept = {
            table: connection.execute(f"select count(*) from rondo.{table}".encode()).fetchone() for table in filled
        }
    assert kept == dict.fromkeys(filled, (2,))


def fill(database: str) -> list[str]:
    """Write two rows into each table, with a value wherever one is needed; return the tables."""
    values = {
        "ARRAY": "'{}'",
        "bigint": "n",
        "boolean": "true",
        "date": "current_date",
        "integer": "n",
        "jsonb": "'[]'",
        "text": "'text ' || n",
        "time without time zone": "localtime",
        "timestamp with time zone": "now()",
        "uuid": "gen_random_uuid()",
    }
    tables: dict[str, dict[str, str]] = {}
    with psycopg.connect(database) as connection:
        for table, column, kind, name in connection.execute(
            "select table_name, column_name, data_type, udt_name from information_schema.columns join"
            " information_schema.tables using (table_schema, table_name) where table_schema = 'rondo' and"
            " table_type = 'BASE TABLE' and table_name <> 'alembic_version' and is_nullable = 'NO'"
            " and column_default is null and is_generated = 'NEVER'"
        ):
            value = f"(enum_range(null::rondo.{name}))[1]" if kind == "USER-DEFINED" else values[kind]
            tables.setdefault(table, {})[column] = value
        for table, row in tables.items():
            made = f"insert into rondo.{table} ({', '.join(row)}) select {', '.join(row.values())}"
            connection.execute(f"{made} from generate_series(1, 2) n".encode())
    return list(tables)


def test_a_server_that_is_not_there_is_said_so():
    with pytest.raises(OperationalError, match="Connection refused"):
        migrate("postgresql://rondo@127.0.0.1:1/rondo?connect_timeout=5")


def test_only_what_no_log_has_stands_outside_the_schema_that_a_rebuild_drops(database):
    migrate(database)
    with psycopg.connect(database) as connection:
        outside = connection.execute(
            "select relname from pg_class join pg_namespace n on n.oid = relnamespace"
            " where nspname not in ('rondo', 'information_schema') and nspname not like 'pg\\_%'"
        ).fetchall()
    assert {name.partition("_")[0] for (name,) in outside} == {"addresses"}


@given(st.lists(st.integers(0, times.END - 1), min_size=1, max_size=20, unique=True))
@settings(max_examples=5, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_tasks_that_stood_before_there_was_an_order_come_to_stand_where_their_creation_puts_them(
    new_database, instants
):
    database = new_database()
    migrate(database, "0003")
    with psycopg.connect(database) as connection:
        connection.cursor().executemany(
            "insert into rondo.tasks (id, user_id, title, notes, priority, reminders, status, version, created_at,"
            " changed_at) values (gen_random_uuid(), gen_random_uuid(), '', '', 'NONE', '[]', 'OPEN', %(at)s + 1,"
            " rondo.instant(%(at)s), now())",
            [{"at": at} for at in instants],
        )
    migrate(database)
    with psycopg.connect(database) as connection:
        found = dict(connection.execute("select version - 1, rank from rondo.tasks").fetchall())
    assert found == {at: ranks.of_creation(at) for at in instants}


TEXTS = (
    "Buy milk",
    "שָׁלוֹם كتـــاب",
    "\u337f" * 16_384,
    "Café STRASSE",
    "किताब खरीदना",
    "H₂O, 55 m²",
    "牛乳を買う",
    "\uff21 \ufb01le\n" + "é" * 3000,
    "don't",
    "",
)


_CHANCE = Random(7)
WIDEST = "".join(
    chr(code)
    for code in [*_CHANCE.choices(range(0x3300, 0x3358), k=125), *_CHANCE.sample(range(0x20000, 0x2A000), 375)]
)
"""A title of which folding makes far more than an entry of an index holds, and which can't be compressed."""


async def test_rows_of_an_earlier_version_are_folded_again_as_the_views_stage_writes_them(new_database):
    user, fresh, earlier = new_user(), new_database(), new_database()
    migrate(fresh)
    migrate(earlier, "0013")
    tasks = [a_task(user, str(n), title=text or "-", notes=text, tags=(text,)) for n, text in enumerate(TEXTS)]
    tasks.append(a_task(user, "widest", title=WIDEST))
    lists = [list_event(new_user(), name=text) for text in TEXTS]
    there, here = await asyncpg.connect(fresh), await asyncpg.connect(earlier)
    await Log(there).write(*map(event, tasks), *lists)
    for table in ("tasks", "tags", "lists"):
        await copy(there, here, table)
    migrate(earlier)
    for table in ("tasks", "tags", "lists"):
        rows = f"select to_jsonb(one) as row from rondo.{table} as one order by id"
        assert await here.fetch(rows) == await there.fetch(rows), table
    await there.close()
    await here.close()


FORMER = {
    "שָׁלוֹם": ("שָׁלוֹם", "שלום"),
    "مُحَمَّد": ("مُحَمَّد", "محمد"),
    "كتـــاب": ("كتـــاب", "كتاب"),
    "plain": ("plain", "plain"),
}
"""Texts, what the rules of revision 0014 folded them to, and what they are asked for by."""


async def test_rows_that_were_folded_by_former_rules_are_found_by_those_of_today(new_database):
    user, fresh, database = new_user(), new_database(), new_database()
    migrate(fresh)
    migrate(database, "0014")
    there, connection = await asyncpg.connect(fresh), await asyncpg.connect(database)
    tasks = [a_task(user, text, notes=text, tags=(text,)) for text in FORMER]
    await Log(there).write(*map(event, tasks), *(list_event(new_user(), name=text) for text in FORMER))
    for table in ("tasks", "tags", "task_tags", "lists"):
        await copy(there, connection, table)
    await there.close()
    for text, (folded, _) in FORMER.items():
        word = f"'{key(user)}{folded}':1A,2"
        await connection.execute(
            "update rondo.tasks set title_folded = $2, notes_folded = $2, tags_folded = array[$2],"
            " words = $3::text::tsvector where title = $1",
            text,
            folded,
            word,
        )
        for table in ("tags", "lists"):
            await connection.execute(f"update rondo.{table} set name_folded = $2 where name = $1", text, folded)
    await connection.close()
    migrate(database)
    async with reader.pool(database, min_size=1, max_size=1) as pool, Reader(pool).user(user) as view:
        for text, (_, bare) in FORMER.items():
            for asked in ({"q": bare}, {"q": text}, {"filter_": f"title = {bare} and notes ~ {bare} and #{bare}"}):
                selection = Selection.read(asked.get("filter_"), "UTC", times.END // 2, asked.get("q"))
                found = await view.tasks(selection.query(user), 10)
                assert [task.title for task in found.items] == [text], asked
    with psycopg.connect(database) as held:
        names = held.execute("select name, name_folded from rondo.lists").fetchall()
    assert dict(names) == {text: bare for text, (_, bare) in FORMER.items()}


async def test_why_deliveries_failed_is_cleaned_in_rows_of_an_earlier_version_as_the_views_stage_writes_it(
    new_database,
):
    user, fresh, earlier = new_user(), new_database(), new_database()
    migrate(fresh)
    migrate(earlier, "0015")
    steps = [replace(step(user, attempt=attempt), detail=why) for attempt, why in enumerate(EARLIER, 1)]
    there, here = await asyncpg.connect(fresh), await asyncpg.connect(earlier)
    await Log(there).write(*steps)
    await copy(there, here, "notifications")
    for one in steps:
        await here.execute("update rondo.notifications set detail = $1 where attempt = $2", one.detail, one.attempt)
    migrate(earlier)
    rows = "select to_jsonb(one) as row from rondo.notifications as one order by attempt"
    assert await here.fetch(rows) == await there.fetch(rows)
    assert not any(SECRET in row["row"] for row in await here.fetch(rows))
    await there.close()
    await here.close()


async def copy(there: asyncpg.Connection, here: asyncpg.Connection, table: str) -> None:
    """Copy rows into the table of an earlier version, which derives some columns itself and has not all."""
    columns = await here.fetch(
        "select column_name as name from information_schema.columns where table_schema = 'rondo' and table_name = $1"
        " and is_generated = 'NEVER'",
        table,
    )
    names = ", ".join(f'"{row["name"]}"' for row in columns)
    rows = await there.fetchval(f"select json_agg(one) from rondo.{table} as one")
    given = f"json_populate_recordset(null::rondo.{table}, $1)"
    await here.execute(f"insert into rondo.{table} ({names}) select {names} from {given}", rows)


def test_postgres_neither_folds_nor_parts_text(database):
    migrate(database)
    with psycopg.connect(database) as connection:
        names = connection.execute("select proname from pg_proc where pronamespace = 'rondo'::regnamespace").fetchall()
        derived = connection.execute(
            "select generation_expression from information_schema.columns where table_schema = 'rondo'"
            " and is_generated <> 'NEVER'"
        ).fetchall()
    assert {name for (name,) in names} == {"found", "guard", "instant", "remove_addresses", "unknown", "words_beside"}
    assert not any(text in expression for (expression,) in derived for text in ("title", "notes", "name"))


@pytest.mark.parametrize("block", [1, 2, 100])
async def test_views_that_were_dropped_are_rebuilt_with_the_same_bytes(database, block):
    user = new_user()
    log = [*one_of_each(user), *versions(user, ("a", "b"), ("b",), ("c", "d"))]
    migrate(database)
    before = await project(database, user, log, len(log))
    with psycopg.connect(database) as connection:
        connection.execute("drop schema rondo cascade")
    migrate(database)
    assert await project(database, user, log, block) == before


async def project(database: str, user: str, records: list, block: int) -> dict[str, list[str]]:
    """Write the records in blocks, and return what is shown then."""
    connection = await asyncpg.connect(database)
    log = Log(connection)
    for start in range(0, len(records), block):
        await log.write(*records[start : start + block])
    result = await shown(connection, user)
    await connection.close()
    return result
