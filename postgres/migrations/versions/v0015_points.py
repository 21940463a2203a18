"""Hebrew and Arabic are compared without points, and long texts by their beginning: what is stored is folded anew."""

from postgres.migrations.refolding import refold

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    """Go to this revision."""
    refold()
