"""Days and times as people type them: `next week`, `in 3 days`, `eom`, `5pm`, `mon 9:00`, `dec 1`, `today+3d`.

What filters know, too, is read by their language, so that a word means the same day everywhere. What may mean two
things is refused with both: nothing is guessed.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from lark import Token

from rondo.terminal.suggestions import (
    ELSEWHERE,
    MONTHS,
    NEAR_FOR_FEW,
    WORD,
    date_of,
    months,
    near,
    next_such,
    of_day,
    of_month,
)
from streams.domain.filters import phrases
from streams.domain.filters.dates import MOST, WEEKDAYS, Clock, Date, Relative, Unit, resolve
from streams.domain.filters.errors import QueryError
from streams.domain.filters.phrases import NUMBER, UNITS
from streams.domain.filters.values import when

FORMS = (
    "Write a day as 2026-12-01, today, fri, dec 1, next week, eom, in 3 days or today+3d, "
    "and a time as in 'fri 9:00' or 5pm."
)

_HALF = r"(?: ?[ap]\.?m\.?|[ap])"
_TIME = rf"(?P<time>noon|midday|\d{{1,2}}(?::\d\d){{0,2}}{_HALF}|\d{{1,2}}(?::\d\d){{1,2}}|\d{{1,2}}h\d\d)"
_DAY_FIRST = re.compile(rf"(?P<day>(?!in \d{{1,3}}h).*?\S)(?:(?<=[a-z0-9])t(?=\d)| (?:at )?){_TIME}", re.ASCII)
_TIME_FIRST = re.compile(rf"(?:at )?{_TIME}(?: (?P<day>.+))?", re.ASCII)
_HOUR = re.compile(r"(?P<before>.* )?(?P<hour>\d{1,2}) ?h(?P<behind> .*)?", re.ASCII)
_COUNTED = re.compile(rf"in\b|at$|.*[+-]\d+[a-z]|.*\b{NUMBER} ?(?:{'|'.join(UNITS)}|m)\b", re.ASCII)
"""What is counted in units: an `h` behind it may be hours, and is not read as o'clock."""
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)[t ](\d\d:\d\d(?::\d\d)?)(?:\.\d+)?(z|[+-]\d\d:?\d\d)", re.ASCII)
_ISO = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2})(?:[:h](\d\d))?(?::(\d\d))? ?(?:([ap])\.?m?\.?)?", re.ASCII)
_OFTEN = re.compile(r"every\b.*|(?:dai|week|month|year)ly|weekdays", re.ASCII)


class NoDay(ValueError):
    """What was typed is no day and no time, or may be several; the text says so, and what was probably meant."""

    def __init__(self, text: str, *suggestions: str, why: str = "", forms: str = FORMS) -> None:
        either = " or ".join(f"`{suggestion}`" for suggestion in suggestions)
        more = f"Did you mean {either}?" if either else "" if why else forms
        super().__init__(f"{text!r} {why or 'is not a day or a time'}. {more}".rstrip())
        self.suggestions = suggestions


@dataclass(frozen=True)
class When:
    """A day, as ISO 8601 has it, and a time of it, either of which may be missing."""

    day: str | None
    time: str | None = None

    def next(self, clock: Clock) -> "When":
        """Return it with a day: a time alone is the next that the clock will show."""
        if self.day or self.time is None:
            return self
        later = time.fromisoformat(self.time) <= clock.local.time()
        return When((clock.today + timedelta(days=later)).isoformat(), self.time)


def read(typed: str, clock: Clock) -> When | datetime:
    """Return what was typed: a day, a time, or both; or an instant, where it has an offset. Raises ``NoDay``."""
    text = _with_minutes(re.sub("^(?:on|by) ", "", " ".join(typed.lower().split())))
    if found := _INSTANT.fullmatch(text):
        return _instant(typed, found)
    if found := _TIME_FIRST.fullmatch(text) or _DAY_FIRST.fullmatch(text):
        at = _time(typed, found["time"])
        return When(_with_time(typed, found["day"], at, clock), at) if found["day"] else When(None, at)
    return _day(typed, text, clock)


def _with_minutes(text: str) -> str:
    """Return `tomorrow 17h` as `tomorrow 17:00`: beside a day the hour is o'clock."""
    found = _HOUR.fullmatch(text)
    day = found and " ".join(filter(None, (found["before"], found["behind"]))).strip()
    if not found or not day or (_COUNTED.match(day) and day != "at"):
        return text
    return f"{found['before'] or ''}{found['hour']}:00{found['behind'] or ''}"


