"""The engine against a naive oracle on small windows, for every part, SKIP, sets and zones."""

from datetime import datetime, timedelta
from itertools import takewhile

from hypothesis import assume, example, given
from hypothesis import strategies as st

from domain import times
from domain.invalid import Invalid
from domain.recurrence.occurrences import moments
from domain.recurrence.rule import parse
from domain.recurrence.sets import RecurrenceSet
from schemas.records import Due
from tests.unit.domain.naive import DAYS, SHORT, Naive, instant

WINDOWS = {
    "SECONDLY": timedelta(hours=2),
    "MINUTELY": timedelta(days=2),
    "HOURLY": timedelta(days=40),
    "DAILY": timedelta(days=800),
    "WEEKLY": timedelta(days=800),
    "MONTHLY": timedelta(days=1500),
    "YEARLY": timedelta(days=3000),
}
INTERVALS = {
    "SECONDLY": 100_000,
    "MINUTELY": 3_000,
    "HOURLY": 200,
    "DAILY": 50,
    "WEEKLY": 20,
    "MONTHLY": 20,
    "YEARLY": 4,
}
starts = st.datetimes(datetime(1971, 1, 1), datetime(2060, 1, 1)).map(lambda m: m.replace(microsecond=0))  # noqa: DTZ001
edges = st.builds(
    lambda year, days, time: datetime(year, 1, 1) + timedelta(days=days, seconds=time),  # noqa: DTZ001
    st.integers(1980, 2040), st.integers(-4, 4), st.sampled_from((0, 1, 86_399)),
)  # fmt: skip


def numbers(least, most, *, signed=False, size=4):
    one = st.integers(least, most)
    some = st.one_of(one, one.map(lambda n: -n)) if signed else one
    return st.lists(some, min_size=1, max_size=size).map(lambda each: ",".join(map(str, each)))


def weekdays(*, numbered):
    which = st.sampled_from(("", "1", "2", "-1", "5", "-5", "53")) if numbered else st.just("")
    return st.lists(st.builds("{}{}".format, which, st.sampled_from(DAYS)), min_size=1, max_size=4).map(",".join)


@st.composite
def rules(draw, freqs=tuple(WINDOWS)):
    freq = draw(st.sampled_from(freqs))
    parts = {
        "INTERVAL": st.one_of(st.integers(1, 4), st.integers(1, INTERVALS.get(freq, 4))).map(str),
        "BYMONTH": numbers(1, 12),
        "BYHOUR": numbers(0, 23),
        "BYMINUTE": numbers(0, 59),
        "BYSECOND": numbers(0, 59),
        "BYDAY": weekdays(numbered=freq in {"MONTHLY", "YEARLY"}),
        "WKST": st.sampled_from(DAYS),
    }
    if freq != "WEEKLY":
        parts["BYMONTHDAY"] = numbers(1, 31, signed=True)
    if freq in {"YEARLY", *SHORT}:
        parts["BYYEARDAY"] = numbers(1, 366, signed=True)
    if freq == "YEARLY":
        parts["BYWEEKNO"] = numbers(1, 53, signed=True)
    chosen = draw(st.lists(st.sampled_from(sorted(parts)), max_size=4, unique=True))
    found = {"FREQ": freq} | {name: draw(parts[name]) for name in chosen}
    if draw(st.integers(0, 3)) == 0 and len(chosen) > 0:
        found["BYSETPOS"] = draw(numbers(1, 5, signed=True))
    return text(found)


@st.composite
def skips(draw):
    """Rules with SKIP: by days of months, or by days of the year."""
    freq, skip = draw(st.sampled_from(("MONTHLY", "YEARLY"))), draw(st.sampled_from(("BACKWARD", "FORWARD")))
    late = st.lists(st.sampled_from((1, 2, 28, 29, 30, 31, -1, -28, -29, -30, -31)), min_size=1, max_size=3)
    parts = {"INTERVAL": st.integers(1, 3).map(str), "BYMONTHDAY": late.map(lambda each: ",".join(map(str, each)))}
    parts |= {"BYMONTH": numbers(1, 12), "BYDAY": weekdays(numbered=False), "BYHOUR": numbers(0, 23)}
    if freq == "YEARLY" and draw(st.booleans()):
        parts = {"BYYEARDAY": st.sampled_from(("366", "-366", "1,366", "-366,366")), "INTERVAL": parts["INTERVAL"]}
    found = {"FREQ": freq} | draw(st.fixed_dictionaries({}, optional=parts)) | {"SKIP": skip}
    if len(found) > 3 and draw(st.integers(0, 3)) == 0:
        found["BYSETPOS"] = draw(numbers(1, 3, signed=True))
    return text(found)


def text(parts):
    return ";".join(f"{name}={value}" for name, value in parts.items())


def readable(rule):
    try:
        return parse(rule)
    except Invalid:
        assume(False)


def check(text, start):
    rule, end = readable(text), start + WINDOWS[text.split(";")[0].removeprefix("FREQ=")]
    found = list(takewhile(lambda moment: moment < end, moments(rule, start, start)))
    assert found == Naive(text, start).until(end)


