"""Folded text and words as the views stage writes them: see the .sql file."""

from postgres.migrations.refolding import refold
from postgres.migrations.statements import revision_of

revision, down_revision, _run = revision_of(__file__)


def upgrade() -> None:
    """Go to this revision."""
    _run()
    refold()
