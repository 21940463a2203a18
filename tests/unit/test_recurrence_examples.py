"""The examples of docs/recurrence.md are what the commands print."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.typed import Type

PAGE = (Path(__file__).parents[2] / "docs" / "recurrence.md").read_text()


def examples() -> Iterator[tuple[str, str]]:
    """Each command line of the page, and what it prints."""
    for block in re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        for example in block.split("$ ")[1:]:
            line, _, printed = example.partition("\n")
            yield line, printed


@pytest.mark.parametrize(("line", "printed"), [*examples()], ids=lambda value: str(value)[:70])
def test_the_examples_of_recurrence_are_what_the_commands_print(typed: Type, line: str, printed: str) -> None:
    program, *words = shlex.split(line)
    status, out, err = typed(*words)
    assert program == "rondo"
    assert out + err == printed
    assert status == (2 if err else 0)


def test_the_page_has_examples() -> None:
    assert len([*examples()]) > 10
