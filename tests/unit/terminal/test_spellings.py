"""Spellings of days, times and reminders from other programs: what each means here, or the advice.

All stand for a Monday, 23 November 2026, at twelve, wherever that is.
"""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain import times
from domain.query import QueryError, parse
from domain.query.dates import WEEKDAYS, Clock
from domain.query.phrases import DAYS, NAMES, NUMBERS, UNITS
from rondo.terminal.dates import due, reminder
from rondo.terminal.suggestions import ELSEWHERE, MONTHS
from rondo.terminal.when import NoDay

ZONES = ("Europe/Paris", "UTC", "Pacific/Auckland", "America/New_York", "Asia/Kathmandu", "Pacific/Apia")
NOON = datetime.fromisoformat("2026-11-23T12:00")
PARIS = Clock(times.milliseconds(NOON, ZONES[0]), ZONES[0])

MEANT = {
    # days by their names
    "2026-11-23": "today; tod; TODAY; 23 nov; nov 23; the 23rd; 23rd; mon 23 nov",
    "2026-11-24": "tomorrow; tom; tmr; tmrw; tmw; 2morrow; tue; tues; on tuesday; tues nov 24",
    "2026-11-22": "yesterday; yday; yest; last sunday; last sun; a day ago; today-1d; -1d; - 1 day",
    "2026-11-25": "day after tomorrow; the day after tomorrow; wed; weds; in two days; in 2 days; two days; 2d; "
    "+2d; +2 days; in a couple of days; 2 days from now; 2 days later; a day after tomorrow; a day from tomorrow; "
    "today + 2d",
    "2026-11-21": "day before yesterday; the day before yesterday; last saturday; 2 days ago; 2d ago",
    "2026-11-20": "last friday; last fri; friday-1w; three days ago",
    "2026-11-16": "last monday; a week ago; -1w",
    "2026-11-26": "thu; thur; thurs; thursday; in 3 days; three days; 3d; 3 days; 3days",
    "2026-11-27": "fri; friday; by friday; on fri; the 27th; 27th; friday, november 27; Friday 27 November 2026",
    "2026-11-29": "sun; sunday; 2 days after friday; friday+2d",
    "2026-11-28": "a day before sunday; sunday-1d; saturday",
    "2026-11-30": "monday; next week; in a week; a week; one week; 1w; 1wk; in 1 week; a week from today; +1w; eom; "
    "end of month; end of the month; the 30th; 30 nov; nov. 30; next week monday; monday next week",
    "2026-12-04": "friday next week; next week friday; fri next week; next week on friday; a week from friday; "
    "one week after fri; friday+1w; fri+1w; friday, dec 4; fri 4 dec; "
    "Friday, December 4, 2026; december 4th; 4th of december",
    "2026-12-07": "in 2 weeks; in two weeks; two weeks; 2 weeks; 2wks; 2w; +2 weeks; in 2 weeks time; in 14 days",
    "2026-12-01": "dec 1; 1 dec; december 1st; 1st of dec; the 1st of december; the 1st; 1st; next month; 2026-12-01",
    "2026-12-23": "in a month; one month; 1mo; +1m; in 1 month",
    "2026-12-31": "eoy; end of year; the 31st; dec 31; 31 dec",
    "2027-01-01": "next year; jan 1; 1 jan 2027; january 1st",
    "2027-09-05": "sept 5; sep 5; 5 september; sept. 5",
    "2027-11-23": "in a year; 1y; 1yr; one year; in 12 months; in twelve months",
}
"""By day, what means it; apart by semicolons."""
TIMED = {
    "2026-11-23T17:00": "5pm; 5 pm; 5p; 5 p.m.; 17:00; at 5pm; 17h00; in 5 hours; 5 hours; 5 hrs; +5h; now+5h; by 5pm",
    "2026-11-23T17:30": "5:30pm; 17h30; 17:30; at 17h30",
    "2026-11-24T05:00": "in 17h; in 17 hours; 17 hours; 5am; 5a",
    "2026-11-23T12:30": "in 30 minutes; in 30min; 30 min; in half an hour; in half hour; +30 min; 12:30; 12h30",
    "2026-11-23T13:30": "in 1h30m; in 1h30; in 1h 30min; in 1 hour 30 minutes; in 1 hour and 30 minutes; in 90 min; "
    "90min",
    "2026-11-24T17:00": "tomorrow 17h; tomorrow 5pm; tomorrow at 5pm; 17h tomorrow; tmrw 5p; tue 17h; tomorrow at 17h; "
    "24 nov 17h; 2026-11-24 17h; 2026-11-24T17:00",
    "2026-11-24T12:00": "noon; midday; tomorrow noon; noon tomorrow; in 24 hours",
    "2026-11-27T17:30": "fri 17h30; friday 5:30pm; by fri 17:30; friday, nov 27 17h30",
    "2026-11-30T09:00": "mon 9:00; monday 9am; mon 9h; in a week 9:00; next week 9am; eom 9:00",
}
"""By moment."""
ADVISED: dict[str, list[str]] = {
    "17h": ["17:00", "in 17 hours"],
    "9h": ["9:00", "in 9 hours"],
    "30h": ["in 30 hours"],
    "in 30m": ["in 30 minutes", "in 30 months"],
    "30m": ["in 30 minutes", "in 30 months"],
    "may": ["may 1"],
    "december 2027": ["december 1 2027"],
    "mon,wed": [],
    "mon-fri": [],
    "fri or sat": [],
    "2 fridays": [],
    "two mon": [],
    "three fridays": [],
    "next two weeks": [],
    "next friday": ["friday", "friday+1w"],
    "next fridy": ["friday", "friday+1w"],
    "next weak": ["next week"],
    "friday week": ["friday+1w"],
    "monday+9h": ["monday 9:00"],
    "tomorrow+2h": ["tomorrow 2:00"],
    "tomorrow 17": ["tomorrow 17:00"],
    "tomorrow 1700": ["tomorrow 17:00"],
    "at 1700": ["17:00"],
    "at 5": ["5:00", "5pm"],
    "tomorrow at 5": ["tomorrow 5:00", "tomorrow 5pm"],
    "friday at 17": ["friday 17:00"],
    "fri at 1700": ["fri 17:00"],
    "1700": ["17:00"],
    "2027": [],
    "17.30": ["17:30"],
    "12.10": ["2027-10-12", "2026-12-10", "12:10"],
    "20261201": ["2026-12-01"],
    "2026-W50-3": ["2026-12-09"],
    "in 3 dayz": ["in 3 days"],
    "tomorrow morning": ["tomorrow 9:00"],
    "tomorrow evening 5pm": [],
    "this evening": ["today 19:00"],
    "next day": ["tomorrow"],
    "last week": ["today-1w"],
    "in a fortnight": ["in 2 weeks"],
    "fri, dec 5": [],
    "every friday": [],
    "daily": [],
    "someday": [],
    "holiday": [],
    "later": [],
    "in 1.5 hours": [],
    "5pm est": [],
    "9:00 Europe/Paris": [],
    "first monday": [],
    "in 99999 days": [],
}
"""What is refused, and what is advised."""


