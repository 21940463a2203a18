"""What docs/filters.md shows is read as it says."""

import re
from pathlib import Path

import pytest

from domain.query import QueryError, parse, sort
from domain.query.bounds import MAX_BRACKETS, MAX_LENGTH, MAX_WORDS
from domain.query.fields import FIELDS, HELD, SHORTHANDS
from domain.query.tree import KEYWORDS
from tests.unit.domain.filtering import SORTED

PAGE = (Path(__file__).parents[3] / "docs/filters.md").read_text()
CODE = re.findall(r"`([^`\n]+)`", PAGE)


def lines(language: str) -> list[str]:
    """The lines of the code blocks of a language."""
    blocks = re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


@pytest.mark.parametrize("text", lines("filter"))
def test_a_filter_of_the_page_is_read(text):
    assert parse(str(parse(text))) == parse(text)


@pytest.mark.parametrize("text", lines("sort"))
def test_a_sort_of_the_page_is_read(text):
    assert str(sort(text)) == text


@pytest.mark.parametrize(("text", "detail"), [*zip(lines("errors")[::2], lines("errors")[1::2], strict=True)])
def test_an_error_of_the_page_is_what_is_said(text, detail):
    with pytest.raises(QueryError) as found:
        parse(text)
    assert found.value.detail == detail


@pytest.mark.parametrize("text", [code for code in CODE if re.match(r"(not )?due .?= |(not )?due [<>] ", code)])
def test_a_condition_in_the_text_is_read(text):
    parse(text)


def idioms() -> list[tuple[str, str]]:
    """What the page's table says that other programs write, and what that is here."""
    table = PAGE.partition("| Todoist, Vikunja, Taskwarrior | here |")[2].partition("\n\n")[0]
    rows = [[re.findall("`([^`]+)`", cell) for cell in row.strip("|").split("|")] for row in table.splitlines()[2:]]
    return [pair for elsewhere, here in rows for pair in zip(elsewhere, here, strict=True)]


@pytest.mark.parametrize(("elsewhere", "here"), idioms())
def test_what_is_written_elsewhere_is_reported_as_it_is_written_here(elsewhere, here):
    with pytest.raises(QueryError) as found:
        parse(elsewhere)
    corrected = elsewhere[: found.value.column - 1] + found.value.suggestion
    assert parse(corrected) == parse(here)


@pytest.mark.parametrize("name", sorted({*FIELDS, *SHORTHANDS, *HELD, *KEYWORDS, *SORTED, "monday", "sunday"}))
def test_every_word_is_on_the_page(name):
    assert re.search(rf"`[^`\n]*\b{name}\b[^`\n]*`", PAGE)


@pytest.mark.parametrize(
    "limit", [f"{MAX_LENGTH:,} characters", f"{MAX_WORDS} names and values", f"{MAX_BRACKETS} open"]
)
def test_the_limits_are_those_of_the_page(limit):
    assert limit in PAGE
