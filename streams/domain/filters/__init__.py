"""The filter language: one for API, command line, chat and web. docs/filters.md explains it.

``parse`` reads a filter, ``matches`` evaluates it on a task, ``str`` prints it, ``standing`` leaves out the deleted
tasks where it does not name them; ``sort`` reads a sort. ``postgres.conditions`` and ``ordering`` make SQL of them.
"""

from streams.domain.filters.dates import Clock
from streams.domain.filters.errors import QueryError
from streams.domain.filters.matching import TaskList, matches
from streams.domain.filters.parsing import parse
from streams.domain.filters.scope import standing
from streams.domain.filters.sorting import Sort, sort
from streams.domain.filters.tree import Filter

__all__ = [
    "Clock",
    "Filter",
    "QueryError",
    "Sort",
    "TaskList",
    "matches",
    "parse",
    "sort",
    "standing",
]
