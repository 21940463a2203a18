"""The days of a month or year that match a rule, as the bits of an integer.

Bit 1 is the first day. Bit 0 is the day before it and the bit after the last is the day after it: SKIP can move there.
"""

from calendar import isleap
from functools import lru_cache

from domain.recurrence.rule import Numbers, Rule, Skip

LENGTHS = ((31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31), (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31))
"""Of the months of a common year and of a leap year."""
BEFORE = tuple(tuple(sum(lengths[:month]) for month in range(12)) for lengths in LENGTHS)
"""The days of a common year and of a leap year before each month."""
_WEEKS = sum(1 << 7 * week for week in range(54))

Weekdays = tuple[tuple[int, int], ...]


def new_year(year: int) -> int:
    """Return the ordinal of a year's first day, also, unlike ``date``, of the years 0 and 10000."""
    past = year - 1
    return past * 365 + past // 4 - past // 100 + past // 400 + 1


def month_start(month: int) -> int:
    """Return the ordinal of the first day of a month, numbered from January of the year 0."""
    year, number = divmod(month, 12)
    return new_year(year) + BEFORE[isleap(year)][number]


def first_week(year: int, wkst: int) -> int:
    """Return the ordinal of the first day of a year's week 1, which has at least four days of it (ISO 8601)."""
    fourth = new_year(year) + 3  # of January: always in week 1
    return fourth - (fourth - 1 - wkst) % 7


@lru_cache(maxsize=256)
def offsets(bits: int) -> tuple[int, ...]:
    """Return which days the bits are, counted from the first, which is 0."""
    return tuple(place - 1 for place, bit in enumerate(bin(bits)[:1:-1]) if bit == "1")


def in_month(rule: Rule, first: int, length: int) -> int:
    """Return the days of a month that match, whichever month it is; ``first`` is the weekday of its first day."""
    bits = _ordinals(rule.bymonthday, length, rule.skip) if rule.bymonthday else _inside(length)
    return bits & _weekdays(rule.byday, first, length) if rule.byday else bits


def in_year(rule: Rule, first: int, *, leap: bool) -> int:
    """Return the days of a year that match, ignoring BYWEEKNO; ``first`` is the weekday of its first day."""
    length = 365 + leap
    if rule.bymonthday:
        bits = _month_days(rule, leap)
    elif rule.bymonth:
        bits = _months(rule.bymonth, leap)
    else:
        bits = -1 if rule.byyearday else _inside(length)
    if rule.byyearday:
        bits &= _ordinals(rule.byyearday, length, rule.skip)
    return bits & _weekdays_in_year(rule, first, leap) if rule.byday else bits


def in_week_year(rule: Rule, year: int) -> int:
    """Return the days of the weeks of a year that match, BYWEEKNO included; bit 1 is the first day of week 1."""
    begin = first_week(year, rule.wkst)
    weeks = (first_week(year + 1, rule.wkst) - begin) // 7
    bits = 0
    for each in (year - 1, year, year + 1):  # its weeks may reach into the years before and after
        first = new_year(each)
        days = in_year(rule, (first - 1) % 7, leap=isleap(each)) & _inside(365 + isleap(each))
        bits |= days << first - begin if first >= begin else days >> begin - first
    numbers = _ordinals(rule.byweekno, weeks, Skip.OMIT)
    return bits & sum(0b11111110 << 7 * (number - 1) for number in range(1, weeks + 1) if numbers >> number & 1)


def in_year_by_weeks(rule: Rule, year: int) -> int:
    """Return the days of a calendar year that match, BYWEEKNO included; bit 1 is 1 January."""
    begin, bits = new_year(year), 0
    for each in (year - 1, year, year + 1):  # its first and last days may be in weeks of other years
        shift = first_week(each, rule.wkst) - begin
        days = in_week_year(rule, each)
        bits |= days << shift if shift >= 0 else days >> -shift
    return bits & _inside(365 + isleap(year))


@lru_cache(maxsize=1024)
def _ordinals(numbers: Numbers, length: int, skip: Skip) -> int:
    """Return the numbers-th of ``length``, counted from either end; SKIP moves those beyond it."""
    bits = 0
    for number in numbers:
        place = number if number > 0 else length + 1 + number
        if 1 <= place <= length:
            bits |= 1 << place
        elif skip is Skip.BACKWARD:
            bits |= 1 << (length if number > 0 else 0)
        elif skip is Skip.FORWARD:
            bits |= 1 << (length + 1 if number > 0 else 1)
    return bits


def _inside(length: int) -> int:
    return (1 << length + 1) - 2


@lru_cache(maxsize=1024)
def _months(months: Numbers, leap: bool) -> int:
    return sum(_inside(LENGTHS[leap][month - 1]) << BEFORE[leap][month - 1] for month in months)


def _month_days(rule: Rule, leap: bool) -> int:
    """Return the days that BYMONTHDAY names in the rule's months, or in all."""
    bits = 0
    for month in rule.bymonth or range(1, 13):
        bits |= _ordinals(rule.bymonthday, LENGTHS[leap][month - 1], rule.skip) << BEFORE[leap][month - 1]
    return bits


@lru_cache(maxsize=1024)
def _weekdays(byday: Weekdays, first: int, length: int) -> int:
    """Return the weekdays, all or the numbered ones, of ``length`` days that begin with weekday ``first``."""
    bits = 0
    for day, which in byday:
        place = (day - first + 1) % 7  # bit 0 is the day before the first
        if which == 0:
            bits |= (_WEEKS << place) & ((1 << length + 2) - 1)
            continue
        place = (day - first) % 7 + 1
        place += 7 * (which - 1) if which > 0 else 7 * ((length - place) // 7 + which + 1)
        if 1 <= place <= length:
            bits |= 1 << place
    return bits


def _weekdays_in_year(rule: Rule, first: int, leap: bool) -> int:
    """Return the rule's weekdays; numbered ones are counted in each of its months, or in the year without BYMONTH."""
    numbered = tuple(each for each in rule.byday if each[1])
    if not (numbered and rule.bymonth):
        return _weekdays(rule.byday, first, 365 + leap)
    bits = _weekdays(tuple(each for each in rule.byday if not each[1]), first, 365 + leap)
    for month in rule.bymonth:
        before, length = BEFORE[leap][month - 1], LENGTHS[leap][month - 1]
        bits |= _weekdays(numbered, (first + before) % 7, length) << before
    return bits