def spellings(table: dict[str, str]) -> list[tuple[str, str]]:
    """What is typed, with what it means."""
    return [(typed, meant) for meant, all_ in table.items() for typed in all_.split("; ")]


def test_there_are_many() -> None:
    assert len(spellings(MEANT) + spellings(TIMED)) + len(ADVISED) > 240


@pytest.mark.parametrize(("typed", "meant"), spellings(MEANT) + spellings(TIMED))
def test_a_spelling_means_the_same_in_every_zone(typed: str, meant: str) -> None:
    day, _, time = meant.partition("T")
    written = {"date": day, "time": time} if time else {"date": day}
    for zone in ZONES:
        assert due(typed, None, Clock(times.milliseconds(NOON, zone), zone)) == written


@pytest.mark.parametrize("typed", ADVISED)
def test_what_may_be_several_or_nothing_is_refused_with_the_advice(typed: str) -> None:
    for zone in ZONES:
        with pytest.raises(NoDay) as refused:
            due(typed, None, Clock(times.milliseconds(NOON, zone), zone))
        assert [*refused.value.suggestions] == ADVISED[typed]


REMINDERS = {
    "15m": {"before": "PT15M"},
    "15 minutes": {"before": "PT15M"},
    "15 min before": {"before": "PT15M"},
    "15 m": {"before": "PT15M"},
    "an hour before": {"before": "PT1H"},
    "two hours before": {"before": "PT2H"},
    "17h": {"before": "PT17H"},
    "1h 30m": {"before": "PT1H30M"},
    "2 days before": {"before": "P2D"},
    "1 week": {"before": "P1W"},
    "+15m": {"at": "2026-11-23T12:15:00+01:00"},
    "+ 15m": {"at": "2026-11-23T12:15:00+01:00"},
    "in 30m": {"at": "2026-11-23T12:30:00+01:00"},
    "in 30 minutes": {"at": "2026-11-23T12:30:00+01:00"},
    "in 1h30m": {"at": "2026-11-23T13:30:00+01:00"},
    "+1h": {"at": "2026-11-23T13:00:00+01:00"},
    "in 2 hours": {"at": "2026-11-23T14:00:00+01:00"},
    "tomorrow 17h": {"at": "2026-11-24T17:00:00+01:00"},
    "last friday 9:00": {"at": "2026-11-20T09:00:00+01:00"},
}
REMINDED: dict[str, list[str]] = {
    "-15m": ["15m"],
    "- 2h": ["2h"],
    "+1d": ["+1d 9:00"],
    "in 1 day": ["in 1 day 9:00"],
    "3 months before": [],
    "1.5h": [],
    "30": [],
    "1h30": ["1h30m", "1:30"],
    "1 h 30": ["1h30m", "1:30"],
    "17h30": ["17h30m", "17:30"],
}


