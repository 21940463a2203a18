"""Tasks in Postgres to try filters and sorts on, as the views hold them."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from asyncpg import Connection

from domain.folding import fold, fold_notes, fold_title
from domain.times import instant
from domain.words import vector
from schemas import ids
from schemas.records import Due, Task
from tests.unit.domain.filtering import LISTS, USER, list_of


async def put(connection: Connection, tasks: Sequence[Task]) -> None:
    """Write tasks, their tags and the lists, of one user."""
    await _insert(connection, "lists", [_list(each.id, each.name) for each in LISTS])
    await _insert(connection, "tasks", [_row(task) for task in tasks])
    tags = sorted({tag for task in tasks for tag in task.tags})
    named = [{"id": _tag(tag), "user_id": USER, "name": tag, "name_folded": fold(tag)} for tag in tags]
    await _insert(connection, "tags", named)
    tagged = [{"task_id": task.id, "tag_id": _tag(tag), "user_id": USER} for task in tasks for tag in task.tags]
    await _insert(connection, "task_tags", tagged)


async def _insert(connection: Connection, table: str, rows: list[dict]) -> None:
    if rows:
        names = ", ".join(rows[0])
        query = (
            f"insert into rondo.{table} ({names}) select {names} from json_populate_recordset(null::rondo.{table}, $1)"
        )
        await connection.execute(query, json.dumps(rows))


def _list(identity: str, name: str) -> dict:
    made = {"created_at": _moment(0), "changed_at": _moment(0)}
    names = {"name": name, "name_folded": fold(name)}
    return {"id": identity, "user_id": USER, **names, "rank": "V", "deleted": False, "version": 1, **made}


def _row(task: Task) -> dict:
    on = list_of(task)
    return {
        "id": task.id,
        "user_id": USER,
        "title": task.title,
        "notes": task.notes,
        "tags": task.tags,
        "title_folded": fold_title(task.title),
        "notes_folded": fold_notes(task.notes),
        "tags_folded": [fold(tag) for tag in task.tags],
        "words": vector(USER, task.title, task.notes),
        "priority": task.priority,
        **_when("start", task.start),
        **_when("due", task.due),
        "list_id": on and on.id,
        "parent_id": task.parent,
        "rank": task.rank,
        "pinned": task.pinned,
        "status": task.status,
        "recurrence": None if task.recurrence is None else {"rrule": task.recurrence.rrule},
        "series": task.series,
        "reminders": [],
        "version": 1,
        "created_at": _moment(task.created_at),
        "changed_at": _moment(task.changed_at),
        "completed_at": None if task.completed_at is None else _moment(task.completed_at),
    }


def _when(field: str, due: Due | None) -> dict[str, str | None]:
    at = None if due is None else instant(due)
    return {
        f"{field}_date": None if due is None else due.date,
        f"{field}_time": None if due is None else due.time,
        f"{field}_zone": None if due is None else due.zone,
        f"{field}_at": None if at is None else _moment(at),
    }


def _moment(milliseconds: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)).isoformat()


def _tag(name: str) -> str:
    return ids.derive("tag", USER, name)
