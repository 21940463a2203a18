"""The language of messages: see the .sql file."""

from postgres.migrations.statements import revision_of

revision, down_revision, upgrade = revision_of(__file__)
