"""How many events each command led to: the statements stand in the file beside this one."""

from postgres.migrations.statements import run

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Go to this revision."""
    run(__file__)
