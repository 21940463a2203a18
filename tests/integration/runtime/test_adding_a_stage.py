"""The stage of CONTRIBUTING.md is added to a copy of the tree: the whole suite takes it in, and it runs."""

from collections.abc import Iterator

import pytest

from tests.worked import ROOT, Example, copied, section

pytestmark = pytest.mark.skipif((ROOT / "streams" / "counts.py").exists(), reason="It was added here.")
PYTEST = ".venv/bin/python -m pytest -q -p no:cacheprovider"
OF_ITS_OWN = "test_counts or CompletedCount"
OF_ALL_STAGES = "fausts_own or listed_in_one_place or procfile or tables_of_topics or (test_matrix and not lose)"


@pytest.fixture(scope="module")
def added() -> Iterator[Example]:
    with copied() as example:
        example.follow(section((ROOT / "CONTRIBUTING.md").read_text(), "Add a stage"))
        yield example


def test_a_stage_more_is_tested_by_the_whole_suite_and_runs_on_a_real_broker(added: Example, kafka: str, registry: str):
    """Everything is collected, deep tests too; those of stages run, in the chaos matrix those that start no worker."""
    parts = {"RONDO_KAFKA": kafka, "RONDO_REGISTRY": registry}
    told = added.shell(f'{PYTEST} -rp -m "deep or not deep" -k "{OF_ITS_OWN} or {OF_ALL_STAGES}"', **parts)
    passed = {line.split()[1] for line in told.splitlines() if line.startswith("PASSED ")}
    assert "tests/integration/runtime/test_counts.py::test_completed_tasks_are_counted_on_the_log" in passed
    assert "tests/chaos/test_matrix.py::test_a_short_run_lets_every_topology_fail[hang-mixed]" in passed
    assert any("fausts_own_command_line" in test and test.endswith("[counts]") for test in passed)


@pytest.mark.deep
def test_a_stage_more_passes_the_linters_and_survives_the_chaos_matrix(added: Example):
    added.shell(f'make lint && {PYTEST} tests/chaos/test_matrix.py -k "kill-mixed or raise-mixed"')
