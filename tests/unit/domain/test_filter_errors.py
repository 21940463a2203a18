"""What an error of a filter says: where, and what was meant."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.query import QueryError, parse
from domain.query.bounds import MAX_BRACKETS, MAX_LENGTH, MAX_WORDS
from domain.query.idioms import idiom
from domain.query.tree import QUOTES
from tests.unit.domain.filtering import characters, filters


def error(text: str) -> QueryError:
    with pytest.raises(QueryError) as found:
        parse(text)
    return found.value


@pytest.mark.parametrize(
    ("text", "column", "suggestion"),
    [
        ("titel ~ milk", 1, "title"),
        ("open and prioirty > low", 10, "priority"),
        ("project = home", 1, "list"),
        ("overdeu", 1, "overdue"),
        ("done", 1, "completed"),
        ("milk", 1, '"milk"'),
        ("due", 1, "has due"),
        ("priority >= hihg", 13, "high"),
        ("status = done", 10, "completed"),
        ("due < tomorow", 7, "tomorrow"),
        ("due < tomorow+2d", 7, "tomorrow+2d"),
        ("due < today+2h", 7, "now+2h"),
        ("due < today + 7d", 7, "today+7d"),
        ("due < in 3 days", 7, "today+3d"),
        ("due < in two days and open", 7, "today+2d"),
        ("(open and due < 2 weeks)", 17, "today+2w"),
        ("created > 2 days ago", 11, "today-2d"),
        ("due = day after tomorrow", 7, "today+2d"),
        ("due in 3 days", 1, "due = today+3d"),
        ("due < next week", 7, "monday"),
        ("due < 3d", 7, "today+3d"),
        ("due < today+2weeks", 7, "today+2w"),
        ("due > now-90minutes", 7, "now-90min"),
        ("due = yday", 7, "yesterday"),
        ("due = 2026-12-01 09:00", 7, "2026-12-01T09:00"),
        ("due < today pinned", 13, "and pinned"),
        ("due < now/d+7d", 7, "today+7d"),
        ("due < now+7d/d", 7, "today+7d"),
        ("due = NOW/D", 7, "today"),
        ("overdue adn pinned", 9, "and"),
        ("#home #work", 7, "and #work"),
        ("#home not #work", 7, "and not"),
        ("overdue pinned", 9, "and pinned"),
        ("due before today", 5, "<"),
        ("title contains milk", 7, "~"),
        ("title ~ and", 9, '"and"'),
        ("no deu", 4, "due"),
        ("today", 1, "due = today"),
        ("overdue | friday", 11, "due = friday"),
        ("2026-12-01", 1, "due = 2026-12-01"),
        ("+7d", 1, "due = +7d"),
        ("due today", 1, "due = today"),
        ("created yesterday", 1, "created = yesterday"),
        ("7 days", 1, "due <= today+7d"),
        ("no date", 4, "due"),
        ("no due date", 4, "due"),
        ("due before: friday", 5, "<"),
        ("is overdue", 1, "overdue"),
        ("subtask", 1, "has parent"),
        ("!subtask", 2, "has parent"),
        ("p1", 1, "priority = urgent"),
        ("p4 & #home", 1, "no priority"),
        ("urgent", 1, "priority = urgent"),
        ("@home", 1, "#home"),
        ("open and +home", 10, "#home"),
        ("-home", 1, "not #home"),
        ("tag:home", 1, "#home"),
        ("labels:in", 1, '#"in"'),
        ("project:Work", 1, "list = Work"),
        ("due:today", 1, "due = today"),
        ("due.before:2026-12-01", 1, "due < 2026-12-01"),
        ("duedate.by:+1w", 1, "due <= +1w"),
        ("due:", 1, "no due"),
        ("priority:H", 1, "priority = high"),
        ("status:pending", 1, "status = open"),
        ("status:completed", 1, "status = completed"),
        ("is:open", 1, "open"),
        ("has:notes", 1, "has notes"),
        ("description:milk", 1, "notes ~ milk"),
        ("search: milk", 1, '"milk"'),
        ("dueDate < now", 1, "due"),
    ],
)
def test_an_error_suggests_what_was_meant(text, column, suggestion):
    found = error(text)
    assert (found.column, found.suggestion) == (column, suggestion)
    assert found.detail.startswith(f"Column {column}: ")
    assert found.detail.endswith(f" Did you mean `{suggestion}`?")


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("", 1, ("a condition such as `overdue`, `#home`, `due < today+7d`",)),
        ("  ", 3, ("a condition such as `overdue`, `#home`, `due < today+7d`",)),
        ("open and", 9, ("a condition such as `overdue`, `#home`, `due < today+7d`",)),
        ("due <", 6, ("a value",)),
        ("tags in ()", 10, ("a value",)),
        ("no", 3, ("a field",)),
        ("tags in (a", 11, ("`,`", "`)`")),
        ("(open", 6, ("`)`",)),
        ("open )", 6, ()),
        ("due in today", 8, ("`(`",)),
        ("tags not", 9, ("`in`",)),
        ("due ! today", 7, ("`in`",)),
        ("title ~ buy milk", 13, ("`and`", "`or`", "the end")),
        ("title ~ due pinned", 13, ("`and`", "`or`", "the end")),
        ("priority = high = low", 17, ("`and`", "`or`", "the end")),
        ("tags ~ home", 6, ("=", "!=", "in")),
        ("due ~ today", 5, ("=", "!=", "<", "<=", ">", ">=", "in")),
        ("priority = 1", 12, ("none", "low", "medium", "high", "urgent")),
    ],
)
def test_an_error_says_what_was_expected(text, column, expected):
    found = error(text)
    assert (found.column, found.expected) == (column, expected)


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("pinned = yes", 1, "`pinned` takes no comparison; write `pinned` or `not pinned`."),
        ("no pinned", 4, "`pinned` is used without `has` and `no`; write `pinned` or `not pinned`."),
        ("has title", 5, "Every task has `title`."),
        ("open )", 6, "This bracket was not opened."),
        ('title ~ "milk', 9, "This quote is not closed."),
        ("title ~ “buy milk", 9, "This quote is not closed."),
        ("title ~ «\u00a0»", 9, "There is nothing between the quotes; write what to look for."),
        ("title ~ “”", 9, "There is nothing between the quotes; write what to look for."),
        ("title ~ milk\\", 13, "A backslash is allowed only in quotes."),
        ("# home", 1, "The name of a tag follows # at once."),
        ("list = 'Deep work'", 8, "Put text in double quotes."),
        ('title ~ "a\\d"', 9, 'After a backslash write ", \\, n, t or r; write \\\\ for a backslash.'),
        ('title ~ ""', 9, "There is nothing between the quotes; write what to look for."),
        ("parent = 12", 10, "`12` is no id; write the task's UUID."),
        ("due < 2026-02-30", 7, "`2026-02-30` is not in the calendar or not on the clock."),
        ("due < 2026-02-03T24:00", 7, "`2026-02-03T24:00` is not in the calendar or not on the clock."),
        ("due < 1969-12-31", 7, "Write a date of the years 1970 to 9998."),
        ("due < today+10000d", 7, "A date is moved by at most 9999 days, weeks, months or years."),
        ("open\0", 5, "The character U+0000 is not text; leave it out."),
        ('title ~ "\ud800"', 10, "The character U+D800 is not text; leave it out."),
    ],
)
def test_an_error_says_what_to_do(text, column, message):
    found = error(text)
    assert (found.column, found.message) == (column, message)


@given(
    st.sampled_from(('"', *QUOTES)),
    st.sampled_from(("", "title ~ ", "notes = ", "#", "open and #", "tag in (", "list in (a, ", "not ", "due < ")),
    st.sampled_from(("a", "a b", "a)", "90s", "a and open")),
)
def test_a_quote_that_is_not_closed_is_refused_whichever_it_is(quote, before, behind):
    found = error(f"{before}{quote}{behind}")
    assert (found.column, found.message) == (len(before) + 1, "This quote is not closed.")


def test_an_error_is_one_of_the_filter_in_one_sentence_after_the_other():
    found = error("due < tomorow")
    assert found.field == "filter"
    assert found.detail == (
        "Column 7: `tomorow` is no date. Expected a day as 2026-12-01, a time as 2026-12-01T09:00, today, a weekday, "
        "today+7d or now-2h. Did you mean `tomorrow`?"
    )


def test_a_filter_that_is_too_long_is_refused():
    parse('"' + "a" * (MAX_LENGTH - 2) + '"')
    assert error('"' + "a" * (MAX_LENGTH - 1) + '"').column == MAX_LENGTH + 1


def test_a_filter_with_too_many_values_is_refused_at_the_first_too_many():
    parse(f"tags in ({','.join('a' * (MAX_WORDS - 1))})")
    found = error(f"tags in ({','.join('a' * MAX_WORDS)})")
    assert found.column == len("tags in (") + 2 * MAX_WORDS - 1
    assert "at most 250 names and values" in found.message


def test_a_filter_that_nests_too_deeply_is_refused_at_the_bracket():
    parse("(" * MAX_BRACKETS + "open" + ")" * MAX_BRACKETS)
    found = error("(" * (MAX_BRACKETS + 1) + "open" + ")" * (MAX_BRACKETS + 1))
    assert found.column == MAX_BRACKETS + 1
    assert found.message == "At most 30 brackets are open at once; leave some out."


def test_a_long_row_of_negations_is_one_or_none():
    assert str(parse("!" * 1001 + "open")) == "not open"
    assert str(parse("not " * 400 + "open")) == "open"


def test_the_deepest_filter_is_printed_and_read_again():
    deepest = "open and not (#a or not (" * (MAX_BRACKETS // 2) + "open or #b" + "))" * (MAX_BRACKETS // 2)
    assert str(parse(deepest)) == deepest


def place_of_error(text: str) -> int | None:
    """The column of what can't be read, None for a filter."""
    try:
        parse(text)
    except QueryError as found:
        return found.column
    return None


