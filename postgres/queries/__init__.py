"""Every statement on the views, named and described in the ``.sql`` files beside this one."""

import re
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import aiosql

_TABLE = re.compile(r"(?<!::)\brondo\.(?=\w+\b(?!\())")
"""The schema before a table's name, but not before a type's or a function's."""


@cache
def load(schema: str = "rondo") -> Any:  # aiosql makes the methods, one a query, when it reads the files
    """Return all queries: methods with an asyncpg connection and named parameters.

    They use the views, or tables of the same names in another schema.
    """
    found = SimpleNamespace()
    for file in sorted(Path(__file__).parent.glob("*.sql")):
        queries = aiosql.from_str(_TABLE.sub(f"{schema}.", file.read_text()), "asyncpg")
        vars(found).update((name, getattr(queries, name)) for name in queries.available_queries)
    return found
