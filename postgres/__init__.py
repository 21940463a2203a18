"""The views in Postgres: schema and migrations, named queries, and their writer and reader."""
