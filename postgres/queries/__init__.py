"""Every statement on the views, named and described in ``write.sql``, ``read.sql`` and ``scratch.sql``."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import aiosql

_TABLES = (
    "tasks",
    "tags",
    "task_tags",
    "tag_colours",
    "lists",
    "filters",
    "audit",
    "reminders",
    "notifications",
    "bulks",
    "commands",
    "positions",
)
_TABLE = re.compile(rf"\brondo\.(?=(?:{'|'.join(_TABLES)})\b)")


@cache
def load(name: str, schema: str = "rondo") -> Any:  # aiosql makes the methods, one a query, when it reads the file
    """Return the queries of ``<name>.sql``: methods that take an asyncpg connection and the named parameters.

    They work on the views, or on tables of the same names in another schema.
    """
    text = Path(__file__).with_name(f"{name}.sql").read_text()
    return aiosql.from_str(_TABLE.sub(f"{schema}.", text), "asyncpg")