@pytest.mark.parametrize("typed", REMINDERS)
def test_a_reminder_is_spelled_as_people_do_and_m_is_minutes(typed: str) -> None:
    assert reminder(typed, PARIS) == REMINDERS[typed]


@pytest.mark.parametrize("typed", REMINDED)
def test_a_reminder_that_is_none_is_refused_with_the_advice(typed: str) -> None:
    with pytest.raises(NoDay) as refused:
        reminder(typed, PARIS)
    assert [*refused.value.suggestions] == REMINDED[typed]
    assert all(reminder(suggestion, PARIS) for suggestion in refused.value.suggestions)


KNOWN: dict[str, str] = {
    **{name: str(number) for name, number in NUMBERS.items() if " " not in name},
    **{name: NAMES[unit] for name, unit in UNITS.items()},
    **{name: day for name, day in DAYS.items() if day in WEEKDAYS},
    **{name: month for month in MONTHS for name in (month, month[:3])},
}
"""What a word says that no suggestion may lose."""


def said(text: str) -> set[str]:
    """What a text says: its numbers, units, weekdays and months, each as one calls it."""
    words = re.findall(r"\d+|[a-z]+", text.lower())
    return {str(int(word)) if word.isdecimal() else KNOWN[word] for word in words if word.isdecimal() or word in KNOWN}


def times_said(text: str) -> set[str]:
    """What the times of a text say, too: 17:00 is 5pm, 17h and 1700."""
    clocks = re.findall(r"(\d+):(\d\d)", text)
    hours = {str(int(hour) % 12) for hour, _ in clocks} | {str(int(hour + minute)) for hour, minute in clocks}
    return hours | ({"hours", "0"} if clocks else set())


PIECES: Iterable[str] = (
    *("in", "next", "last", "this", "every", "after", "before", "from", "at", "on", "the", "ago", "day", ",", "-", "+"),
    *(
        "mon",
        "friday",
        "fridy",
        "tues",
        "may",
        "dec",
        "decembr",
        "tomorrow",
        "tomorow",
        "today",
        "yday",
        "week",
        "weak",
    ),
    *("two", "twelve", "3", "17", "27th", "h", "m", "d", "weeks", "days", "dayz", "months", "hours", "minutes"),
    *("17h", "5pm", "9:00", "30m", "2w", "3d", "+15m", "2027", "12/1", "noon", "morning", "month", "year"),
)


@given(st.lists(st.sampled_from(list(PIECES)), min_size=1, max_size=4), st.sampled_from([" ", ""]))
def test_a_suggestion_keeps_every_number_unit_weekday_month_and_time(pieces: list[str], between: str) -> None:
    text = between.join(pieces)
    for read in (lambda typed: due(typed, None, PARIS), lambda typed: reminder(typed, PARIS)):
        for suggestion in refusal(read, text):
            if " ".join(text.split()) not in ELSEWHERE and not suggestion.startswith("".join(text.split())):
                assert said(text) <= said(suggestion) | times_said(suggestion), (text, suggestion)
            read(suggestion)


def refusal(read: Any, text: str) -> tuple[str, ...]:
    try:
        read(text)
    except NoDay as refused:
        return refused.suggestions
    return ()


@given(st.lists(st.sampled_from(list(PIECES)), min_size=1, max_size=4), st.sampled_from(["<", "=", ">="]))
def test_a_date_that_a_filter_suggests_keeps_all_that_was_typed_and_is_read(pieces: list[str], sign: str) -> None:
    text = " ".join(pieces)
    if suggestion := suggested(f"due {sign} ", text):
        parse(f"due {sign} {suggestion}")
        kept = said(re.sub(r"(\d)m\b", r"\1 months", suggestion))
        date, _, _ = text.partition(",")  # the suggestion is for what is before a comma
        assert text.startswith("next week") or said(date) <= kept, suggestion


def suggested(before: str, text: str) -> str | None:
    """Return what is suggested in the place of a date; None where nothing is, or at another place."""
    try:
        parse(f"{before}{text}")
    except QueryError as error:
        here = error.column == len(before) + 1 and not (error.suggestion or "").startswith('"')
        return error.suggestion if here else None
    return None
