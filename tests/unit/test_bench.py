"""What the bench measures with: its commands, their fold, its serde."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.task_commands import Complete, Create, Json, Task, Update, digest, fold, row
from bench.workload import Plan, Workload, seeded, warming
from schemas import records as r
from schemas.codec import Undecodable

PLAN = Plan(seed=1, size=20_000, warm=1000)
TASK = Task("t", "u", "Water the plants", 2, False, 1, "c")


def test_the_commands_are_mixed_as_they_are_said_to_be():
    kinds = Counter(type(command) for command in seeded(PLAN).commands)
    shares = [kinds[kind] / PLAN.size for kind in (Create, Update, Complete)]
    assert shares == pytest.approx([0.60, 0.25, 0.15], abs=0.01)


def test_the_same_seed_makes_the_same_commands_and_another_one_others():
    again = Workload(seeded(Plan(1, 100, 0)).commands)
    seeded.cache_clear()
    assert seeded(Plan(1, 100, 0)) == again != seeded(Plan(2, 100, 0))


@given(st.integers(0, 1000), st.integers(0, 300))
def test_what_is_changed_is_a_task_of_the_same_user_that_is_not_completed(seed: int, size: int):
    owner: dict[str, str] = {}
    for command in seeded(Plan(seed, size, 0)).commands:
        if isinstance(command, Create):
            owner[command.task] = command.user
        else:
            assert owner[command.task] == command.user
        if isinstance(command, Complete):
            del owner[command.task]


def test_the_warm_up_changes_no_task_of_the_commands_that_are_measured():
    assert fold(warming(PLAN).commands).keys().isdisjoint(fold(seeded(PLAN).commands))


def test_the_last_commands_stand_in_the_last_table():
    tasks = fold(seeded(PLAN).commands)
    assert {id_: tasks[id_].command for id_ in seeded(PLAN).last} == seeded(PLAN).last


def test_a_digest_goes_by_what_rows_hold_not_by_their_order():
    rows = [row(task) for task in fold(seeded(PLAN).commands).values()]
    assert digest(rows) == digest(rows[::-1]) != digest(rows[1:])


@pytest.mark.parametrize("record", [TASK, seeded(PLAN).commands[0], r.Position({"commands": 7})])
def test_a_record_is_read_as_it_was_written(record):
    assert Json().decode(Json().encode("any", record)) == record


@pytest.mark.parametrize("data", [None, b"", b"{", b'{"type":"other"}', b"[]", b'["Other", {}]'])
def test_what_is_no_record_is_refused(data: bytes | None):
    with pytest.raises(Undecodable):
        Json().decode(data)
