"""Subjects: the entity of a command, an outcome or an audit entry, if that is not a task.

A subject is ``list:<id>``, ``filter:<id>``, ``target:<id>``, ``tag:<name>`` or ``settings:<user>``: a string, like an
actor, so that a new entity type changes no schema. The tasks of a bulk may also belong to ``task:<id>``, or to the
series of a task, ``series:<id>``.
"""

SERIES = "series"


def of(word: str, name: str) -> str:
    """Return the subject of the entity of this type, by its word, with this id or name."""
    return f"{word}:{name}"


def split(subject: str) -> tuple[str, str]:
    """Return the word of a subject's type, and its id or name."""
    word, _, name = subject.partition(":")
    return word, name
