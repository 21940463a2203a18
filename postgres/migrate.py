"""Migrates a database to the schema of this version of Rondo."""

from pathlib import Path
from threading import Lock

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, NullPool, create_engine, text

from postgres import connections

_OLDEST = 16  # the first with GRANT … WITH INHERIT FALSE, which row-level security needs here
_LOCK = 0x526F6E646F  # "Rondo": held by the process that migrates this database
_ALEMBIC = Lock()  # Alembic has one context for the whole process


class ServerTooOld(RuntimeError):
    """The server is too old for Rondo's views; the text has the required version."""


def migrate(dsn: str, until: str = "head") -> None:
    """Run every missing revision up to ``until`` in one transaction. Idempotent, also with concurrent calls.

    ``dsn`` names the database directly, or through a pooler in transaction mode. Its role must own the schema ``rondo``
    or be allowed to create it; and must be allowed to create roles, unless it is a member of ``rondo_api`` and
    ``rondo_views`` already. Raises ServerTooOld, and sqlalchemy.exc.DBAPIError around psycopg's errors:
    OperationalError for an unreachable server.
    """
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: connections.connect_psycopg(dsn), poolclass=NullPool
    )
    with engine.begin() as connection:
        _check(connection)
        connection.execute(text("select pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        connection.execute(text("create schema if not exists rondo"))
        with _ALEMBIC:
            command.upgrade(_config(connection), until)


def _check(connection: Connection) -> None:
    version = connection.scalar(text("show server_version"))
    if int(str(version).split(".")[0]) < _OLDEST:
        raise ServerTooOld(f"Rondo needs PostgreSQL {_OLDEST} or newer, and RONDO_POSTGRES names a {version}.")


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
