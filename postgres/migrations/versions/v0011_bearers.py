"""The tasks that bear a tag, from the index alone: the statements stand in the file beside this one."""

from postgres.migrations.statements import run

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Go to this revision."""
    run(__file__)