@given(rules(), st.one_of(starts, edges))
@example("FREQ=YEARLY;BYWEEKNO=53;INTERVAL=5;BYDAY=TH", datetime(2027, 1, 3))  # noqa: DTZ001
@example("FREQ=YEARLY;BYWEEKNO=1;INTERVAL=3;BYDAY=MO", datetime(2024, 12, 31))  # noqa: DTZ001
@example("FREQ=SECONDLY;INTERVAL=86399;BYSECOND=1,2", datetime(2026, 1, 1))  # noqa: DTZ001
@example("FREQ=HOURLY;INTERVAL=7;BYHOUR=3,6;BYMINUTE=5,15,25;BYSETPOS=1,-1", datetime(2025, 1, 1, 3, 5))  # noqa: DTZ001
def test_a_rule_matches_what_an_oracle_says(text, start):
    check(text, start)


@given(skips(), st.one_of(starts, edges))
@example("FREQ=YEARLY;SKIP=FORWARD", datetime(2024, 2, 29, 12))  # noqa: DTZ001
@example("FREQ=MONTHLY;BYMONTHDAY=-31,31;SKIP=BACKWARD;BYHOUR=9,18", datetime(2026, 1, 31))  # noqa: DTZ001
def test_a_day_that_a_month_or_year_lacks_is_where_an_oracle_says(text, start):
    check(text, start)


@given(rules(), st.one_of(starts, edges), st.floats(0, 2))
def test_a_search_from_later_on_finds_the_same(text, start, share):
    rule, window = readable(text), WINDOWS[text.split(";")[0].removeprefix("FREQ=")]
    floor, end = start + window * share, start + window * 2
    later = takewhile(lambda moment: moment < end, moments(rule, start, floor))
    every = takewhile(lambda moment: moment < end, moments(rule, start, start))
    assert [each for each in later if each >= floor] == [each for each in every if each >= floor]


CHANGES = (
    ("Europe/Paris", "2026-03-29T02:30:00"), ("Europe/Paris", "2026-10-25T02:30:00"),
    ("America/New_York", "2026-03-08T02:30:00"), ("Pacific/Apia", "2011-12-30T09:00:00"),
    ("Pacific/Kwajalein", "1993-08-21T09:00:00"), ("Australia/Lord_Howe", "2026-10-04T02:15:00"),
    ("Africa/Cairo", "2026-04-24T00:30:00"), ("America/Havana", "2026-03-08T00:00:00"),
    ("Antarctica/Troll", "2026-03-29T01:59:59"), ("America/St_Johns", "2006-04-02T00:01:00"),
    ("Africa/Casablanca", "2026-02-15T03:00:00"), ("America/Sao_Paulo", "2018-11-04T00:00:00"),
    ("UTC", "2026-01-01T00:00:00"),
)  # fmt: skip


ZONES = sorted(times.zones())


@st.composite
def changes(draw):
    """A zone, and a time on a day on which its clocks change: of some years of any zone."""
    name, year = draw(st.sampled_from(ZONES)), draw(st.integers(1972, 2037))
    zone = times.zone(name)
    days = [datetime(year, 1, 1) + timedelta(days=number) for number in range(365)]  # noqa: DTZ001
    offsets = [zone.utcoffset(day) for day in days]
    changed = [day for day, one, next_ in zip(days, offsets, offsets[1:], strict=False) if one != next_] or days[:1]
    return name, (draw(st.sampled_from(changed)) + timedelta(minutes=draw(st.integers(0, 95)) * 15)).isoformat()


DATES = st.tuples(*[st.lists(st.integers(-100, 100), max_size=4)] * 2)
"""Hours after the start: of further dates, and of exceptions."""


@given(
    rules(("HOURLY", "DAILY", "WEEKLY")), st.one_of(st.sampled_from(CHANGES), changes()),
    st.integers(-50, 10), st.integers(0, 9), DATES,
)  # fmt: skip
@example("FREQ=HOURLY;BYMINUTE=0,15,45", ("Europe/Paris", "2026-03-29T02:30:00"), -3, 0, ([], []))
@example("FREQ=DAILY", ("Pacific/Apia", "2011-12-30T09:00:00"), -48, 0, ([24], [0]))
def test_a_set_is_one_of_instants_shown_as_the_clocks_show_them(text, change, before, count, dates):
    (name, near), (more, less) = change, dates
    start = datetime.fromisoformat(near) + timedelta(hours=before)
    end, zone = start + timedelta(days=5), times.zone(name)
    rule = f"{text};COUNT={count}" if count else text

    def keys(hours):
        return tuple({(start + timedelta(hours=each)).isoformat() for each in hours if each >= 0})

    found = RecurrenceSet(
        Due(start.date().isoformat(), start.time().isoformat(), name), readable(rule), keys(more), keys(less), False
    ).occurrences()
    ours = [each.key for each in takewhile(lambda each: each.key < end.isoformat(), found)]

    def at(keys):
        return {instant(datetime.fromisoformat(key), zone) for key in keys}

    named = sorted({instant(each, zone) for each in Naive(text, start).until(end + timedelta(days=3))})
    kept = (set(named[:count] if count else named) | at(keys(more))) - at(keys(less))
    local = [each.astimezone(zone).replace(tzinfo=None, fold=0).isoformat() for each in sorted(kept)]
    assert ours == [each for each in local if each < end.isoformat()]
