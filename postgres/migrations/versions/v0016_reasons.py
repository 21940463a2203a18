"""Why deliveries failed, without the webhook's address: the statements stand in the file beside this one."""

from postgres.migrations.statements import run

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    """Go to this revision."""
    run(__file__)
