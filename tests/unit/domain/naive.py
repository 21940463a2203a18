"""A naive oracle of recurrence rules: every day and every time of a window is looked at, by what the RFC says of it.

It shares nothing with the engine: it reads a rule's text itself, asks each day for its month, week and year by walking
over them, and finds instants by trying a zone's offsets.
"""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import product

DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
SHORT = {"HOURLY": 3600, "MINUTELY": 60, "SECONDLY": 1}
DAY = timedelta(days=1)


class Naive:
    """A rule and its start."""

    def __init__(self, text, start):
        self.parts = dict(part.split("=") for part in text.split(";"))
        self.freq, self.start = self.parts["FREQ"], start
        self.interval = int(self.parts.get("INTERVAL", 1))
        self.wkst = DAYS.index(self.parts.get("WKST", "MO"))
        self._numbers = {
            name: [int(each) for each in value.split(",")]
            for name, value in self.parts.items()
            if name.startswith("BY") and name != "BYDAY"
        }
        self._by_month = bool(self._numbers.get("BYMONTH"))
        self.weekdays = [(DAYS.index(each[-2:]), int(each[:-2] or 0)) for each in self._list("BYDAY")]
        if not {"BYDAY", "BYMONTHDAY", "BYYEARDAY"} & self.parts.keys():
            self._fill()

    def until(self, end):
        """The moments from the start to before ``end``."""
        periods = defaultdict(set)
        for day, period in self._days(end):
            for moment in self._times(day):
                periods[period if self.freq not in SHORT else self._slot(moment)].add(moment)
        origin = self._origin(periods)
        found = set()
        for period, moments in periods.items():
            if period >= origin and (period - origin) % self.interval == 0:
                found |= set(self._places(sorted(moments)))
        return sorted(moment for moment in found if self.start <= moment < end)

    def numbers(self, name):
        return self._numbers.get(name, [])

    def _list(self, name):
        return self.parts[name].split(",") if name in self.parts else []

    def _fill(self):
        match self.freq:
            case "YEARLY" if "BYWEEKNO" in self.parts:
                self.weekdays = [(self.start.weekday(), 0)]
            case "YEARLY":
                self._numbers.setdefault("BYMONTH", [self.start.month])
                self._numbers["BYMONTHDAY"] = [self.start.day]
            case "MONTHLY":
                self._numbers["BYMONTHDAY"] = [self.start.day]
            case "WEEKLY":
                self.weekdays = [(self.start.weekday(), 0)]

    def _days(self, end):
        """Each day that matches, with its period; a little before the start, as BYSETPOS counts whole periods."""
        day, last = self.start.date() - 400 * DAY, end.date() + 400 * DAY
        if self.freq in {"DAILY", *SHORT}:
            day, last = self.start.date(), end.date()
        skip = self.parts.get("SKIP", "OMIT") if self.freq in {"MONTHLY", "YEARLY"} else "OMIT"
        while day <= last:
            if skip == "OMIT":
                if self._fits(day):
                    yield day, self._period(day)
            elif self._starts_period(day):
                yield from ((each, self._period(day)) for each in self._moved(day, skip) if self._fits_weekday(each))
            day += DAY

    def _starts_period(self, day):
        return day.day == 1 and (self.freq == "MONTHLY" or day.month == 1)

    def _moved(self, first, skip):
        """The days that a month's or year's numbers name, where one that it lacks is moved."""
        months = [first] if self.freq == "MONTHLY" else [first.replace(month=month) for month in range(1, 13)]
        if self.numbers("BYYEARDAY"):
            yield from _numbered(first, first.replace(year=first.year + 1), self.numbers("BYYEARDAY"), skip)
            return
        for month in months:
            if self.numbers("BYMONTH") and month.month not in self.numbers("BYMONTH"):
                continue
            following = (month.replace(day=28) + 4 * DAY).replace(day=1)
            numbers = self.numbers("BYMONTHDAY") or range(1, (following - month).days + 1)
            yield from _numbered(month, following, numbers, skip)

    def _fits(self, day):
        return (
            (not self.numbers("BYMONTH") or day.month in self.numbers("BYMONTH"))
            and (not self.numbers("BYMONTHDAY") or _nth(day, _month(day)) & set(self.numbers("BYMONTHDAY")))
            and (not self.numbers("BYYEARDAY") or _nth(day, _year(day)) & set(self.numbers("BYYEARDAY")))
            and (not self.numbers("BYWEEKNO") or self._week(day)[1] & set(self.numbers("BYWEEKNO")))
            and self._fits_weekday(day)
        )

    def _fits_weekday(self, day):
        if not self.weekdays:
            return True
        scope = _month(day) if self.freq == "MONTHLY" or self._by_month else _year(day)
        alike = [each for each in scope if each.weekday() == day.weekday()]
        return any(
            weekday == day.weekday() and (not which or which in _nth(day, alike)) for weekday, which in self.weekdays
        )

    def _week(self, day):
        """A day's year of weeks, and its week's numbers in it: a week is of the year that its fourth day is in."""
        fourth = day - DAY * ((day.weekday() - self.wkst) % 7) + 3 * DAY
        weeks = [each for each in _year(fourth) if each.weekday() == fourth.weekday()]
        return fourth.year, _nth(fourth, weeks)

    def _period(self, day):
        match self.freq:
            case "YEARLY":
                return self._week(day)[0] if "BYWEEKNO" in self.parts else day.year
            case "MONTHLY":
                return day.year * 12 + day.month
            case "WEEKLY":
                return (day - DAY * ((day.weekday() - self.wkst) % 7)).toordinal() // 7
        return day.toordinal()

    def _slot(self, moment):
        return int((moment - datetime(1, 1, 1)).total_seconds()) // SHORT[self.freq]  # noqa: DTZ001

    def _origin(self, periods):
        if self.freq in SHORT:
            return self._slot(self.start)
        origin = self._period(self.start.date())
        left = any(moment.date() >= self.start.date() for moment in periods.get(origin, set()))
        return origin if left or "BYWEEKNO" not in self.parts else self.start.year

    def _times(self, day):
        units = [("BYHOUR", 24, "hour"), ("BYMINUTE", 60, "minute"), ("BYSECOND", 60, "second")]
        every = {"HOURLY": 1, "MINUTELY": 2, "SECONDLY": 3}.get(self.freq, 0)
        choices = [
            self.numbers(name) or (range(most) if place < every else [getattr(self.start, of)])
            for place, (name, most, of) in enumerate(units)
        ]
        midnight = datetime(day.year, day.month, day.day)  # noqa: DTZ001
        return [midnight.replace(hour=h, minute=m, second=s) for h, m, s in product(*choices)]

    def _places(self, moments):
        places = self.numbers("BYSETPOS")
        return [each for each in moments if _nth(each, moments) & set(places)] if places else moments


