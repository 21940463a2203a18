"""The operator's last tool says what is wrong in a sentence, and ends with a status that is not 0."""

import pytest
from click.testing import CliRunner

from streams.transactions.__main__ import main

NOBODY = "127.0.0.1:1"


@pytest.mark.parametrize(
    ("arguments", "kafka", "status", "sentence"),
    [
        (["commit", "task-events/0"], None, 2, "Set RONDO_KAFKA to the broker"),
        (["commit", "task-events"], NOBODY, 2, "task-events is no partition: give it as task-events/0."),
        (["abort", "task-events/-1"], NOBODY, 2, "task-events/-1 is no partition"),
        (["abort", "/0"], NOBODY, 2, "/0 is no partition"),
        (["commit", "task-events/0"], NOBODY, 1, f"{NOBODY} did not end it"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(arguments: list[str], kafka: str | None, status: int, sentence: str):
    ended = CliRunner(env={"RONDO_KAFKA": kafka}).invoke(main, arguments)
    assert isinstance(ended.exception, SystemExit)
    assert ended.exit_code == status
    assert sentence in ended.output
