"""Ids as people type them: a prefix of at least four characters that only one task's id has."""

import re
from uuid import UUID

from rondo.client.models import TaskTitles
from rondo.terminal.plain import plain

LEAST = 4
SHOWN = 8
"""Characters of an id in tables and sentences."""

_PREFIX = re.compile(r"[0-9a-f][0-9a-f-]{3,35}", re.ASCII)


class NotATask(LookupError):
    """An id or prefix that no task has, or that several have."""


def normal(typed: str) -> str:
    """Return an id or a prefix in lower case. Raises ``ValueError`` for what can't be one."""
    text = typed.strip().lower()
    if not _PREFIX.fullmatch(text):
        raise ValueError(f"{typed!r} is not a task's id: type at least {LEAST} characters of one from `rondo list`.")
    return text


def whole(text: str) -> bool:
    """Return whether an id is complete."""
    return len(text) == len(str(UUID(int=0)))


def only(text: str, found: TaskTitles) -> str:
    """Return the id of the only task with a prefix. Raises ``NotATask`` for none or several.

    Deleted tasks count only if there are no others.
    """
    tasks = [task for task in found["items"] if task["status"] != "deleted"] or found["items"]
    if not tasks:
        raise NotATask(f"There is no task {text}: list them with `rondo list`.")
    if len(tasks) > 1:
        some = ", ".join(f"{task['id'][: len(text) + 4]} ({plain(task['title']):.30})" for task in tasks[:3])
        raise NotATask(f"{text} is the beginning of several tasks' ids: type more characters. Tasks: {some}.")
    return tasks[0]["id"]
