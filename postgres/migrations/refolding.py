"""Folds anew what is stored, by the rules of today: for migrations of whenever these have changed.

The rows that stand are folded in the migration's own transaction, some at a time. Rows that hold already what they
should are left alone, so that whatever revision a database comes from, each is written once.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from alembic import op
from sqlalchemy import text

from domain.folding import fold, fold_notes, fold_title
from domain.words import vector

_STEP, _CHARACTERS = 500, 4_000_000
"""So many rows are read at once, and so many characters written: folded, notes may have ten times as many."""

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


def refold() -> None:
    """Fold and part anew the texts of all tasks, tags and lists, within a migration."""
    connection = op.get_bind()
    connection.execute(text("set local role rondo_views"))
    _each("tasks", "user_id::text, title, notes, tags", _TASKS, _task)
    for table in ("tags", "lists"):
        _each(table, "name", _NAMES.format(table=table), lambda name: {"name": fold(name)})
    connection.execute(text("reset role"))


def _each(table: str, columns: str, update: str, folded: Callable[..., dict[str, object]]) -> None:
    for rows in _steps(table, columns):
        told = (json.dumps({"id": identity, **folded(*values)}, ensure_ascii=False) for identity, *values in rows)
        for given in _together(told):
            op.get_bind().execute(text(update), {"rows": given})


def _together(told: Iterable[str]) -> Iterator[str]:
    """Yield JSON arrays of some of these each, by how long they are."""
    held, length = list[str](), 0
    for each in told:
        held.append(each)
        length += len(each)
        if length >= _CHARACTERS:
            yield f"[{','.join(held)}]"
            held, length = [], 0
    if held:
        yield f"[{','.join(held)}]"


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
        "notes": fold_notes(notes),
        "tags": [fold(tag) for tag in tags],
        "words": vector(user, title, notes),
    }
