"""Folded text and words as the views stage writes them: the statements stand in the file beside this one.

The rows that stand are folded here, in the migration's own transaction, some hundred at a time. Rows that hold already
what they should are left alone.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from alembic import op
from sqlalchemy import text

from postgres.migrations.statements import run
from schemas.folding import fold, fold_title
from schemas.words import vector

revision = "0014"
down_revision = "0013"

_STEP = 500

Row = Sequence[Any]

_TASKS = """
update rondo.tasks set
    title_folded = given.title, notes_folded = given.notes, tags_folded = given.tags, words = given.words
from (
    select id::uuid, title, notes, array(select json_array_elements_text(tags)) as tags, words::tsvector as words
    from json_to_recordset(cast(:rows as json)) as one (id text, title text, notes text, tags json, words text)
) as given
where tasks.id = given.id and (title_folded, notes_folded, tags_folded, tasks.words)
    is distinct from (given.title, given.notes, given.tags, given.words)"""
_NAMES = """
update rondo.{table} set name_folded = given.name
from json_to_recordset(cast(:rows as json)) as given (id uuid, name text)
where {table}.id = given.id and name_folded <> given.name"""


def upgrade() -> None:
    """Go to this revision."""
    run(__file__)
    connection = op.get_bind()
    connection.execute(text("set local role rondo_views"))
    _each("tasks", "user_id::text, title, notes, tags", _TASKS, _task)
    for table in ("tags", "lists"):
        _each(table, "name", _NAMES.format(table=table), lambda name: {"name": fold(name)})
    connection.execute(text("reset role"))


def _each(table: str, columns: str, update: str, folded: Callable[..., dict[str, object]]) -> None:
    for rows in _steps(table, columns):
        given = [{"id": identity, **folded(*values)} for identity, *values in rows]
        op.get_bind().execute(text(update), {"rows": json.dumps(given, ensure_ascii=False)})


def _steps(table: str, columns: str) -> Iterator[Sequence[Row]]:
    """Yield all rows of a table, some hundred at a time, by their ids."""
    select = f"select {table}.id::text, {columns} from rondo.{table}"  # noqa: S608 - names of ours
    order = f"order by {table}.id limit {_STEP}"
    rows: Sequence[Row] = op.get_bind().execute(text(f"{select} {order}")).all()
    while rows:
        yield rows
        rows = op.get_bind().execute(text(f"{select} where {table}.id > :last {order}"), {"last": rows[-1][0]}).all()


def _task(user: str, title: str, notes: str, tags: Sequence[str]) -> dict[str, object]:
    return {
        "title": fold_title(title),
        "notes": fold(notes),
        "tags": [fold(tag) for tag in tags],
        "words": vector(user, title, notes),
    }
