"""Builds queries for tasks from SQL fragments of conditions and orders."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from postgres.queries import load

Position = tuple[str | None, ...]
"""Where a page of tasks ended: its last row's sort values as text, and that row's id."""

FIRST = 3
"""The number of the first parameter of ``TaskQuery``; the ones before are the user and the limit."""


_OF_VERSION = f"id = ${FIRST}::uuid and version = coalesce(${FIRST + 1}::bigint, version)"
_IS_THERE = "tasks.status <> 'DELETED'"
TAGGED = f"{_IS_THERE} and tasks.id in (select task_id from rondo.task_tags where tag_id = ${FIRST}::uuid)"  # noqa: S608
"""Tasks that have a tag, by its id."""
ON_LIST = f"{_IS_THERE} and tasks.list_id = (select id from rondo.lists where {_OF_VERSION})"  # noqa: S608 - a number
"""Tasks on a list, by its id and its version, null for any."""
BELOW = f"""{_IS_THERE} and tasks.id in (
    with recursive below as (
        select id, parent_id from rondo.tasks where parent_id = (select id from rondo.tasks where {_OF_VERSION})
        union select part.id, part.parent_id from rondo.tasks as part join below on part.parent_id = below.id
    )
    select id from below
)"""  # noqa: S608
"""Sub-tasks of a task, at all levels, by its id and its version, null for any."""
OF_SERIES = f"""{_IS_THERE} and tasks.id <> ${FIRST}::uuid and tasks.id in (
    with recursive part as (
        select one.id from rondo.tasks as one, (select id, series from rondo.tasks where {_OF_VERSION}) as named
        where one.id = named.id
            or one.series = named.series and (one.status = 'COMPLETED' or one.recurrence is not null)
        union select below.id from rondo.tasks as below join part on below.parent_id = part.id where ${FIRST + 2}::bool
    )
    select id from part
)"""  # noqa: S608
"""The other occurrences of a task's series, by its id and its version, null for any; with true also all sub-tasks.

