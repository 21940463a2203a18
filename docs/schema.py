"""Writes postgres/schema.sql, which all migrations together make: ``python -m docs.schema``."""

import re
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path

from local import ports, postgres
from postgres.migrate import migrate

FILE = Path(__file__).parent.parent / "postgres/schema.sql"
_HEAD = f"""-- What all migrations together make, as PostgreSQL {postgres.MAJOR} tells it.
-- To be read: nothing runs this file, and a test holds the migrations to it. The roles are made by the first migration.
-- Written by `make docs`.

"""
_NOISE = re.compile(r"^(?:--.*|\\(?:un)?restrict .*|SET .*|SELECT pg_catalog\.set_config.*)\n", re.MULTILINE)


def dump(dsn: str) -> str:
    """Return the schema ``rondo`` of a database as SQL: without its rows, and without what differs from run to run."""
    asked = ["--schema-only", "--schema=rondo", "--no-owner", "--exclude-table=rondo.alembic_version"]
    command = [str(postgres.programs() / "pg_dump"), *asked, dsn]
    told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return re.sub(r"\n{2,}", "\n\n", _NOISE.sub("", told.stdout)).strip() + "\n"


def document(dsn: str) -> str:
    """Return the file as it stands for a database that all migrations have made."""
    return _HEAD + dump(dsn)


def main() -> None:
    """Start a Postgres, migrate, write the file."""
    with ExitStack() as ending:
        directory = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="rondo-schema-")))
        port = ports.choose(["postgres"], {})["postgres"]
        server = postgres.start(directory / "data", port=port, password="unkept", log=directory / "log")  # noqa: S106
        ending.callback(server.stop)
        dsn = postgres.dsn(port, "unkept", "postgres")
        migrate(dsn)
        FILE.write_text(document(dsn))


if __name__ == "__main__":
    main()
