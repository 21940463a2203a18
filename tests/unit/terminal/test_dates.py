"""What people type for a due, a start and a reminder."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from lark import Token

from api.models import inputs
from domain import times
from domain.query.dates import MOST, WEEKDAYS, Clock, resolve
from domain.query.values import DATES, when
from domain.recurrence import succession
from rondo.terminal import descriptions, repeats
from rondo.terminal.dates import due, reminder, snooze
from rondo.terminal.suggestions import ELSEWHERE, MONTHS
from rondo.terminal.when import FORMS, NoDay
from schemas.records import Due

PARIS = "Europe/Paris"
SECOND = timedelta(seconds=1)
ZONES = st.sampled_from([PARIS, "UTC", "Pacific/Apia", "America/New_York", "Asia/Kathmandu", "Etc/GMT-13"])


MONDAY = Clock(round(datetime(2026, 11, 23, 11, tzinfo=UTC).timestamp() * 1000), PARIS)
"""Monday at twelve."""


@pytest.mark.parametrize(
    ("text", "zone", "written"),
    [
        ("2026-12-01", None, {"date": "2026-12-01"}),
        ("2026-12-01T09:00", None, {"date": "2026-12-01", "time": "09:00"}),
        ("2026-12-01 09:00", None, {"date": "2026-12-01", "time": "09:00"}),
        ("2026-12-01T09:00:30", PARIS, {"date": "2026-12-01", "time": "09:00:30", "zone": PARIS}),
        ("today", None, {"date": "2026-11-23"}),
        ("Tomorrow", None, {"date": "2026-11-24"}),
        ("yesterday", None, {"date": "2026-11-22"}),
        ("todayT17:30", None, {"date": "2026-11-23", "time": "17:30"}),
        ("fri 09:00", PARIS, {"date": "2026-11-27", "time": "09:00", "zone": PARIS}),
        ("satt10:00", None, {"date": "2026-11-28", "time": "10:00"}),
        (" monday ", None, {"date": "2026-11-30"}),
        ("2026-02-30", None, {"date": "2026-02-30"}),  # the API says that there is no such day
        ("today", PARIS, {"date": "2026-11-23"}),  # a day has no zone; this one was today there
        ("next week", None, {"date": "2026-11-30"}),
        ("next month", None, {"date": "2026-12-01"}),
        ("next year", None, {"date": "2027-01-01"}),
        ("in 3 days", None, {"date": "2026-11-26"}),
        ("in a week", None, {"date": "2026-11-30"}),
        ("in 2 months", None, {"date": "2027-01-23"}),
        ("in 90 minutes", None, {"date": "2026-11-23", "time": "13:30"}),
        ("in 13 hours", PARIS, {"date": "2026-11-24", "time": "01:00", "zone": PARIS}),
        ("eom", None, {"date": "2026-11-30"}),
        ("end of the month", None, {"date": "2026-11-30"}),
        ("EOY", None, {"date": "2026-12-31"}),
        ("5pm", None, {"date": "2026-11-23", "time": "17:00"}),
        ("5 pm", None, {"date": "2026-11-23", "time": "17:00"}),
        ("5:30pm", None, {"date": "2026-11-23", "time": "17:30"}),
        ("12am", None, {"date": "2026-11-24", "time": "00:00"}),
        ("noon", None, {"date": "2026-11-24", "time": "12:00"}),  # that of today is just over
        ("9:00", None, {"date": "2026-11-24", "time": "09:00"}),
        ("tomorrow 5pm", None, {"date": "2026-11-24", "time": "17:00"}),
        ("tomorrow at 5pm", None, {"date": "2026-11-24", "time": "17:00"}),
        ("5pm tomorrow", None, {"date": "2026-11-24", "time": "17:00"}),
        ("mon 9:00", None, {"date": "2026-11-30", "time": "09:00"}),
        ("today 9:00", None, {"date": "2026-11-23", "time": "09:00"}),  # it is over, but was said
        ("dec 1", None, {"date": "2026-12-01"}),
        ("1 dec", None, {"date": "2026-12-01"}),
        ("December 1st, 2027", None, {"date": "2027-12-01"}),
        ("jan 5 9am", None, {"date": "2027-01-05", "time": "09:00"}),
        ("nov 23", None, {"date": "2026-11-23"}),
        ("nov 22", None, {"date": "2027-11-22"}),
        ("feb 29", None, {"date": "2028-02-29"}),
        ("+3d", None, {"date": "2026-11-26"}),
        ("today+3d", None, {"date": "2026-11-26"}),
        ("fri+1w", None, {"date": "2026-12-04"}),
        ("fri+1w 9:00", None, {"date": "2026-12-04", "time": "09:00"}),
        ("now+2h", None, {"date": "2026-11-23", "time": "14:00"}),
        ("2026-12-01T09:00Z", None, {"date": "2026-12-01", "time": "10:00", "zone": PARIS}),
        ("2026-12-01T09:00+09:00", None, {"date": "2026-12-01", "time": "01:00", "zone": PARIS}),
        ("2026-12-01 00:30-05:00", "Asia/Tokyo", {"date": "2026-12-01", "time": "14:30", "zone": "Asia/Tokyo"}),
        ("2026-12-01T09:00:15.000Z", "UTC", {"date": "2026-12-01", "time": "09:00:15", "zone": "UTC"}),
    ],
)
def test_a_due_is_a_day_a_floating_time_or_a_time_in_a_zone(text: str, zone: str | None, written: dict[str, str]):
    assert due(text, zone, MONDAY) == written


@pytest.mark.parametrize(
    ("text", "suggestions"),
    [
        ("tomorow", ["tomorrow"]),
        ("fridy 5pm", ["friday 17:00"]),
        ("next weak", ["next week"]),
        ("in 3 dayz", ["in 3 days"]),
        ("decembr 1", ["december 1"]),
        ("today+2h", ["now+2h"]),
        ("tonight", ["today 20:00"]),
        ("eod", ["today"]),
        ("2026-1-5", ["2026-01-05"]),
        ("13/1/2027", ["2027-01-13"]),
        ("in 2 hours 5pm", ["in 2 hours"]),
        # what may mean two things is not guessed
        ("next friday", ["friday", "friday+1w"]),
        ("this fri", ["friday", "friday+1w"]),
        ("eow", ["friday", "sunday"]),
        ("12/1", ["2027-01-12", "2026-12-01"]),
        ("1.12.2026", ["2026-12-01", "2026-01-12"]),
        ("mon 9", ["mon 9:00", "mon 9pm"]),
        ("tomorrow 17", ["tomorrow 17:00"]),
        ("midnight", ["today 00:00", "tomorrow 00:00"]),
        *((text, []) for text in ("", "soon", "5", "2026-12", "t09:00", "feb 30")),
        *((text, []) for text in ("13pm", "0am", "25:00", "9:60")),
        ("31 feb 2027", []),
        ("9999-12-31T23:30-05:00", []),
        ("2026-12-01T25:00Z", []),
        ("mon 25", []),
    ],
)
def test_what_is_no_due_or_may_be_several_is_refused_with_what_was_meant(text: str, suggestions: list[str]):
    with pytest.raises(NoDay) as refused:
        due(text, None, MONDAY)
    assert list(refused.value.suggestions) == suggestions
    assert repr(text) in str(refused.value)
    for suggestion in suggestions:
        assert f"`{suggestion}`" in str(refused.value)
        due(suggestion, None, MONDAY)


@pytest.mark.parametrize("text", ELSEWHERE)
def test_what_other_programs_read_is_reported_as_it_is_typed_here(text: str):
    with pytest.raises(NoDay) as refused:
        due(text, None, MONDAY)
    assert all(due(suggestion, None, MONDAY) for suggestion in refused.value.suggestions)


@pytest.mark.parametrize("text", re.findall(r"as ([^']*), and a time", FORMS)[0].replace("or ", ", ").split(", "))
def test_what_an_error_says_to_write_is_read(text: str):
    assert due(text, None, MONDAY)


FIRST, LAST = (datetime.fromisoformat(text) for text in ("1972-01-01", "9990-01-01"))
MOMENTS = st.datetimes(FIRST, LAST)


@st.composite
def clocks(draw: st.DrawFn) -> Clock:
    """Clocks of any zone and moment."""
    zone = draw(ZONES)
    return Clock(times.milliseconds(draw(MOMENTS), zone), zone)


MOVED = st.builds(
    lambda base, amount, unit: f"{base}{amount:+d}{unit}",
    st.sampled_from(["", *DATES, *(day[:3] for day in WEEKDAYS)]),
    st.integers(-MOST, MOST),
    st.sampled_from(["d", "w", "m", "y"]),
)
OF_FILTERS = st.one_of(
    st.sampled_from([*DATES, *(day[:3] for day in WEEKDAYS)]),
    MOVED,
    st.dates(date(1970, 1, 1), date(9998, 12, 31)).map(date.isoformat),
)
"""Days as filters write them."""


@given(OF_FILTERS, clocks())
def test_a_word_means_the_same_day_in_a_due_as_in_a_filter(text: str, clock: Clock):
    first = resolve(when(Token("WORD", text)), clock).first
    assert first
    assert due(text, None, clock)["date"] == first.local.date().isoformat()
    if not text.startswith("now"):
        assert due(f"{text} 17:00", None, clock) == {"date": first.local.date().isoformat(), "time": "17:00"}


@given(st.integers(1, MOST), st.sampled_from(["day", "week", "month", "year"]), clocks())
def test_what_is_counted_in_words_is_what_is_counted_in_a_filter(number: int, unit: str, clock: Clock):
    counted = due(f"today+{number}{unit[0]}", None, clock)
    assert due(f"in {number} {unit}s", None, clock) == due(f"+{number}{unit[0]}", None, clock) == counted


@given(st.dates(date(1971, 1, 1), date(9990, 1, 1)), clocks())
def test_a_day_of_a_month_is_the_next_such_day_or_today(day: date, clock: Clock):
    name = MONTHS[day.month - 1]
    found = date.fromisoformat(due(f"{name[:3]} {day.day}", None, clock)["date"])
    assert (found.month, found.day, found >= clock.today) == (day.month, day.day, True)
    assert due(f"{day.day} {name}", None, clock)["date"] == found.isoformat()
    assert due(f"{name} {day.day} {day.year}", None, clock)["date"] == day.isoformat()
    assert due(found.isoformat(), None, clock)["date"] == found.isoformat()


@given(st.times(), clocks())
def test_a_time_alone_is_the_next_that_the_clock_shows(time: object, clock: Clock):
    text = str(time)[:5]
    found = due(text, None, clock)
    shown = datetime.fromisoformat(f"{found['date']}T{found['time']}")
    assert timedelta() < shown - clock.local <= timedelta(days=1)
    assert due(text, None, clock, whole=False) == {"time": text}  # of a change: of the day that the task has


@given(st.datetimes(FIRST, LAST, timezones=st.timezones()), ZONES, clocks())
def test_an_instant_with_an_offset_stays_that_instant(moment: datetime, zone: str, clock: Clock):
    moment = moment.replace(microsecond=0)
    offset = moment.utcoffset()
    assume(offset is not None and offset.total_seconds() % 60 == 0)
    assume(not moment.astimezone(times.zone(zone)).fold)
    found = due(moment.isoformat(), zone, clock)
    local = datetime.fromisoformat(f"{found['date']}T{found['time']}")
    assert times.milliseconds(local, zone) == round(moment.timestamp() * 1000)


@given(st.text(max_size=20) | st.from_regex(r"[a-z0-9 :+/.-]{1,20}", fullmatch=True), clocks())
def test_whatever_is_typed_is_a_day_or_refused_with_what_can_be_typed(text: str, clock: Clock):
    try:
        due(text, None, clock)
    except NoDay as refused:
        for suggestion in refused.suggestions:
            due(suggestion, None, clock)


@given(clocks(), st.sampled_from(WEEKDAYS))
def test_a_weekday_is_the_next_such_day_and_never_today(clock: Clock, name: str):
    found = date.fromisoformat(due(name, None, clock)["date"])
    assert WEEKDAYS[found.weekday()] == name
    assert timedelta() < found - clock.today <= timedelta(days=7)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("15m", {"before": "PT15M"}),
        ("2h", {"before": "PT2H"}),
        ("1h30m", {"before": "PT1H30M"}),
        ("1d", {"before": "P1D"}),
        ("1w", {"before": "P1W"}),
        ("1D12H", {"before": "P1DT12H"}),
        ("PT15M", {"before": "PT15M"}),
        ("pt15m", {"before": "PT15M"}),
        ("2026-12-01T09:00:00Z", {"at": "2026-12-01T09:00:00Z"}),
        ("2026-12-01t09:00+01:00", {"at": "2026-12-01T09:00:00+01:00"}),
        ("2026-12-01T09:00-05:30", {"at": "2026-12-01T09:00:00-05:30"}),
        ("2026-12-01T09:00", {"at": "2026-12-01T09:00:00+01:00"}),
        ("fri 9:00", {"at": "2026-11-27T09:00:00+01:00"}),
        ("5pm", {"at": "2026-11-23T17:00:00+01:00"}),
        ("in 2 hours", {"at": "2026-11-23T14:00:00+01:00"}),
        ("15 minutes before", {"before": "PT15M"}),
        ("15m before start", {"before": "PT15M", "relative_to": "start"}),
        ("2h before the due", {"before": "PT2H"}),
        ("1d before at 18:00", {"before": "P1D", "time": "18:00"}),
        ("a week before the start, 8am", {"before": "P1W", "relative_to": "start", "time": "08:00"}),
        ("the day before at noon", {"before": "P1D", "time": "12:00"}),
        ("on the day at 7:30", {"before": "PT0S", "time": "07:30"}),
        ("on the day of the start at 7:30", {"before": "PT0S", "relative_to": "start", "time": "07:30"}),
        ("at due", {"before": "PT0S"}),
        ("at the start", {"before": "PT0S", "relative_to": "start"}),
        ("15m every 10m", {"before": "PT15M", "repeat_every": "PT10M"}),
        ("at start, every hour", {"before": "PT0S", "relative_to": "start", "repeat_every": "PT1H"}),
        ("1d before at 18:00, every 2 hours", {"before": "P1D", "time": "18:00", "repeat_every": "PT2H"}),
        ("fri 9:00 every 1d", {"at": "2026-11-27T09:00:00+01:00", "repeat_every": "P1D"}),
        ("2 days before monday 9:00", {"at": "2026-11-28T09:00:00+01:00"}),
    ],
)
def test_a_reminder_is_a_time_before_the_due_or_a_moment(text: str, written: dict[str, str]):
    assert reminder(text, MONDAY) == written


@pytest.mark.parametrize(
    ("text", "told"),
    [
        *((text, "Write a time before the due, such as 15m") for text in ("", "5", "30m1h", "soon")),
        ("tomorrow", "Did you mean `tomorrow 9:00`?"),
        ("2026-12-01", "Did you mean `2026-12-01 9:00`?"),
        ("tomorow 9:00", "Did you mean `tomorrow 09:00`?"),
        ("2026-02-30 9:00", "is not in the calendar"),
        ("1d at 18:00", "is ambiguous. Did you mean `1d before at 18:00` or `in 1d at 18:00`?"),
        ("15m every month", "Write how long after it is repeated"),
        ("15m every", "Write a time before the due"),
        ("1 month before", "Write a time before the due"),
        ("15m after start", "Write a time before the due"),
    ],
)
def test_what_is_no_reminder_is_refused_with_what_to_write(text: str, told: str):
    with pytest.raises(NoDay, match=re.escape(told)):
        reminder(text, MONDAY)


TYPED = st.lists(
    st.sampled_from(
        ["15m", "1H30", "Noon", "FOO", "-5M", "1D", "at", "18:00", "Every", "2027-02-30", "tomorow", "Before"]
    ),
    max_size=4,
).map(" ".join)


@given(TYPED, st.sampled_from([reminder, snooze]))
@example("Noon FOO", reminder)
@example("15m Every FOO", reminder)
@example("-5M", snooze)
def test_an_error_quotes_the_whole_of_what_was_typed(text: str, read: Callable[[str, Clock], object]):
    with suppress(NoDay):
        read(text, MONDAY)
        return
    with pytest.raises(NoDay, match=re.escape(repr(text))):
        read(text, MONDAY)


@pytest.mark.parametrize("word", repeats.RULES)
def test_a_word_for_how_often_is_a_rule_that_the_domain_reads(word: str):
    rule = repeats.rule(word.upper())
    assert succession.check(rule, Due("2026-11-23", "09:00:00", PARIS))


@pytest.mark.parametrize("text", ["FREQ=WEEKLY;BYDAY=MO", "freq=daily", "RRULE:FREQ=DAILY", "BYDAY=MO"])
def test_a_rule_is_left_to_the_api(text: str):
    assert repeats.rule(text) == text


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("dayly", "Did you mean `daily`?"),
        ("every day", "Did you mean `daily`?"),
        ("every  Month", "Did you mean `monthly`?"),
        ("every 2 days", "Did you mean `FREQ=DAILY;INTERVAL=2`?"),
        ("every other day", "Did you mean `FREQ=DAILY;INTERVAL=2`?"),
        ("every 3 dayz", "Did you mean `FREQ=DAILY;INTERVAL=3`?"),
        ("2w", "Did you mean `FREQ=WEEKLY;INTERVAL=2`?"),
        ("mon", "Did you mean `FREQ=WEEKLY;BYDAY=MO`?"),
        ("every fridy", "Did you mean `FREQ=WEEKLY;BYDAY=FR`?"),
        ("every mon, wed and fri", "Did you mean `FREQ=WEEKLY;BYDAY=MO,WE,FR`?"),
        ("every other monday", "Did you mean `FREQ=WEEKLY;INTERVAL=2;BYDAY=MO`?"),
        ("weekends", "Did you mean `FREQ=WEEKLY;BYDAY=SA,SU`?"),
        ("biweekly", "Did you mean `FREQ=WEEKLY;INTERVAL=2`?"),
        ("annualy", "Did you mean `yearly`?"),
        ("hourly", "Did you mean `FREQ=HOURLY`?"),
        ("every hour", "Did you mean `FREQ=HOURLY`?"),
        ("every 2 hourz", "Did you mean `FREQ=HOURLY;INTERVAL=2`?"),
        ("", "Write daily"),
        ("often", "Write daily"),
        *((text, "Write daily") for text in ("daily 9:00", "every 5 minutes", "every last friday", "every 0 days")),
    ],
)
def test_what_is_no_repeat_is_refused_with_what_was_meant(text: str, told: str):
    with pytest.raises(ValueError, match=re.escape(told)):
        repeats.rule(text)


EVERY = (
    "every",
    "other",
    "2",
    "12",
    "day",
    "days",
    "dayz",
    "week",
    "month",
    "year",
    "mon",
    "fridy",
    "tuesday",
    "and",
    "hours",
)


@given(st.lists(st.sampled_from([*EVERY, "daily", "weekends", "last", "second", "1st", "9:00"]), max_size=4))
def test_a_repeat_that_is_suggested_keeps_every_number_and_weekday_and_is_read(words: list[str]):
    try:
        rule = repeats.rule(" ".join(words))
    except ValueError as refused:
        if not (found := re.search("Did you mean `(.*)`", str(refused))):
            return
        rule = repeats.rule(found[1])
    assert succession.check(rule, Due("2026-11-23", "09:00:00", PARIS))
    numbers = {"other": 2, "2": 2, "12": 12}.items()
    assert all(f"INTERVAL={number}" in rule for word, number in numbers if word in words)
    days = {"mon": "MO", "fridy": "FR", "tuesday": "TU"}.items()
    assert all(re.search(rf"BYDAY=.*{day}", rule) for word, day in days if word in words)
    assert not {"last", "second", "1st", "9:00"} & {*words}


@pytest.mark.parametrize(
    ("moment", "zone"),
    [
        ("2027-10-31T01:30Z", PARIS),
        ("2027-10-31T02:30+01:00", PARIS),
        ("2027-11-07T06:15:00Z", "America/New_York"),
        ("2027-04-03T15:10Z", "Australia/Lord_Howe"),
    ],
)
def test_an_instant_at_a_time_that_clocks_show_twice_is_a_due_the_first_time_and_else_refused(moment: str, zone: str):
    clock = Clock(MONDAY.now, zone)
    for given_zone in (zone, None):
        with pytest.raises(NoDay, match=r"is the second .* of that night .* use --zone UTC"):
            due(moment, given_zone, clock)
    assert due(moment, "UTC", clock)["zone"] == "UTC"
    first = datetime.fromisoformat(moment) - timedelta(minutes=30 if "Lord" in zone else 60)
    found = due(first.isoformat(), zone, clock)
    local = datetime.fromisoformat(f"{found['date']}T{found['time']}")
    assert times.milliseconds(local, zone) == round(first.timestamp() * 1000)


@given(clocks(), st.integers(1, 500), st.integers(0, 59_999))
@example(Clock(round(datetime(2027, 10, 30, 23, 30, tzinfo=UTC).timestamp() * 1000), PARIS), 90, 0)
def test_a_reminder_that_is_counted_from_now_is_so_much_later_to_the_second(clock: Clock, minutes: int, more: int):
    clock = Clock(clock.now // 60_000 * 60_000 + more, clock.zone)
    for text in (f"in {minutes}m", f"+{minutes}m", f"in {minutes} minutes", f"now+{minutes}min"):
        at = datetime.fromisoformat(reminder(text, clock)["at"])
        assert timedelta() <= at - datetime.fromtimestamp(clock.now / 1000, UTC) - timedelta(minutes=minutes) < SECOND


@pytest.mark.parametrize(
    ("text", "until"),
    [
        ("15m", {"duration": "PT15M"}),
        ("for 1h30m", {"duration": "PT1H30M"}),
        ("in 2 hours", {"duration": "PT2H"}),
        ("+1d", {"duration": "P1D"}),
        ("an hour", {"duration": "PT1H"}),
        ("tomorrow 9am", {"until": "2026-11-24T09:00:00+01:00"}),
        ("5pm", {"until": "2026-11-23T17:00:00+01:00"}),
        ("fri", {"until": "2026-11-27"}),
        ("2026-11-24T09:00:00Z", {"until": "2026-11-24T09:00:00+00:00"}),
    ],
)
def test_a_task_is_snoozed_for_that_long_or_until_then(text: str, until: dict[str, str]):
    assert snooze(text, MONDAY) == until


@pytest.mark.parametrize("text", ["", "soon", "15m before", "9", "2026-13-01 9:00"])
def test_what_is_neither_a_time_nor_a_duration_is_no_end_of_a_snooze(text: str):
    with pytest.raises(NoDay) as refused:
        snooze(text, MONDAY)
    assert "before" not in str(refused.value).replace(repr(text), "")


DURATIONS = st.builds(
    lambda days, seconds: inputs.duration(seconds, days),
    st.integers(0, 366),
    st.one_of(st.integers(0, 100).map(lambda minutes: minutes * 60), st.integers(0, 100_000)),
)
TIMES = st.none() | st.times().map(lambda time: time.isoformat("seconds"))
REMINDERS = st.builds(
    lambda before, anchor, time, every: {"before": before, "relative_to": anchor, "time": time, "repeat_every": every},
    DURATIONS,
    st.sampled_from(["due", "start"]),
    TIMES,
    st.none() | DURATIONS,
)


@given(REMINDERS)
def test_a_reminder_that_is_shown_can_be_typed(shown: dict[str, str | None]):
    def read_by_the_api(reminder: Mapping[str, Any]) -> inputs.Reminder:
        return inputs.Reminder.model_validate({**reminder, "time": (reminder.get("time") or "")[:5] or None})

    found = reminder(descriptions.reminder(shown), MONDAY)
    assert found.get("time") in {shown["time"], (shown["time"] or "")[:5] or None}
    assert read_by_the_api(found) == read_by_the_api(shown)


@given(st.integers(0, 4_102_444_800), st.none() | DURATIONS)
def test_an_instant_that_is_shown_can_be_typed(seconds: int, every: str | None):
    at = datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
    assert reminder(descriptions.reminder({"at": at, "repeat_every": every}), MONDAY) == {
        "at": at,
        **({"repeat_every": every} if every else {}),
    }
