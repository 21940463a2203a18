"""What a command, an outcome or an entry of the audit trail is about, where that is not a task.

It is ``list:<id>``, ``filter:<id>`` or ``tag:<name>``: a text, like an actor's, so that a new kind of thing changes no
schema. What the tasks of a bulk belong to may also be ``task:<id>``.
"""

TASK = "task"
LIST = "list"
FILTER = "filter"
TAG = "tag"


def of(kind: str, name: str) -> str:
    """Return the subject that is the thing of a kind with this id or name."""
    return f"{kind}:{name}"


def split(subject: str) -> tuple[str, str]:
    """Return a subject's kind, and its id or name."""
    kind, _, name = subject.partition(":")
    return kind, name
