"""Comparing: what is the same, and what is named where it is not."""

from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.replay.difference import Difference, compare_states, compare_values, describe_key
from streams.runtime.rocksdb import StateStore

KEYS = st.sampled_from([f"table\x00{name}".encode() for name in "abcdefgh"])
STATES = st.dictionaries(KEYS, st.sampled_from([b"1", b"2"]))


@given(stands=STATES, replayed=STATES, without=st.sets(KEYS))
@settings(max_examples=30)
def test_the_keys_that_are_named_are_those_whose_values_differ(stands, replayed, without):
    with TemporaryDirectory() as at, closing(StateStore(Path(at, "a"))) as a, closing(StateStore(Path(at, "b"))) as b:
        a.write(stands, 0, 0)
        b.write(replayed, 0, 0)
        found = list(compare_states(a, b, without))
    every = sorted((stands.keys() | replayed.keys()) - without)
    assert found == [(key, stands.get(key), replayed.get(key)) for key in every if stands.get(key) != replayed.get(key)]


@pytest.mark.parametrize(
    ("stands", "replayed", "found"),
    [
        ({"a": 1}, {"a": 1}, None),
        ({"a": 1, "b": 2}, {"a": 1, "b": 3}, ("b", "2", "3")),
        ({"a": {"b": [1]}}, {"a": {"b": [2]}}, ("a.b", "[1]", "[2]")),
        ({"a": 1}, {}, ("a", "1", "nothing")),
        ("nothing", {"a": None}, (None, "nothing", "{'a': None}")),
    ],
)
def test_the_first_field_that_differs_is_named(stands, replayed, found):
    assert compare_values(stands, replayed) == found


def test_a_timers_key_is_shown_with_its_instant():
    assert describe_key(b"timers\x00" + (1_500).to_bytes(8, "big") + b"id") == "timers 1500/id"


def test_a_difference_is_reported_with_all_that_is_known():
    difference = Difference("tasks", 3, "key tasks ann/t", "it differs.", "title", "'a'", "'b'", "task-commands/3/7")
    assert difference.describe() == (
        "tasks, partition 3: key tasks ann/t: it differs. Field title: it is 'a', replay leads to 'b'. "
        "It comes from task-commands/3/7."
    )
