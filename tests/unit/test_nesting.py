"""The depth of JSON is known before it is parsed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.nesting import depth

JSON = st.recursive(
    st.none() | st.integers() | st.text(st.sampled_from('[]{}"\\é\n')),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(st.sampled_from('[{"\\')), below, max_size=3),
)


def deep(value: Any) -> int:
    if not isinstance(value, list | dict):
        return 0
    return 1 + max(map(deep, value.values() if isinstance(value, dict) else value), default=0)


@given(JSON, st.booleans())
def test_the_depth_of_json_is_that_of_its_value(value: Any, escaped: bool):
    assert depth(json.dumps(value, ensure_ascii=escaped)) == deep(value)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[" * 100_000 + "]" * 100_000])
def test_what_is_nested_as_deep_as_it_is_long_is_measured_without_recursion(text: str):
    assert depth(text) == 100_000


@given(st.text(st.sampled_from('[]{}",:1\\ ')))
def test_a_parser_gets_no_deeper_than_that_in_what_is_no_json(text: str):
    parsed = 0
    for end in range(len(text) + 1):
        try:
            parsed = max(parsed, deep(json.JSONDecoder().raw_decode(text[:end].lstrip(" "))[0]))
        except ValueError:
            continue
    assert parsed <= depth(text)
