"""Entity tags as clients write and compare them (RFC 9110, sections 8.8.3 and 13.1)."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http.preconditions import Conditions, Current, Tags
from api.http.problems import Problem

TAG = st.builds(
    '{}"{}"'.format,
    st.sampled_from(["", "W/"]),
    st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters='"\x7f'), max_size=8).filter(
        lambda text: not any(0x7F <= ord(character) < 0xA0 for character in text)
    ),
)


def check(match: str | None, none_match: str | None, current: Current) -> int | str | None:
    """What the preconditions allow of something."""
    read = [None if text is None else Tags.of([text]) for text in (match, none_match)]
    try:
        return Conditions(*read).check(current)
    except Problem as problem:
        return problem.kind.name


@given(st.lists(TAG), st.sampled_from([",", ", ", " ,\t", ",,"]))
def test_a_list_of_tags_is_read_whatever_stands_between_them(tags: list[str], between: str):
    read = Tags.of([between.join(tags)])
    assert read
    assert read.tags == frozenset(tags)


@given(st.lists(TAG, min_size=1), TAG)
def test_strong_tags_match_themselves_and_weak_ones_only_where_it_says_so(tags: list[str], tag: str):
    read = Tags.of(tags)
    assert read
    assert read.holds([tag]) == (tag in tags and not tag.startswith("W/"))
    assert read.excludes([tag]) == (tag.removeprefix("W/") in {each.removeprefix("W/") for each in tags})


@pytest.mark.parametrize(
    "text", ["", "3", "'3'", '"3', '3"', '"3" "4"', '"3"x', '*, "3"', '"a\x7fb"', "**", ",", 'w/"3"']
)
def test_what_is_no_list_of_tags_matches_nothing(text: str):
    assert check(text, None, Current(('"3"',), 3)) == "version"
    assert check(None, text, Current(('"3"',), 3)) is None


@pytest.mark.parametrize(
    ("match", "none_match", "allowed"),
    [
        ('"3"', None, 3),
        ('"2", "3"', None, 3),
        ('"2", W/"3"', None, "version"),
        ('W/"3"', None, "version"),
        ('"1", "2"', None, "version"),
        ("*", None, None),
        (None, "*", "version"),
        (None, '"2", W/"3"', "version"),
        (None, '"2"', None),
        ('"3"', '"2"', 3),
        ('"3"', '"3"', "version"),
    ],
)
def test_preconditions_hold_or_the_version_is_another(match: str | None, none_match: str | None, allowed: object):
    assert check(match, none_match, Current(('"3"',), 3)) == allowed


@pytest.mark.parametrize(
    ("match", "said"), [(None, None), ("*", None), ('"3"', 3), ('"4", "3"', ['"3"', '"4"']), ('"3.12"', ['"3.12"'])]
)
def test_a_command_is_distinguished_from_others_by_its_tags_as_it_always_was_by_one_version(
    match: str | None, said: object
):
    assert Conditions(None if match is None else Tags.of([match]), None).said == said


def test_what_has_no_version_meets_no_tag():
    assert [check(match, None, Current()) for match in ('"1"', 'W/"1"', "*")] == ["version", "version", None]


@pytest.mark.parametrize("unit", [" ,", '"a",', "W/", " ", '"', ",W/"])
def test_a_header_is_read_in_no_time_whatever_it_says(unit: str):
    began = time.process_time()
    Tags.of([unit * (64 * 1024 // len(unit)) + "x"])
    assert time.process_time() - began < 0.25
