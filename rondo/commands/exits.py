"""Exit statuses of commands, and the error that ends one with a line on standard error."""

import click

DONE, FAILED, USAGE, AWAY, INTERRUPTED = 0, 1, 2, 3, 130
"""The statuses: done; refused or failed; usage error; Rondo unreachable or outcome not known yet; Ctrl-C."""


def sentence(text: str) -> str:
    """Return a text with a full stop, unless it ends in a stop already."""
    ended = text.rstrip()
    return ended if ended.endswith((".", "?", "!")) else f"{ended}."


class Failed(click.ClickException):
    """A command could not be done; the sentence says what to do."""

    def __init__(self, sentence: str, status: int = FAILED) -> None:
        super().__init__(sentence)
        self.exit_code = status
