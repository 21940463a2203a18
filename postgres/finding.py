"""Which tasks are looked for: fragments of SQL, made elsewhere of what people asked, and put together here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from postgres.queries import load

Position = tuple[str | None, ...]
"""Where a page of tasks ended: the text of what its last row is sorted by, and that row's id."""

FIRST = 3
"""The number of the first parameter of ``TaskQuery``; the ones before are the user and the limit."""


_MEANT = f"id = ${FIRST}::uuid and version = coalesce(${FIRST + 1}::bigint, version)"
_IS_THERE = "tasks.status <> 'DELETED'"
TAGGED = f"{_IS_THERE} and tasks.id in (select task_id from rondo.task_tags where tag_id = ${FIRST}::uuid)"  # noqa: S608
"""Tasks that have a tag, by its id."""
ON_LIST = f"{_IS_THERE} and tasks.list_id = (select id from rondo.lists where {_MEANT})"  # noqa: S608 - a number
"""Tasks on a list, by its id and its version, null for any."""
BELOW = f"""{_IS_THERE} and tasks.id in (
    with recursive below as (
        select id, parent_id from rondo.tasks where parent_id = (select id from rondo.tasks where {_MEANT})
        union select part.id, part.parent_id from rondo.tasks as part join below on part.parent_id = below.id
    )
    select id from below
)"""  # noqa: S608
"""Parts of a task and their parts, by its id and its version, null for any."""


@dataclass(frozen=True)
class TaskQuery:
    """Tasks that a condition on ``rondo.tasks`` holds for, in an order. The text holds nothing that a person wrote."""

    where: str
    values: tuple[object, ...]  # of its parameters $3, $4 …
    order_by: str
    position: str  # the expression of a row's ``Position``
    required_tags: tuple[tuple[str, ...], ...] = ()  # folded names of tags, one of each of which all wanted tasks bear
    words: str | None = None  # a tsquery: then only tasks that it matches, and ``found.relevance`` says how well
    then: "TaskQuery | None" = None  # what else is wanted: it comes after all of this


def page(wanted: TaskQuery) -> str:
    """Return the query for a page of whole tasks, with the user as $1 and the limit as $2."""
    # What is shown of a task is put together for those of the page alone: Postgres would do so for all that it sorts.
    relevance = "" if wanted.words is None else ", found.relevance"
    sorted_ = f"select tasks.*{relevance} {_tasks(wanted)} order by {wanted.order_by} limit $2::bigint"
    found = " cross join lateral (select tasks.relevance) as found" if relevance else ""
    return f"{columns()}, {wanted.position} as position from ({sorted_}) as tasks{found} order by {wanted.order_by}"


def versions(condition: str) -> str:
    """Return the query for the ids and versions of tasks, by id, with the user as $1 and the limit as $2."""
    return (
        "select tasks.id::text, tasks.version from rondo.tasks"  # noqa: S608 - no value is in its text
        f" where tasks.user_id = $1::uuid and {condition} order by tasks.id limit $2::bigint"
    )


def counted(condition: str) -> str:
    """Return the query for the number of tasks, with the user as $1; those beyond the limit, $2, are not counted."""
    found = f"select from rondo.tasks where tasks.user_id = $1::uuid and {condition} limit $2::bigint"
    return f"select count(*) from ({found}) as found"  # noqa: S608


def facets(wanted: TaskQuery) -> str:
    """Return the query for the numbers of tasks by what they have, with the user as $1; $2 is null."""
    text: str = load().facets.sql
    return text.replace("from rondo.tasks", f"{_tasks(wanted)} and $2::bigint is null", 1)


def behind(wanted: TaskQuery, conditions: Sequence[tuple[str, tuple[object, ...]]]) -> TaskQuery:
    """Return the part of what is wanted that one or more conditions hold for, one after the other.

    Each is a text and the values of its parameters, which begin behind those of ``wanted``.
    """
    (text, values), *others = conditions
    then = behind(wanted, others) if others else None
    return replace(wanted, where=f"{wanted.where} and {text}", values=(*wanted.values, *values), then=then)


def among(wanted: TaskQuery, names: Sequence[str]) -> TaskQuery:
    """Return the same, looked up by the ids of the tasks that bear one of these tags, by folded name: all wanted do.

    An array and no join, so that Postgres, which expects few of one, takes them one by one from the index of ids.
    """
    names_ = f"${FIRST + len(wanted.values)}::text[]"
    where = f"{wanted.where} and tasks.id = any(array({_BEARERS.replace('$1', names_)}))"
    return replace(wanted, where=where, values=(*wanted.values, names), required_tags=())


_BEARERS = """select task_tags.task_id from rondo.task_tags
    where tag_id = any(array(select tags.id from rondo.tags where name_folded = any($1)))"""


def values(wanted: TaskQuery) -> tuple[object, ...]:
    """Return the values of the parameters from $3 on."""
    return wanted.values if wanted.words is None else (*wanted.values, wanted.words)


def columns() -> str:
    """Return the beginning of a query for whole tasks, up to what it selects."""
    text: str = load().task_columns.sql
    return text.strip().removesuffix(";")


def _tasks(wanted: TaskQuery) -> str:
    """Return which rows are read.

    Row-level security sees to it that the tasks are the user's. That they are is said once more since the planner
    knows how many tasks one user has, but not how many whoever the setting ``rondo.user`` names has.
    """
    found = f"rondo.found(${FIRST + len(wanted.values)}::text::tsquery) as found join "
    joined = "" if wanted.words is None else " on tasks.id = found.id"
    return f"from {found if joined else ''}rondo.tasks{joined} where tasks.user_id = $1::uuid and {wanted.where}"
