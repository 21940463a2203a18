"""Creates databases."""

from psycopg.sql import SQL, Identifier

from postgres import connections


def create_database(address: str, database: str) -> None:
    """Create ``database`` on the server at ``address`` unless it exists."""
    with connections.connect_psycopg(address, autocommit=True) as connection:
        if not connection.execute("select from pg_database where datname = %s", (database,)).rowcount:
            connection.execute(SQL("create database {}").format(Identifier(database)))
