"""The tasks that bear a tag, from the index alone: see the .sql file."""

from postgres.migrations.statements import revision_of

revision, down_revision, upgrade = revision_of(__file__)
