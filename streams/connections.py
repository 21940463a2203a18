"""The settings of the connections to the broker, the registry and Postgres."""

from postgres.connections import Trust
from schemas.kafka.clients import Security
from schemas.registry.client import Access

SETTINGS = (Security, Access, Trust)
"""They are read from the environment where a connection is made."""
