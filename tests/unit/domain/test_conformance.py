"""The engine against the conformance suites of others, where they are; they are no part of Rondo."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conformance.suites import DECIDED, suites

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("CONFORMANCE_DATA", ROOT.parent / "shared" / "data"))

SUITES = suites(DATA)
BLOCKS = [block for blocks in SUITES.values() for block in blocks]
where_they_are = pytest.mark.skipif(not BLOCKS, reason=f"There is no conformance suite in {DATA}.")


def conformance(folder):
    command = [sys.executable, "-m", "tests.conformance", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@where_they_are
def test_at_least_152_of_158_blocks_agree_and_a_sentence_decides_each_other():
    others = {(block.rule, block.start) for block in BLOCKS if not block.agrees()}
    assert (len(BLOCKS), others) == (158, set(DECIDED))
    assert len(BLOCKS) - len(others) >= 152
    text = (ROOT / "docs" / "recurrence.md").read_text()
    assert [rule for rule, _ in DECIDED if f"`{rule}`" not in text] == []


@where_they_are
def test_an_iteration_that_begins_later_leaves_out_only_what_is_before():
    later = [block for block in BLOCKS if block.begin]
    assert len(later) == 7
    for block in later:
        assert block.occurrences(block.begin) == tuple(each for each in block.instances if each >= block.begin)


@where_they_are
def test_a_command_prints_compared_equal_and_differing_by_suite():
    run = conformance(DATA)
    assert run.returncode == 0
    rows = [line.split() for line in run.stdout.splitlines()[:3]]
    assert rows[0] == ["suite", "compared", "equal", "differing"]
    assert rows[1:] == [
        ["libical-icalrecur-rscale.txt", "13", "13", "0"],
        ["libical-icalrecur.txt", "145", "142", "3"],
    ]


def test_a_folder_without_suites_is_refused(tmp_path):
    run = conformance(tmp_path)
    assert (run.returncode, run.stdout) == (2, "")
    assert "There is no suite" in run.stderr