def _with_time(typed: str, text: str, at: str, clock: Clock) -> str:
    """Return the day of a day and a time."""
    try:
        found = _day(text, text, clock)
    except NoDay as error:
        days = [suggestion for suggestion in error.suggestions if not has_time(suggestion, clock)]
        raise NoDay(typed, *(f"{day} {at}" for day in days)) from None
    if found.time:
        raise NoDay(typed, text, why="has two times")
    assert found.day
    return found.day


def has_time(text: str, clock: Clock) -> bool:
    """Say whether what can be read has a time. Raises ``NoDay``."""
    found = read(text, clock)
    return isinstance(found, datetime) or found.time is not None


def _instant(typed: str, found: re.Match[str]) -> datetime:
    day, at, offset = found.groups()
    try:
        return datetime.fromisoformat(f"{day}T{at}{offset.upper()}")
    except ValueError:
        raise NoDay(typed, why="is not in the calendar or not on the clock") from None


def _time(typed: str, text: str) -> str:
    """Return a time as ISO 8601."""
    if text in {"noon", "midday"}:
        return "12:00"
    found = _CLOCK.fullmatch(text)
    assert found
    hour, minute, second, half = int(found[1]), found[2] or "00", found[3], found[4]
    if half and not 1 <= hour <= 12:
        raise NoDay(typed, why="is not on the clock: before am and pm stand 1 to 12")
    hour = hour % 12 + 12 * (half == "p") if half else hour
    if hour > 23 or int(minute) > 59 or int(second or 0) > 59:
        raise NoDay(typed, why="is not on the clock")
    return ":".join(filter(None, (f"{hour:02}", minute, second)))


def _day(typed: str, text: str, clock: Clock) -> When:
    """Return a day; of what is counted from now, such as `in 2 hours`, also the time, in minutes."""
    if _ISO.fullmatch(text):
        return When(text)  # whether there is such a day is for the API to say
    if _OFTEN.fullmatch(text):
        raise NoDay(typed, why="says how often, which --repeat takes")
    if same := phrases.date(text):
        return _resolved(when(Token("WORD", same)), clock)
    for pattern, meaning in _PHRASES.items():
        if found := re.fullmatch(pattern, text, re.ASCII):
            return meaning(typed, found, clock)
    if text in ELSEWHERE or not text or not WORD.fullmatch(text):
        raise NoDay(typed, *of_day(text, clock))
    try:
        return _resolved(when(Token("WORD", text)), clock)
    except QueryError as error:
        suggestions = of_day(text, clock) or ([error.suggestion] if error.suggestion else [])
        raise NoDay(typed, *suggestions) from None


def _resolved(found: Date, clock: Clock) -> When:
    first = resolve(found, clock).first
    assert first
    from_now = isinstance(found, Relative) and found.base == "now"
    return When(first.local.date().isoformat(), first.local.strftime("%H:%M") if from_now else None)


def _of_clock(typed: str, found: re.Match[str], clock: Clock) -> When:
    """Read ``in 1h30m``: behind hours, m is minutes."""
    minutes = int(found["hours"]) * 60 + int(found["minutes"])
    if minutes > MOST:
        raise NoDay(typed)
    return _resolved(Relative("now", minutes, Unit.MINUTE), clock)


def _half(_typed: str, _found: re.Match[str], clock: Clock) -> When:
    """Read ``in half an hour``."""
    return _resolved(Relative("now", 30, Unit.MINUTE), clock)


def _last(_typed: str, found: re.Match[str], clock: Clock) -> When:
    """Read ``last friday``: the last such day before today."""
    behind = (clock.today.weekday() - _weekday(found[1]) - 1) % 7 + 1
    return When((clock.today - timedelta(days=behind)).isoformat())


def _of_next_week(_typed: str, found: re.Match[str], clock: Clock) -> When:
    """Read ``friday next week``: weeks begin with Monday."""
    days = 7 - clock.today.weekday() + _weekday(found[1] or found[2])
    return When((clock.today + timedelta(days=days)).isoformat())


