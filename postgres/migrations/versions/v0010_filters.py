"""Saved filters: the statements stand in the file beside this one."""

from postgres.migrations.statements import run

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Go to this revision."""
    run(__file__)
