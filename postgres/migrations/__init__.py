"""Revisions of the Postgres schema, run by alembic. Each is a plain .sql file with a stub beside it."""
