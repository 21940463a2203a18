"""Ids as people type them: any beginning of at least four characters that only one task's id has."""

import re
from uuid import UUID

from rondo.client.models import TaskTitles
from rondo.terminal.plain import plain

LEAST = 4
SHOWN = 8
"""So many characters of an id stand in tables and sentences."""

_PREFIX = re.compile(r"[0-9a-f][0-9a-f-]{3,35}", re.ASCII)


class NotATask(LookupError):
    """No task, or several, are meant by what was typed."""


def normal(typed: str) -> str:
    """Return an id or the beginning of one in its usual form. Raises ``ValueError`` for what can't be one."""
    text = typed.strip().lower()
    if not _PREFIX.fullmatch(text):
        raise ValueError(
            f"{typed!r} is not a task's id: type at least {LEAST} characters of one that `rondo list` shows."
        )
    return text


def whole(text: str) -> bool:
    """Say whether an id is typed whole."""
    return len(text) == len(str(UUID(int=0)))


def only(text: str, found: TaskTitles) -> str:
    """Return the id of the one task that a beginning means. Raises ``NotATask`` where it is none, or one of several.

    Of those that it may mean the deleted count only where there are no others.
    """
    tasks = [task for task in found["items"] if task["status"] != "deleted"] or found["items"]
    if not tasks:
        raise NotATask(f"There is no task {text}: `rondo list` shows which there are.")
    if len(tasks) > 1:
        some = ", ".join(f"{task['id'][: len(text) + 4]} ({plain(task['title']):.30})" for task in tasks[:3])
        raise NotATask(f"{text} is the beginning of several tasks' ids: type more of it. There are {some}.")
    return tasks[0]["id"]
