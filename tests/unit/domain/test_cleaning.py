"""What people paste is cleaned of what they do not see."""

import unicodedata
from collections.abc import Iterator
from time import process_time
from typing import get_type_hints

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain import cleaning
from domain.cleaning import cleaned
from domain.filters import FILTER
from domain.lists import LIST
from domain.tags import TAG
from domain.validation import check, check_fields
from schemas.records import FilterFields, ListFields, TagFields, TaskFields

UNSEEN = "\ufeff\u2068\u2069\u202a\u202e\u00ad\u2060\u200b\ufffc"
BREAKS = ("\n", "\r\n", "\r", "\t", "\v", "\f", "\x85", "\u2028", "\u2029", " \n\t ")
ELSEWHERE = {"parent", "list", "rank"}
"""Ids and places, which nobody pastes as text."""


def texts(kind: type) -> set[str]:
    return {name for name, hint in get_type_hints(kind).items() if "str" in str(hint)} - ELSEWHERE


def test_every_text_that_people_set_is_cleaned_by_its_kind():
    known = set().union(*(texts(kind) for kind in (TaskFields, ListFields, FilterFields, TagFields)))
    assert known == cleaning._KINDS.keys()


def lines_of(text: str) -> Iterator[str]:
    """Every text of one line, set to ``text`` and cleaned."""
    task = cleaned(TaskFields(title=text, tags=(text,)))
    found = check(task, ("title", "tags"))
    named = check_fields(cleaned(ListFields(name=text)), LIST.checks)
    filter_ = check_fields(cleaned(FilterFields(name=text, text="open")), FILTER.checks)
    assert (found.problems, named.problems, filter_.problems) == ((), (), ())
    yield from (found.fields.title, *found.fields.tags, named.fields.name, filter_.fields.name)


@pytest.mark.parametrize("unseen", UNSEEN, ids=ascii)
@pytest.mark.parametrize("text", ["{}Buy milk", "Buy {}milk", "Buy mi{}lk", "Buy milk{}", "\t{}Buy milk{}\n"])
def test_what_shows_nothing_is_taken_from_a_line(unseen: str, text: str):
    assert set(lines_of(text.replace("{}", unseen))) == {"Buy milk"}


@pytest.mark.parametrize("end", BREAKS, ids=ascii)
@pytest.mark.parametrize("text", ["Buy{}milk", "{}Buy milk{}", "Buy {} milk", "\ufeffBuy{}\u2068milk\u2069{}"])
def test_a_line_break_and_a_tab_are_a_space_in_a_line(end: str, text: str):
    assert set(lines_of(text.replace("{}", end))) == {"Buy milk"}


@pytest.mark.parametrize(
    "text",
    [
        "Buy  milk",
        "caf\u00e9",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\U0001f469\u200d\U0001f680",
        "\u200f!",
        "\u0e02\u0e49\u0e32\u0e27\u200b\u0e1c\u0e31\u0e14",
        "\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f",
        "C#",
        "5\u00a0m",
    ],
    ids=ascii,
)
def test_what_is_text_stays(text: str):
    assert set(lines_of(text)) == {text}


def test_notes_keep_their_lines_and_their_directions():
    pasted = "\ufeffa\r\nb\u2028c\x85d\te\n\n\u2067\u05d0\u2069 "
    assert cleaned(TaskFields(notes=pasted)).notes == "a\nb\nc\nd\te\n\n\u2067\u05d0\u2069 "


@pytest.mark.parametrize(
    "written",
    [
        "#errand",
        " #errand ",
        "##errand",
        "# errand",
        "\uff03errand",
        "\ufeff#errand\n",
        "# #errand",
        "#\n\uff03 errand",
    ],
)
def test_a_tag_stands_without_the_sign_that_filters_write_before_it(written: str):
    assert cleaned(TaskFields(tags=(written,))).tags == ("errand",)


def test_a_rule_and_a_colour_are_taken_with_the_spaces_around_them():
    assert cleaned(TaskFields(rrule=" FREQ=DAILY\r\n")).rrule == "FREQ=DAILY"
    assert check_fields(cleaned(TagFields(colour="\ufeff#1E90FF\n")), TAG.checks).fields.colour == "#1e90ff"
    filter_ = cleaned(FilterFields(name="Late", text="\u2068overdue\u2069\n", sort="\ufeffdue"))
    assert check_fields(filter_, FILTER.checks).fields == FilterFields(name="Late", text="overdue", sort="due")


def test_an_error_of_a_filter_that_was_pasted_counts_columns_from_what_was_pasted():
    [refused] = check_fields(
        cleaned(FilterFields(name="Late", text="\ufeff\u2068overdeu\u2069")), FILTER.checks
    ).problems
    assert refused.detail.startswith("Column 3: ")


@pytest.mark.parametrize("text", ["a\x00b", "a\x1b[2Jb", "a\x07b", "\ud83d", "", "#", "\ufeff", "\n"], ids=ascii)
def test_what_is_no_text_is_refused_all_the_same(text: str):
    assert [problem.field for problem in check(cleaned(TaskFields(tags=(text,))), ("tags",)).problems] == ["tags.0"]


@pytest.mark.parametrize("unseen", [*UNSEEN, *BREAKS[:9]], ids=ascii)
def test_who_asks_for_strictness_is_refused_what_would_be_cleaned(unseen: str):
    line = f"Buy{unseen}milk"
    refused = check(TaskFields(title=line, tags=(line, "#errand")), ("title", "tags")).problems
    assert [problem.field for problem in refused] == ["tags.0", "title"]
    assert check_fields(ListFields(name=line), LIST.checks).problems


@pytest.mark.parametrize("kept", ["\ufeff", "\u2028", "\u2029", "\u2068", "\n", "\t"], ids=ascii)
@pytest.mark.parametrize("refused", ["\v", "\f", "\x1c", "\x85", "\x00"], ids=ascii)
def test_notes_of_who_asks_for_strictness_are_kept_or_refused(kept: str, refused: str):
    notes = f"{kept}Buy{kept}milk"
    assert check(TaskFields(notes=notes), ("notes",)).fields.notes == notes
    assert check(TaskFields(notes=f"Buy\r\nmilk\rx{kept}"), ("notes",)).fields.notes == f"Buy\nmilk\nx{kept}"
    assert check(TaskFields(notes=notes + refused), ("notes",)).problems


def test_a_tag_with_its_sign_is_refused_to_who_asks_for_strictness():
    assert [problem.field for problem in check(TaskFields(tags=("a", "#b")), ("tags",)).problems] == ["tags.1"]


@given(st.text(st.characters() | st.sampled_from("# " + UNSEEN + "".join(BREAKS)), max_size=40))
@example("# #errand")
def test_what_is_cleaned_once_is_clean(text: str):
    for clean in (cleaning.line, cleaning.lines, cleaning.tag, cleaning.word, cleaning.query):
        once = clean(text)
        assert clean(once) == once


@given(st.text(st.sampled_from("Zoë" + UNSEEN + "".join(BREAKS)), max_size=20))
def test_of_what_people_paste_nothing_is_refused_that_shows_something(text: str):
    refused = check(cleaned(TaskFields(title=text)), ("title",)).problems
    assert bool(refused) is not any(unicodedata.category(character) in ("Ll", "Lu") for character in text)


@pytest.mark.parametrize("text", [" " * 260_000, " \n" * 130_000, "\ufeff" * 260_000, "a\u200b" * 130_000], ids=len)
def test_a_text_as_long_as_a_body_is_cleaned_at_once(text: str):
    begin = process_time()
    cleaning.line(text)
    cleaning.lines(text)
    assert process_time() - begin < 0.2
