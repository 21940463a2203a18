"""Sorts as they are written, and their errors."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.query import QueryError, sort
from postgres import ordering
from tests.unit.domain.filtering import HOSTILE, SORTED, sorts

AN_ID = "0b1c6c53-0000-4000-8000-000000000000"


@given(sorts)
def test_the_printed_form_reads_as_the_same_sort(given_sort):
    assert sort(str(given_sort)) == given_sort


def test_a_sort_may_be_written_with_spaces_and_in_capitals():
    assert str(sort(" Due , -PRIORITY,title ")) == "due,-priority,title"


@pytest.mark.parametrize(
    ("text", "column", "suggestion"),
    [
        ("due,prioirty", 5, "priority"),
        ("due, -titel", 7, "title"),
        ("deadline", 1, "due"),
        ("updated", 1, "changed"),
        ("due,xyz", 5, None),
        ("", 1, None),
        ("due,", 5, None),
        ("--due", 2, "due"),
    ],
)
def test_an_error_says_where_and_what_was_meant(text, column, suggestion):
    with pytest.raises(QueryError) as found:
        sort(text)
    assert (found.value.field, found.value.column, found.value.suggestion) == ("sort", column, suggestion)
    assert found.value.expected == (() if suggestion else SORTED)


def test_what_is_not_known_is_shown_as_what_is_put_in_its_place():
    with pytest.raises(QueryError, match="Column 6: There is nothing to sort by called `prio`"):
        sort("due,-prio")


def test_a_key_stands_once():
    with pytest.raises(QueryError, match="Column 11: `due` is there already"):
        sort("due,title,-due")


def test_what_is_not_there_is_last_either_way_and_the_id_settles_ties():
    assert ordering.order_by(sort("due")) == "tasks.due_local asc nulls last, tasks.id asc"
    assert (
        ordering.order_by(sort("title,-due"))
        == "tasks.title_folded asc, tasks.due_local desc nulls last, tasks.id desc"
    )


def test_a_page_goes_on_behind_its_position():
    [sql] = ordering.after(sort("priority,due"), ["3", "2026-11-24 09:00:00", AN_ID], first=4)
    assert sql.text == (
        "(tasks.urgency >= $4::smallint and (tasks.urgency > $4::smallint"
        " or tasks.urgency = $4::smallint and"
        " (tasks.due_local > $5::timestamp or tasks.due_local is null"
        " or tasks.due_local = $5::timestamp and (tasks.id > $6::uuid))))"
    )
    assert list(map(str, sql.values)) == ["3", "2026-11-24 09:00:00", AN_ID]


def test_a_page_by_what_may_be_missing_begins_in_the_index_and_goes_on_with_what_has_none():
    with_due, without = ordering.after(sort("-due"), ["2026-11-24 09:00:00", AN_ID], first=4)
    assert with_due.text == (
        "(tasks.due_local <= $4::timestamp and (tasks.due_local < $4::timestamp"
        " or tasks.due_local = $4::timestamp and (tasks.id < $5::uuid)))"
    )
    assert list(map(str, with_due.values)) == ["2026-11-24 09:00:00", AN_ID]
    assert (without.text, without.values) == ("(tasks.due_local is null)", ())


def test_behind_what_is_not_there_is_only_what_is_not_there_either():
    [sql] = ordering.after(sort("due"), [None, AN_ID])
    assert sql.text == "((tasks.due_local is null and (tasks.id > $1::uuid)))"


@given(st.sampled_from(HOSTILE))
def test_a_value_never_reaches_the_text(value):
    [sql], [other] = (ordering.after(sort("title"), [title, AN_ID]) for title in (value, "milk"))
    assert sql.text == other.text
    assert sql.values[0] == value


@pytest.mark.parametrize(
    ("written", "position"),
    [
        ("due", [AN_ID]),
        ("due", [None, None]),
        ("due", [None, "1"]),
        ("due", ["tomorrow", AN_ID]),
        ("due", ["2026-11-24T09:00:00Z", AN_ID]),
        ("created", [None, AN_ID]),
        ("created", ["2026-11-24T09:00:00", AN_ID]),
        ("priority", ["high", AN_ID]),
        ("pinned", ["yes", AN_ID]),
        ("title", ["a\0", AN_ID]),
        ("title", ["\ud800", AN_ID]),
        ("title", ["a", AN_ID, AN_ID]),
    ],
)
def test_what_is_no_position_of_a_sort_is_refused(written, position):
    with pytest.raises(ValueError, match=r".+"):
        ordering.after(sort(written), position)


@given(sorts)
def test_a_term_of_order_by_is_one_for_each_key_and_the_id(given_sort):
    assert len(re.findall(r" asc| desc", ordering.order_by(given_sort))) == len(given_sort.keys) + 1
