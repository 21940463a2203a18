"""What a command, an outcome or an entry of the audit trail is about, where that is not a task.

It is ``list:<id>``, ``filter:<id>`` or ``tag:<name>``: a text, like an actor's, so that a new entity type changes no
schema. What the tasks of a bulk belong to may also be ``task:<id>``.
"""


def of(word: str, name: str) -> str:
    """Return the subject that is the entity of a type, by its word, with this id or name."""
    return f"{word}:{name}"


def split(subject: str) -> tuple[str, str]:
    """Return the word of a subject's type, and its id or name."""
    word, _, name = subject.partition(":")
    return word, name
