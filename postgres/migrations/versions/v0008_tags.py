"""Tags: the statements stand in the file beside this one."""

from postgres.migrations.statements import run

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Go to this revision."""
    run(__file__)