def _numbered(first, end, numbers, skip):
    for number in numbers:
        day = first + (number - 1) * DAY if number > 0 else end + number * DAY
        if first <= day < end:
            yield day
        elif number > 0:
            yield end - DAY if skip == "BACKWARD" else end
        else:
            yield first - DAY if skip == "BACKWARD" else first


def _nth(one, each):
    place = each.index(one)
    return {place + 1, place - len(each)}


def _month(day):
    return _days_of(day.year, day.month)


def _year(day):
    return _days_of(day.year, None)


@cache
def _days_of(year, month):
    days = [date(year, 1, 1) + n * DAY for n in range(366)]
    return [day for day in days if day.year == year and month in {None, day.month}]


def instant(local, zone):
    """The instant of a local time: the first of those whose clocks show it, or by the offset before a gap."""
    utc = local.replace(tzinfo=UTC)
    near = [utc + timedelta(hours=hours) for hours in range(-49, 50)]
    offsets = sorted({each.astimezone(zone).utcoffset() for each in near}, reverse=True)
    for offset in offsets:
        if (utc - offset).astimezone(zone).replace(tzinfo=None, fold=0) == local:
            return utc - offset
    before = max(each for each in near if each.astimezone(zone).replace(tzinfo=None) < local)
    return utc - before.astimezone(zone).utcoffset()