def _of_a_month(typed: str, found: re.Match[str], clock: Clock) -> When:
    """Read ``27th``: the next such day, which may be today."""
    day, today = int(found[1]), clock.today
    firsts = [date(today.year + month // 12, month % 12 + 1, 1) for month in range(today.month - 1, today.month + 2)]
    days = (date_of(first.year, first.month, day) for first in firsts)
    if not (found_ := next((each for each in days if each and each >= today), None)):
        raise NoDay(typed, why="is not in the calendar")
    return When(found_.isoformat())


def _agreeing(typed: str, found: re.Match[str], clock: Clock) -> When:
    """Read ``fri, dec 4``: the weekday has to be that of the day."""
    if not (_ISO.fullmatch(found[2]) or any(month[:3] in found[2] for month in MONTHS)):
        raise NoDay(typed, *of_day(found[0], clock))
    day = _day(typed, found[2], clock)
    try:
        is_ = WEEKDAYS[date.fromisoformat(day.day or "").weekday()]
    except ValueError:  # whether there is such a day is for the API to say
        return day
    if is_ != phrases.DAYS[found[1]]:
        raise NoDay(typed, why=f"is a {is_.capitalize()}")
    return day


def _weekday(name: str) -> int:
    return WEEKDAYS.index(phrases.DAYS[name])


def _next(_typed: str, found: re.Match[str], clock: Clock) -> When:
    """Read ``next week``: the day with which it begins."""
    if found[1] == "week":
        return _resolved(Relative(WEEKDAYS[0]), clock)
    year, month = clock.today.year, clock.today.month
    first = date(year + 1, 1, 1) if found[1] == "year" or month == 12 else date(year, month + 1, 1)
    return When(first.isoformat())


def _end(_typed: str, found: re.Match[str], clock: Clock) -> When:
    """Read ``eom`` and ``eoy``."""
    year, month = clock.today.year, clock.today.month if found[1][0] == "m" else 12
    return When(date(year, month, monthrange(year, month)[1]).isoformat())


def _month_first(typed: str, found: re.Match[str], clock: Clock) -> When:
    """Read ``dec 1``."""
    return _of_month(typed, found[1], found[2], found[3], clock)


def _day_first(typed: str, found: re.Match[str], clock: Clock) -> When:
    """Read ``1 dec``."""
    if not months(found[2]):
        raise NoDay(typed, *of_day(" ".join(filter(None, found.groups())), clock))
    return _of_month(typed, found[2], found[1], found[3], clock)


def _of_month(typed: str, name: str, day: str, year: str | None, clock: Clock) -> When:
    """Return the day of a month in a year, without one the next such day, which may be today."""
    numbers = months(name)
    if not numbers:
        raise NoDay(typed, *of_month(name, day, year))
    found = next_such(numbers[0], int(day), clock.today) if year is None else date_of(int(year), numbers[0], int(day))
    if found is None:
        raise NoDay(typed, why="is not in the calendar")
    return When(found.isoformat())


def _ambiguous(typed: str, found: re.Match[str], clock: Clock) -> When:
    """Refuse ``next friday``, which is one friday to some, and another to others."""
    day = phrases.DAYS.get(found[1]) or near(found[1], WEEKDAYS)
    if day in WEEKDAYS:
        raise NoDay(typed, day, f"{day}+1w", why="may mean two days" if found[1] in phrases.DAYS else "")
    period = near(found[1], _PERIODS, NEAR_FOR_FEW) if found[0].startswith("next ") else None
    raise NoDay(typed, *([f"next {period}"] if period else of_day(found[0], clock)))


_PERIODS = ("week", "month", "year")
_ORDINAL = r"(\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?:,? (\d{4}))?"
_WEEKDAY = rf"({'|'.join(name for name, day in phrases.DAYS.items() if day in WEEKDAYS)})"
_PHRASES: Mapping[str, Callable[[str, re.Match[str], Clock], When]] = {
    r"in (?P<hours>\d{1,3}) ?(?:h|hrs?|hours?),?(?: and)? ?(?P<minutes>\d{1,2}) ?(?:m|mins?|minutes?)?": _of_clock,
    "in (?:a half|half(?: an?)?) hour": _half,
    "next (week|month|year)": _next,
    "eo(m|y)": _end,
    "end of (?:the )?(month|year)": _end,
    rf"last {_WEEKDAY}": _last,
    rf"{_WEEKDAY},? (?:of )?next week|next week,? (?:on )?{_WEEKDAY}": _of_next_week,
    r"(?:the )?(\d{1,2})(?:st|nd|rd|th)": _of_a_month,
    rf"([a-z]{{3,}})\.? (?:the )?{_ORDINAL}{_YEAR}": _month_first,
    rf"(?:the )?{_ORDINAL}\.? (?:of )?([a-z]{{3,}})\.?{_YEAR}": _day_first,
    "(?:next|this|coming) ([a-z]+)": _ambiguous,
    rf"{_WEEKDAY},? (.*\d.*)": _agreeing,
}
"""What filters do not read, and what it means; the first that fits counts."""
