"""Runs the .sql file of a revision."""

from pathlib import Path

from alembic import op


def run(revision_file: str) -> None:
    """Execute the .sql file that stands beside a revision, as it is: no parameters, so % and : mean themselves."""
    statements = Path(revision_file).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements, execution_options={"no_parameters": True})
