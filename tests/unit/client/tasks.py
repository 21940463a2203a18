"""Tasks and answers as the API gives them."""

from typing import Any

from api import examples
from rondo.client import Task

TASK: Task = examples.TASK  # type: ignore[assignment]
PENDING: dict[str, Any] = examples.PENDING
ACCEPTED: dict[str, Any] = examples.ACCEPTED
ENTRY: dict[str, Any] = examples.ENTRY


def task(**fields: Any) -> Task:
    """A task with these fields."""
    return {**TASK, **fields}  # type: ignore[typeddict-item]
