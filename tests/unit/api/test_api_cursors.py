"""Cursors lead back to where a page ended."""

import base64
import json
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.http import cursors
from api.http.problems import Problem
from domain.query.search import Term

_TIMES = st.integers(0, 2**47).map(lambda at: datetime.fromtimestamp(at / 1000, UTC))


@given(_TIMES, st.uuids())
def test_a_cursor_leads_back_to_a_time_and_an_id(at: datetime, last: UUID) -> None:
    assert cursors.key("tasks", cursors.write("tasks", (at, str(last)))) == (at, str(last))


@given(st.integers(0, 2**63 - 1))
def test_a_cursor_leads_back_to_a_number(number: int) -> None:
    assert cursors.number("tasks", cursors.write("tasks", number)) == number


@given(st.text(max_size=40))
def test_other_text_is_refused(text: str) -> None:
    with pytest.raises(Problem, match="Send back the cursor"):
        cursors.key("tasks", text)


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


AN_ID = "6a1a3f5e-3b0f-5b7a-8a53-9f1f3f0f7c21"


@pytest.mark.parametrize("text", ["\0", "a\0\n", "\ud800", "\ud800\ud800", "a\ud800b"])
def test_what_is_no_text_in_postgres_is_in_no_cursor(text: str) -> None:
    with pytest.raises(Problem):
        cursors.name("tags", encoded(["tags", text]))
    with pytest.raises(Problem):
        cursors.ranked("lists", encoded(["lists", [text, AN_ID]]))


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00+10:00", "9999-12-31T23:59:59-00:01", "2026-11-23T09:00:00"])
def test_an_instant_that_is_not_in_the_calendar_in_utc_is_in_no_cursor(at: str) -> None:
    with pytest.raises(Problem):
        cursors.key("reminders", encoded(["reminders", [at, AN_ID]]))


@pytest.mark.parametrize("number", [-1, 2**63, 2**64, 1e18, "1"])
def test_what_is_no_bigint_is_in_no_cursor(number: object) -> None:
    with pytest.raises(Problem):
        cursors.number("history", encoded(["history", number]))


def test_a_number_is_no_time_and_id() -> None:
    with pytest.raises(Problem):
        cursors.key("tasks", cursors.write("tasks", 7))


def test_the_cursor_of_one_list_is_none_of_another_in_the_same_order() -> None:
    position = (datetime(2026, 11, 23, tzinfo=UTC), "6a1a3f5e-3b0f-5b7a-8a53-9f1f3f0f7c21")
    with pytest.raises(Problem):
        cursors.key("tasks", cursors.write("reminders", position))


def test_the_end_of_a_list_has_no_cursor() -> None:
    assert cursors.write("tasks", None) is None
    assert cursors.key("tasks", None) is None


_TERMS = st.none() | st.lists(st.builds(Term, st.lists(st.text()).map(tuple), st.booleans())).map(tuple)
_POSITIONS = st.lists(st.none() | st.text()).map(tuple)


@given(st.integers(0, 2**46), _POSITIONS, _TERMS)
def test_a_cursor_leads_back_to_a_place_among_what_was_asked_for(
    now: int, position: tuple[str | None, ...], terms: tuple[Term, ...] | None
) -> None:
    cursor = cursors.write("tasks", ("asked", now, position, terms))
    assert cursors.place("tasks", "asked", cursor) == (now, position, terms)


def test_the_cursor_of_one_filter_is_none_of_another() -> None:
    with pytest.raises(Problem) as refused:
        cursors.place("tasks", "another", cursors.write("tasks", ("asked", 0, ("a", "b"), None)))
    assert "another filter" in refused.value.errors[0].detail
