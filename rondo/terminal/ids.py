"""Ids as people type them: any beginning of at least four characters that only one task's id has."""

import re
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from rondo.client.shapes import Task

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


def meant(typed: Sequence[str], tasks: Iterable[Task]) -> Mapping[str, list[Task]]:
    """Return the tasks that each beginning of an id may mean."""
    found: dict[str, list[Task]] = {text: [] for text in typed}
    for task in tasks:
        for text in typed:
            if task["id"].startswith(text):
                found[text].append(task)
    return found


def only(text: str, found: Sequence[Task]) -> str:
    """Return the id of the one task that was meant. Raises ``NotATask`` where it is none, or one of several."""
    if not found:
        raise NotATask(f"There is no task {text}: `rondo list` shows which there are.")
    if len(found) > 1:
        some = ", ".join(f"{task['id'][: len(text) + 4]} ({task['title']:.30})" for task in found[:3])
        raise NotATask(f"{text} is the beginning of {len(found)} tasks' ids: type more of it. There are {some}.")
    return found[0]["id"]
