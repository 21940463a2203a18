"""The commands that look at a running Rondo, typed as a person does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from streams.topologies import DEFAULT
from tests.acceptance.stack import PATIENCE, Stack, User, until


def typed(stack: Stack, *words: str, status: int = 0, answer: str = "") -> str:
    """Type a command, and an answer to what it asks; return its output."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RONDO_")}
    done = subprocess.run(
        [Path(sys.executable).with_name("rondo"), *words],
        env={**environment, "RONDO_DATA": str(stack.data), "COLUMNS": "200"},
        input=answer,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_every_topology_comes_to_the_end_of_its_inputs(stack: Stack, user: User):
    user.rondo.create("water the plants", wait=30)

    def even() -> bool:
        lags = [json.loads(line) for line in typed(stack, "lag", "--json").splitlines()]
        return {lag["stage"] for lag in lags} == {*DEFAULT} and not any(lag["lag"] for lag in lags)

    until(even, PATIENCE, "A topology stays behind.")


def test_the_topics_of_a_running_rondo_have_no_drift(stack: Stack):
    told = typed(stack, "topics")
    assert "task-commands" in told
    assert "core-changelog" in told


def test_a_users_records_can_be_followed_from_topic_to_topic(stack: Stack, user: User):
    task = user.rondo.create("water the plants", wait=30)["task"]["id"]
    for topic in ("task-events", "core-changelog"):
        records = [
            json.loads(line)
            for line in typed(stack, "tail", topic, "--user", user.id, "--no-follow", "--json").splitlines()
        ]
        assert any(task in json.dumps(record) for record in records)


def test_a_topic_that_does_not_exist_is_one_sentence(stack: Stack):
    assert "Did you mean task-events" in typed(stack, "tail", "task-event", status=1)


@pytest.mark.parametrize("name", DEFAULT)
def test_every_worker_tells_its_figures_and_that_each_of_its_stages_is_ready(stack: Stack, name: str):
    stack.until_ready(name)
    assert f'rondo_partitions{{stage="{name}",state="open"}} 4.0' in httpx.get(stack.of_worker(name, "metrics")).text
    ready = httpx.get(stack.of_worker(name, "ready")).json()
    assert {stage: ready.get(stage) for stage in DEFAULT[name]} == dict.fromkeys(DEFAULT[name], True)
