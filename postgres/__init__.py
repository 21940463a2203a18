"""The read views in Postgres: schema and migrations, named queries, who writes them and who reads them."""
