"""A revision that runs the .sql file beside it."""

from collections.abc import Callable
from pathlib import Path

from alembic import op


def revision_of(revision_file: str) -> tuple[str, str | None, Callable[[], None]]:
    """Return what Alembic asks of a revision: its number, which its file's name has; the one before; the upgrade.

    The upgrade executes the .sql file as it is: no parameters, so % and : mean themselves.
    """
    path = Path(revision_file)
    number = int(path.name[1:5])

    def upgrade() -> None:
        statements = path.with_suffix(".sql").read_text(encoding="utf-8")
        op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})

    return f"{number:04}", f"{number - 1:04}" if number > 1 else None, upgrade
