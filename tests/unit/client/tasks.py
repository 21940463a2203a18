"""Tasks and answers as the API gives them."""

from typing import Any

from api.http import document
from api.models import examples, user_settings
from api.models.entities import TASK as TASKS
from api.models.filter import FILTER as FILTERS
from api.models.list import LIST as LISTS
from rondo.client import Task

TASK: Task = document.with_nulls(examples.TASK)
PENDING: dict[str, Any] = document.with_nulls(TASKS.pending)
ACCEPTED: dict[str, Any] = document.with_nulls(TASKS.accepted)
ENTRY: dict[str, Any] = document.with_nulls(examples.ENTRY)
LIST: dict[str, Any] = document.with_nulls(LISTS.example)
FILTER: dict[str, Any] = document.with_nulls(FILTERS.example)
UPCOMING: dict[str, Any] = document.with_nulls(examples.UPCOMING)
SETTINGS: dict[str, Any] = document.with_nulls(user_settings.EXAMPLE)
BULK: dict[str, Any] = document.with_nulls(examples.BULK)


def task(**fields: Any) -> Task:
    """A task with these fields."""
    return {**TASK, **fields}  # type: ignore[typeddict-item]
