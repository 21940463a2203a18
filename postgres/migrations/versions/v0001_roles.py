"""The roles that work on the views: the statements stand in the file beside this one."""

from postgres.migrations.statements import run

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Go to this revision."""
    run(__file__)
