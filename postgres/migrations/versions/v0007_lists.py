"""Lists: the statements stand in the file beside this one."""

from postgres.migrations.statements import run

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Go to this revision."""
    run(__file__)
