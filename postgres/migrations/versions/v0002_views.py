"""The views: the statements stand in the file beside this one."""

from postgres.migrations.statements import run

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Go to this revision."""
    run(__file__)
