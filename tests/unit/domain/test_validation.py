"""What people may write into a task, and the one form that it takes."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import times
from domain.filters import FILTER
from domain.lists import LIST
from domain.validation import check, check_fields, existing_tag
from schemas.records import Due, FilterFields, ListFields, Missed, Reminder, Repeats, TaskFields
from tests.unit.domain.given import PARIS, WEEKDAYS

RELATIVE = (Reminder("r1", before=900),)


def checked(**fields):
    return check(TaskFields(**{"title": "Water", **fields}))


def taken(**fields):
    result = checked(**fields)
    assert result.problems == ()
    return result.fields


def refused(named=None, **fields):
    """The fields that are refused, in order."""
    result = check(TaskFields(**fields), named) if named else checked(**fields)
    return [problem.field for problem in result.problems]


def test_a_title_is_trimmed_and_composed():
    assert taken(title="  Gu\u0308te \n").title == "G\u00fcte"


def test_notes_keep_lines_and_tabs():
    assert taken(notes="a\r\nb\tc\rd").notes == "a\nb\tc\nd"


def test_tags_are_trimmed_unique_and_sorted():
    assert taken(tags=("home", " garden ", "home", "u\u0308", "\u00fc")).tags == ("garden", "home", "\u00fc")


def test_times_are_completed_and_rules_canonical():
    fields = taken(due=Due("2026-11-24", "09:00", "Europe/Paris"), rrule="byday=TU,MO;freq=weekly")
    assert (fields.due.time, fields.rrule) == ("09:00:00", "FREQ=WEEKLY;BYDAY=MO,TU")


@pytest.mark.parametrize(
    "title", ["", "   ", "x" * 501, "bell\x07", "nul\x00", "c1\x85c1", "two\nlines", "del\x7f", "\ud83d"]
)
def test_what_is_no_title_is_refused(title):
    assert refused(title=title) == ["title"]


@pytest.mark.parametrize(
    "title",
    [
        "x",
        "x" * 500,
        "\U0001f33b" * 500,
        "\u5c71",
        "مهمة",
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
        "\U0001f469\u200d\U0001f680",
        "\u200f!",
        "\U0001fae8",
    ],
)
def test_a_title_in_any_script_is_taken(title):
    assert taken(title=title).title == title


@pytest.mark.parametrize(
    "hidden", ["\u200b", "\ufeff", "\u200d\u2060", "\u00ad", "\u3164", "\u2800", "\ufe0f"], ids=ascii
)
def test_what_shows_nothing_is_no_title_no_tag_and_no_name(hidden):
    assert refused(title=hidden) == ["title"]
    assert refused(tags=(f" {hidden} ",)) == ["tags.0"]
    assert [problem.field for problem in check_fields(ListFields(hidden), LIST.checks).problems] == ["name"]
    assert [problem.field for problem in check_fields(FilterFields(hidden, "open"), FILTER.checks).problems] == ["name"]


@pytest.mark.parametrize("turning", ["\u202a", "\u202e", "\u2066", "\u2069", "\u2028", "\u2029"], ids=ascii)
@pytest.mark.parametrize("text", ["a{}b", "{}a", "a{}"])
def test_a_line_neither_turns_round_nor_breaks(turning, text):
    line = text.format(turning)
    assert refused(title=line, tags=(line,)) == ["tags.0", "title"]
    assert [problem.field for problem in check_fields(ListFields(line), LIST.checks).problems] == ["name"]


def test_notes_may_be_written_in_both_directions():
    assert taken(notes="\u2067\u05d0\u2069 is a letter").notes == "\u2067\u05d0\u2069 is a letter"


@pytest.mark.parametrize("name", ["\u200b", "a\u202eb"], ids=ascii)
def test_a_tag_of_earlier_times_still_has_a_name(name):
    assert existing_tag("name", name) == name


@pytest.mark.parametrize("notes", ["x" * 16_385, "nul\x00", "esc\x1b[0m", "\udc00"])
def test_what_are_no_notes_is_refused(notes):
    assert refused(notes=notes) == ["notes"]


@pytest.mark.parametrize("tags", [("",), (" ",), ("x" * 65,), ("a\nb",), (".",), (" .. ",), tuple(map(str, range(51)))])
def test_what_are_no_tags_is_refused(tags):
    assert refused(tags=tags) == ["tags" if len(tags) > 50 else "tags.0"]


def test_a_tag_at_fault_is_named_by_its_place():
    assert refused(tags=("work", "home", "x" * 65)) == ["tags.2"]


def test_a_title_is_measured_in_its_composed_form():
    assert taken(title="u\u0308" * 500).title == "\u00fc" * 500
    assert refused(title="u\u0308" * 501) == ["title"]


def test_a_text_that_is_far_too_long_is_not_composed():
    begin = process_time()
    assert refused(title="a" + "\u0316\u0301" * 60_000) == ["title"]
    assert process_time() - begin < 0.1


def test_notes_of_combining_marks_alone_are_refused_before_they_are_composed():
    began = process_time()
    assert refused(notes="\u0301\u0316" * 8000) == ["notes"]
    assert process_time() - began < 0.1


def test_a_letter_may_have_many_combining_marks():
    assert taken(notes=("e" + "\u0316\u0301" * 50) * 100).notes == ("\u00e9" + "\u0316" * 50 + "\u0301" * 49) * 100


def test_reminders_that_say_the_same_are_one():
    assert taken(due=PARIS, reminders=RELATIVE * 30).reminders == RELATIVE


@pytest.mark.parametrize(
    ("reminders", "field"),
    [
        ((Reminder("r1"),), "reminders.0"),
        ((Reminder("r1", before=1, at=1),), "reminders.0"),
        ((Reminder("r1", before=-1),), "reminders.0.before"),
        ((*RELATIVE, *RELATIVE, Reminder("r2", before=366 * 86_400 + 1)), "reminders.2.before"),
        ((Reminder("r1", at=-1),), "reminders.0.at"),
        ((Reminder("r1", at=times.END),), "reminders.0.at"),
        ((Reminder("r1", before=1), Reminder("r1", before=2)), "reminders"),
        (tuple(Reminder(f"r{n}", before=n) for n in range(21)), "reminders"),
    ],
)
def test_what_are_no_reminders_is_refused(reminders, field):
    assert refused(due=PARIS, reminders=reminders) == [field]


def test_a_reminder_before_the_due_needs_a_due():
    assert refused(reminders=RELATIVE) == ["reminders"]


@pytest.mark.parametrize("due", [Due("2026-11-24"), Due("2026-11-24", "09:00")])
def test_a_reminder_is_before_a_day_or_a_floating_time_too(due):
    assert refused(due=due, reminders=RELATIVE) == []


def test_a_rule_needs_a_due():
    assert refused(rrule=WEEKDAYS) == ["due"]


def test_a_rule_that_never_matches_is_refused():
    assert refused(due=PARIS, rrule="FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30") == ["recurrence"]


def test_what_only_a_rule_has_is_refused_without_one():
    assert refused(due=PARIS, repeats=Repeats.COMPLETION) == ["repeats"]
    assert refused(due=PARIS, missed=Missed.EACH) == ["missed"]
    assert refused(due=PARIS, rrule=WEEKDAYS, repeats=Repeats.COMPLETION, missed=Missed.EACH) == []


def test_every_problem_is_reported():
    wrong = {
        "title": "",
        "notes": "\x00",
        "tags": ("",),
        "due": Due("10000-01-01"),
        "rrule": "x",
        "reminders": (Reminder("r"),),
    }
    assert refused(**wrong) == ["due.date", "notes", "recurrence", "reminders.0", "tags.0", "title"]


def test_in_a_change_only_the_named_fields_are_checked():
    assert refused(named=("notes",), notes="New") == []


def test_in_a_change_a_rule_alone_is_checked_for_itself():
    assert refused(named=("rrule",), rrule=WEEKDAYS) == []


def test_in_a_change_that_clears_the_due_the_rule_is_left_to_the_decision():
    assert refused(named=("due",), due=None) == []


def test_in_a_change_a_rule_is_checked_against_the_due_beside_it():
    assert refused(named=("due", "rrule"), due=Due("2026-11-24"), rrule="FREQ=DAILY;BYHOUR=9") == ["recurrence"]


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=40))
def test_printable_ascii_is_a_title_as_it_is_unless_it_is_blank(text):
    if title := text.strip():
        assert taken(title=text).title == title
    else:
        assert refused(title=text) == ["title"]


@given(st.text(st.characters(), max_size=80), st.text(st.characters()), st.lists(st.text(st.characters(), max_size=8)))
def test_what_is_taken_once_is_taken_again_unchanged(title, notes, tags):
    first = check(TaskFields(title=title, notes=notes, tags=tuple(tags)))
    if not first.problems:
        assert check(first.fields) == first
