"""What alembic runs: every missing revision, on the connection and in the transaction of ``postgres.migrate``."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table_schema="rondo")
with context.begin_transaction():
    context.run_migrations()
