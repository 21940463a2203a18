"""Creates databases."""

import psycopg
from psycopg.sql import SQL, Identifier


def create_database(address: str, database: str) -> None:
    """Create ``database`` on the server at ``address`` unless it exists."""
    with psycopg.connect(address, autocommit=True) as connection:
        if not connection.execute("select from pg_database where datname = %s", (database,)).rowcount:
            connection.execute(SQL("create database {}").format(Identifier(database)))
