"""The filter language: one for API, command line, chat and web. docs/filters.md explains it.

``parse`` parses a filter, ``matches`` evaluates it on a task, ``str`` prints it, ``without_deleted`` excludes
deleted tasks unless the filter names them; ``sort`` parses a sort order. ``postgres.conditions`` and ``ordering`` turn
them into SQL.
"""

from domain.query.dates import Clock
from domain.query.errors import QueryError
from domain.query.matching import TaskList, matches
from domain.query.parsing import parse
from domain.query.scope import without_deleted
from domain.query.sorting import Sort, sort
from domain.query.tree import Filter

__all__ = [
    "Clock",
    "Filter",
    "QueryError",
    "Sort",
    "TaskList",
    "matches",
    "parse",
    "sort",
    "without_deleted",
]