@pytest.mark.parametrize(
    "written",
    [
        *("now/w+1w", "now/w", "now/M", "now+1M/M", "today/2", "friday/2w", "now*2"),
        *("next friday", "last friday", "this week", "tomorrow 5pm", "may", "dec 1", "monday+9h", "in 30m", "someday"),
    ],
)
def test_a_date_of_another_meaning_is_not_suggested(written):
    assert error(f"due < {written}").suggestion is None


bases = st.sampled_from(("now", "nwo", "today", "tody", "tomorow", "fridya", "week", "2026-12-01", ""))
behind = st.sampled_from(("", "/w", "/d", "/M", "+1w", "-2d", "+1month", "*2", ".5", "+", "2"))


@given(st.tuples(bases, behind, behind).map("".join))
def test_a_suggested_date_can_be_read_and_leaves_no_sign_out(written):
    try:
        parse(f"due < {written}")
    except QueryError as found:
        if found.suggestion and found.column == len("due < ") + 1:
            parse(f"due < {found.suggestion}")
            signs = [re.sub("[a-z]", "", text) for text in (written.replace("/d", ""), found.suggestion)]
            assert signs[0] == signs[1]


pieces = st.sampled_from((*'()#"\\~<=!&|, \n', "in", "not", "no", "due", "today"))


@given(st.text(max_size=40) | st.lists(pieces, max_size=12).map(" ".join))
def test_any_text_is_a_filter_or_an_error_with_a_place_in_it(text):
    assert place_of_error(text) in {None, *range(1, len(text) + 2)}


elsewhere = st.tuples(
    st.sampled_from(
        ("", "@", "+", "-", "tag:", "due:", "due.by:", "title:", "list.not:", "priority:", "is:", "no:", "is ")
    ),
    st.sampled_from(("", "home", "in", "today", "h", "pending", "due", "a:b", "€", "7 days", "now", "x.y"))
    | st.text(characters, max_size=3),
).map("".join)


@given(elsewhere)
def test_what_an_idiom_is_said_to_mean_is_a_filter(written):
    if suggestion := idiom(written):
        parse(suggestion)


@given(filters, st.data())
def test_a_filter_that_is_cut_off_is_a_filter_or_an_error_with_a_place_in_it(filter_, data):
    text = str(filter_)[: data.draw(st.integers(0, len(str(filter_))))]
    assert place_of_error(text) in {None, *range(1, len(text) + 2)}
