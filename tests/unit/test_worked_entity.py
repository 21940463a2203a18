"""The entity that CONTRIBUTING.md adds can be added, by no more than the files that it counts."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.worked import ROOT, Example, copied, section

TEXT = section((ROOT / "CONTRIBUTING.md").read_text(), "Add an entity")
TABLE = dict(re.findall(r"^\| `(.+?)` \| (\w+) \|", TEXT, re.MULTILINE))
"""The files that it counts, each with what is done to it."""
BY_HAND, _, _ = TEXT.partition("Write the generated documents again")
PYTEST = ".venv/bin/python -m pytest -q -p no:cacheprovider"
ITS_TESTS = (
    "tests/unit/domain/test_notes.py tests/unit/client/test_models.py tests/unit/test_replay_invariants.py "
    "tests/contract/test_files.py tests/contract/test_decisions.py"
)

pytestmark = pytest.mark.skipif((ROOT / "domain" / "notes.py").exists(), reason="It was followed here.")


def test_the_worked_entity_can_be_added(tmp_path: Path, record_property: Callable[[str, object], None]):
    example = Example(tmp_path)
    example.follow(BY_HAND)
    new = [file for file in example.touched if not (ROOT / file).exists()]
    counted = f"{len(example.touched)} files by hand, of which {len(new)} are new"
    record_property("An entity more", counted)
    assert counted in " ".join(TEXT.split()), f"{counted}: {', '.join(example.touched)}"
    assert example.touched == [*TABLE]
    assert new == [file for file, done in TABLE.items() if done == "new"]
    example.shell(".venv/bin/ruff check --no-cache && .venv/bin/ruff format --check --no-cache")
    example.shell(f'{PYTEST} -k "note or Note or every" {ITS_TESTS}')


@pytest.mark.deep
def test_the_worked_entity_holds_in_all_tests_and_on_a_whole_rondo():
    with copied() as example:
        example.follow(TEXT)
        example.shell(".venv/bin/mypy")
        example.shell(f"{PYTEST} --collect-only")
        example.shell(f"{PYTEST} tests/unit tests/contract")
        example.shell(f"{PYTEST} tests/acceptance/test_notes.py tests/integration/test_postgres_security.py")
