"""Tags by their folded names, and words always by their index: the statements stand in the file beside this one."""

from postgres.migrations.statements import run

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    """Go to this revision."""
    run(__file__)
