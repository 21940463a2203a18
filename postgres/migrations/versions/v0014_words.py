"""Folded text and words as the views stage writes them: the statements stand in the file beside this one."""

from postgres.migrations.refolding import refold
from postgres.migrations.statements import run

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Go to this revision."""
    run(__file__)
    refold()
