from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import psycopg
import pytest
import pytest_asyncio

from domain.query.search import search
from postgres import reader, scratch
from postgres.migrate import migrate
from postgres.reader import Reader
from tests.integration.postgres_records import Log, a_task, acting, event, new_user, one_of_each, user_tables

TABLES = sorted(f"rondo.{table}" for table in scratch.TABLES)
NOBODYS = ["rondo.alembic_version", "rondo.positions"]
each_table = pytest.mark.parametrize("table", TABLES)


@pytest_asyncio.fixture(scope="module")
async def connection(postgres):
    migrate(postgres)
    connection = await asyncpg.connect(postgres)
    yield connection
    await connection.close()


@pytest_asyncio.fixture(scope="module")
async def users(connection) -> list[str]:
    """Two users with rows in every table."""
    users = [new_user(), new_user()]
    await Log(connection).write(*(record for user in users for record in one_of_each(user)))
    return users


async def seen(connection, table: str) -> set[str]:
    return {str(row["user_id"]) for row in await connection.fetch(f"select user_id from {table}")}


async def test_the_tables_tested_here_are_all_there_are(connection):
    assert await user_tables(connection) == TABLES


async def test_every_other_table_holds_nothing_of_users(connection):
    tables = await connection.fetch("select 'rondo.' || tablename as name from pg_tables where schemaname = 'rondo'")
    assert sorted({row["name"] for row in tables} - set(TABLES)) == NOBODYS


async def test_row_level_security_is_forced_on_every_table_of_users(connection):
    loose = await connection.fetch(
        "select oid::regclass from pg_class where oid = any($1::regclass[]::oid[])"
        " and not (relrowsecurity and relforcerowsecurity)",
        await user_tables(connection),
    )
    assert loose == []


@each_table
async def test_a_user_sees_their_own_rows_and_no_others(connection, users, table):
    async with acting(connection, "rondo_api", users[0]):
        assert await seen(connection, table) == {users[0]}


@each_table
@pytest.mark.parametrize("user", [None, ""])
async def test_without_a_user_nothing_is_seen(connection, users, table, user):
    async with acting(connection, "rondo_api", user):
        assert await seen(connection, table) == set()


@each_table
async def test_the_projector_sees_everybody(connection, users, table):
    async with acting(connection, "rondo_views"):
        assert await seen(connection, table) >= set(users)


@each_table
@pytest.mark.parametrize(
    "statement", ["delete from {}", "update {} set user_id = user_id", "insert into {} default values"]
)
async def test_the_api_cannot_write(connection, users, table, statement):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with acting(connection, "rondo_api", users[0]):
            await connection.execute(statement.format(table))


async def test_the_api_cannot_read_how_far_the_views_are(connection):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with acting(connection, "rondo_api"):
            await connection.fetch("select * from rondo.positions")


async def test_role_and_user_end_with_their_transaction(connection, users):
    before = await connection.fetchval("select current_user")
    async with acting(connection, "rondo_api", users[0]):
        pass
    row = await connection.fetchrow("select current_user, current_setting('rondo.user', true)")
    assert tuple(row) in {(before, None), (before, "")}


@pytest.fixture(scope="module")
def ordinary(postgres, new_database):
    """The DSN of an empty database whose owner is no superuser, as at a host.

    Of the two roles it has what Postgres gives to who creates them: the right to grant them, and no other.
    """
    migrate(postgres)
    name, database = f"rondo_test_{uuid4().hex}", new_database()
    with psycopg.connect(database, autocommit=True) as admin:
        admin.execute(f"create role {name} login password 'secret' nosuperuser nocreaterole".encode())
        admin.execute(f"grant rondo_api, rondo_views to {name} with admin true, inherit false, set false".encode())
        admin.execute(f"alter database {urlsplit(database).path[1:]} owner to {name}".encode())
        parts = urlsplit(database)
        yield parts._replace(netloc=f"{name}:secret@{parts.netloc.rpartition('@')[2]}").geturl()
        admin.execute(f"drop owned by {name} cascade".encode())
        admin.execute(f"alter database {urlsplit(database).path[1:]} owner to current_user".encode())
        admin.execute(f"drop role {name}".encode())


@pytest_asyncio.fixture(scope="module")
async def owner(ordinary):
    """A pool in the role that owns the views, but is no superuser, with one user's rows written."""
    migrate(ordinary)
    async with reader.pool(ordinary, min_size=1, max_size=1) as pool:
        yield pool


async def test_an_ordinary_owner_writes_and_reads_through_the_two_roles(owner):
    user = new_user()
    async with owner.acquire() as connection:
        await Log(connection).write(*one_of_each(user))
    async with Reader(owner).user(user) as view:
        assert (await view.task(a_task(user).id)).title == "task"


@each_table
async def test_even_the_owner_sees_nothing_without_one_of_the_roles(owner, table):
    async with owner.acquire() as connection:
        await Log(connection).write(*one_of_each(new_user()))
        assert await seen(connection, table) == set()


async def test_words_find_no_tasks_of_another_though_both_stand_together_in_the_index(connection):
    one, other = new_user(), new_user()
    other = one[:3] + other[3:]
    await Log(connection).write(*(event(a_task(user, "Report", title="Report")) for user in (one, other)))
    query = search("report").query(other)
    async with acting(connection, "rondo_api", one):
        found = await connection.fetch("select id::text from rondo.found($1::text::tsquery)", query)
        beside = await connection.fetch("select rondo.words_beside('zzz | !zzz', '')")
        unknown = await connection.fetch("select rondo.unknown(array[$1::text::tsquery, 'zzz'])", query)
    assert [row["id"] for row in found] == [a_task(one, "Report").id]
    assert len(beside) == 1  # the words of their one task, which has one
    assert unknown == [(1,)]
    async with acting(connection, "rondo_api", ""):
        assert await connection.fetch("select * from rondo.found($1::text::tsquery)", query) == []
        assert await connection.fetch("select rondo.words_beside('zzz | !zzz', '')") == []
        assert await connection.fetch("select rondo.unknown(array[$1::text::tsquery])", query) == [(0,)]


@pytest.mark.parametrize(
    "function", ["rondo.found(tsquery)", "rondo.unknown(tsquery[])", "rondo.words_beside(tsquery,text)"]
)
async def test_only_who_reads_may_search_with_a_fixed_search_path_and_by_the_index(connection, function):
    found = await connection.fetchrow(
        """select prosecdef, proconfig, proowner::regrole::text, has_function_privilege('public', oid, 'execute'),
               has_function_privilege('rondo_api', oid, 'execute')
           from pg_proc where oid = $1::text::regprocedure""",
        function,
    )
    assert tuple(found) == (True, ["search_path=pg_catalog", "enable_seqscan=off"], "rondo_views", False, True)
