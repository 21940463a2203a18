"""The SQL of a filter: what is in its text, and what is not."""

import re
from dataclasses import replace

import pytest
from hypothesis import given

from domain.folding import fold
from domain.query import Clock, Filter, parse
from domain.query.dates import Day, Op, Relative
from domain.query.tree import INBOX, And, Linked, Listed, Not, Or, Priorities, Tagged, Text, When
from postgres.conditions import where
from schemas.records import Priority
from tests.unit.domain.filtering import IDS, NOON, clocks, filters, texts

NOW = Clock(NOON, "Europe/Paris")


OTHER = {
    Text: {"words": "other"},
    Tagged: {"names": ("other",)},
    Listed: {"names": ("other",)},
    Linked: {"ids": (IDS[0],)},
    Priorities: {"priority": Priority.HIGH},
    When: {"date": Relative("now")},
}


def with_other_values(filter_: Filter) -> Filter:
    """A filter of the same shape, in which each value is another, always the same one."""
    match filter_:
        case And(terms) | Or(terms):
            return replace(filter_, terms=tuple(map(with_other_values, terms)))
        case Not(term):
            return Not(with_other_values(term))
        case Listed(names) if INBOX in map(fold, names):
            return Listed((INBOX,))  # a word of the language, and a name
        case _:
            return replace(filter_, **OTHER.get(type(filter_), {}))


@given(filters, clocks)
def test_what_a_filter_says_never_reaches_the_text(filter_, clock):
    assert where(filter_, clock).text == where(with_other_values(filter_), NOW).text


@given(filters, clocks)
def test_the_text_names_each_value_and_no_other(filter_, clock):
    sql = where(filter_, clock, first=3)
    named = {int(number) for number in re.findall(r"\$(\d+)::", sql.text)}
    assert named == set(range(3, 3 + len(sql.values)))


@given(texts)
def test_hostile_text_survives_as_a_value(text):
    assert where(Text("title", text, whole=True), NOW).values == (fold(text),)
    assert where(Tagged((text,)), NOW).values == ([fold(text)],)
    assert where(Listed((text,)), NOW).values[1] == [fold(text)]


def test_wild_characters_are_looked_for_as_themselves():
    assert where(parse('title ~ "50%_\\\\"'), NOW).values == ("%50\\%\\_\\\\%",)


@pytest.mark.parametrize(
    ("text", "sql"),
    [
        ("open", "(tasks.status = 'OPEN')"),
        ("not pinned", "((tasks.pinned) is not true)"),
        (
            "open and (pinned or no due)",
            "((tasks.status = 'OPEN') and ((tasks.pinned) or ((tasks.due_local is not null) is not true)))",
        ),
        ("priority >= high", "(tasks.urgency >= $1::smallint)"),
        ("created < today", "(tasks.created_at < $1::timestamptz)"),
    ],
)
def test_a_filter_is_such_a_condition(text, sql):
    assert where(parse(text), NOW).text == sql


def test_a_day_is_compared_as_it_reads_and_by_its_instant():
    sql = where(When("due", Op.BEFORE, Day(NOW.today)), NOW)
    assert sql.text == (
        "(tasks.due_local < $1::timestamp and"
        " case when tasks.due_at is null then tasks.due_local < $2::timestamp else tasks.due_at < $3::timestamptz end)"
    )
    assert list(map(str, sql.values)) == ["2026-11-26 00:00:00", "2026-11-24 00:00:00", "2026-11-23 23:00:00+00:00"]
