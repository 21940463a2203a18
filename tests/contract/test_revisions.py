"""The revisions of the views have the numbers 1, 2, 3 …, each once, and each has its statements."""

from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "postgres" / "migrations" / "versions"


def test_each_revision_has_a_number_of_its_own_and_none_is_missing() -> None:
    numbers = sorted(int(path.name[1:5]) for path in FOLDER.glob("v*.py"))
    assert numbers == [*range(1, len(numbers) + 1)], "Two revisions have one number, or one is missing: renumber yours."


@pytest.mark.skipif(any(FOLDER.glob("v*_notes.py")), reason="It was followed here.")
def test_the_worked_example_has_the_next_number() -> None:
    text = (Path(__file__).parents[2] / "CONTRIBUTING.md").read_text()
    assert f"v{len([*FOLDER.glob('v*.py')]) + 1:04}_notes.sql" in text