An occurrence that was reopened as a task of its own is none of them.
"""


_OCCURRENCES = """from rondo.tasks
where user_id = $1::uuid and series = (select series from rondo.tasks where id = $2::uuid)
    and (occurrence collate "C", tasks.id)
        < (coalesce($3::text, '~'), coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
order by occurrence collate "C" desc, tasks.id desc
limit $5::bigint"""
_ANSWERED = "from rondo.commands where id = any($1::uuid[])"


@dataclass(frozen=True)
class TaskQuery:
    """A condition on ``rondo.tasks`` and an order. The SQL contains no users' text."""

    where: str
    values: tuple[object, ...]  # of its parameters $3, $4 …
    order_by: str
    position: str  # the expression of a row's ``Position``
    required_tags: tuple[tuple[str, ...], ...] = ()  # folded names: all wanted tasks have one of each
    words: str | None = None  # a tsquery that tasks must match; ``found.relevance`` is the rank of the match
    then: "TaskQuery | None" = None  # further tasks, which come after all of these


def page(query: TaskQuery) -> str:
    """Return the query for a page of whole tasks, with the user as $1 and the limit as $2."""
    # The subquery sorts first, so that Postgres computes the columns of the page's tasks only.
    relevance = "" if query.words is None else ", found.relevance"
    sorted_ = f"select tasks.*{relevance} {_tasks(query)} order by {query.order_by} limit $2::bigint"
    found = " cross join lateral (select tasks.relevance) as found" if relevance else ""
    return f"{columns()}, {query.position} as position from ({sorted_}) as tasks{found} order by {query.order_by}"


def outcomes() -> str:
    """Return the query for the outcomes of the answered ones among commands, with their ids as $1."""
    return f"{_of(load().outcome_columns)} {_ANSWERED}"


def answers() -> str:
    """Return ``outcomes`` with the tasks that they name: the columns of an outcome, its task's id, and the task's."""
    # By the column itself: before Postgres knows whose a row is, it evaluates nothing that can fail, such as a cast.
    task = f"{columns()} from rondo.tasks where tasks.id = answered.task_id"
    answered = f"{_of(load().outcome_columns)}, task_id {_ANSWERED}"
    return f"select answered.*, task.* from ({answered}) as answered left join lateral ({task}) as task on true"  # noqa: S608


def versions(condition: str) -> str:
    """Return the query for the ids and versions of tasks, by id, with the user as $1 and the limit as $2."""
    return (
        "select tasks.id::text, tasks.version from rondo.tasks"  # noqa: S608 - the text contains no value
        f" where tasks.user_id = $1::uuid and {condition} order by tasks.id limit $2::bigint"
    )


def counted(condition: str) -> str:
    """Return the query for the number of tasks, with the user as $1 and the most that are counted as $2."""
    found = f"select from rondo.tasks where tasks.user_id = $1::uuid and {condition} limit $2::bigint"
    return f"select count(*) from ({found}) as found"  # noqa: S608


def facets(query: TaskQuery) -> str:
    """Return the query for the facets of tasks, with the user as $1; $2 is null."""
    return facets_of(f"{_tasks(query)} and $2::bigint is null")


def facets_of(tasks: str) -> str:
    """Return the query for the number of tasks in all and by value; ``tasks`` is its ``from`` and ``where``.

    Dues count by their local day without a zone, by their instant with one; of tags, the 5,000 with most tasks.
    """
    return f"""
with wanted as materialized (
    select
        tasks.status, tasks.priority, tasks.list_id, tasks.tags, tasks.due_at,
        case when tasks.due_at is null then tasks.due_date end as day
    {tasks}
)
select
    case grouping(status, priority, list_id, day, due_at)
        when 31 then 'total' when 15 then 'status' when 23 then 'priority' when 27 then 'list' when 29 then 'day'
        else 'instant'
    end as facet,
    coalesce(status::text, priority::text, list_id::text, day::text, due_at::text) as value, count(*) as tasks
from wanted
group by grouping sets ((), (status), (priority), (list_id), (day), (due_at))
union all (
    select 'tag', tag, count(*) as tagged from wanted cross join unnest(tags) as tag group by tag
    order by tagged desc, tag limit 5000
)
order by facet, value"""  # noqa: S608


def behind(query: TaskQuery, conditions: Sequence[tuple[str, tuple[object, ...]]]) -> TaskQuery:
    """Return the query for the part of ``query`` that matches the first condition, then for that of the next.

    Each is a text and the values of its parameters, whose numbers follow those of ``query``.
    """
    (text, values), *others = conditions
    then = behind(query, others) if others else None
    return replace(query, where=f"{query.where} and {text}", values=(*query.values, *values), then=then)


def among(query: TaskQuery, names: Sequence[str]) -> TaskQuery:
    """Return the query with a lookup of tasks by these tags' folded names, of which all wanted tasks have one.

    It uses an array, not a join: Postgres expects few elements, and looks up each in the index of ids.
    """
    names_ = f"${FIRST + len(query.values)}::text[]"
    where = f"{query.where} and tasks.id = any(array({_TAGGED_TASKS.replace('$1', names_)}))"
    return replace(query, where=where, values=(*query.values, names), required_tags=())


_TAGGED_TASKS = """select task_tags.task_id from rondo.task_tags
    where tag_id = any(array(select tags.id from rondo.tags where name_folded = any($1)))"""


def values(query: TaskQuery) -> tuple[object, ...]:
    """Return the values of the parameters from $3 on."""
    return query.values if query.words is None else (*query.values, query.words)


def occurrences() -> str:
    """Return the query for a page of the occurrences of a task's series, deleted ones too, the latest first.

    Its parameters are the user, the task, the last page's last occurrence with its id, or nulls, and the limit.
    """
    return f"{columns()} {_OCCURRENCES}"


def columns() -> str:
    """Return the beginning of a query for whole tasks, up to ``from``."""
    return _of(load().task_columns)


def _of(columns: Any) -> str:
    """Return the text of a query that has only columns."""
    text: str = columns.sql
    return text.strip().removesuffix(";")


def _tasks(query: TaskQuery) -> str:
    """Return the ``from`` and ``where`` clauses.

    Row-level security already restricts the tasks to the user's. The condition repeats that because the planner has
    statistics of a user's id, but not of the setting ``rondo.user``.
    """
    found = f"rondo.found(${FIRST + len(query.values)}::text::tsquery) as found join "
    joined = "" if query.words is None else " on tasks.id = found.id"
    return f"from {found if joined else ''}rondo.tasks{joined} where tasks.user_id = $1::uuid and {query.where}"
