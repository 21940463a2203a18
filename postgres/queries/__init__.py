"""Every statement on the views, named and described in ``write.sql`` and ``read.sql``."""

from functools import cache
from pathlib import Path
from typing import Any

import aiosql


@cache
def load(name: str) -> Any:  # aiosql makes the methods, one a query, when it reads the file
    """Return the queries of ``<name>.sql``: methods that take an asyncpg connection and the named parameters."""
    return aiosql.from_path(Path(__file__).with_name(f"{name}.sql"), "asyncpg")
