import psycopg

from bench.views import PARTS, measure
from postgres.migrate import migrate


async def test_the_bench_of_the_views_writes_what_it_measures(new_database):
    migrate(database := new_database())
    figures = await measure(database, commands=20, rounds=1)
    with psycopg.connect(database) as connection:
        written = connection.execute("select count(*) from rondo.commands join rondo.audit on command = commands.id")
        assert (tuple(figures), written.fetchone()) == (PARTS, (40,))
