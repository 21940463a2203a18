"""How a command ends: its status, and one line on standard error where it was not done."""

import click

DONE, FAILED, USAGE, AWAY, INTERRUPTED = 0, 1, 2, 3, 130
"""The statuses: done; refused or failed; typed wrong; Rondo can't be reached or doesn't know yet; Ctrl-C."""


def sentence(text: str) -> str:
    """Return a text that ends as a sentence does, once."""
    ended = text.rstrip()
    return ended if ended.endswith((".", "?", "!")) else f"{ended}."


class Failed(click.ClickException):
    """What was typed could not be done; the sentence says what to do."""

    def __init__(self, sentence: str, status: int = FAILED) -> None:
        super().__init__(sentence)
        self.exit_code = status
