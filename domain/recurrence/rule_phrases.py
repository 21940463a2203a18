"""A rule in words, whatever the language: which phrases it has, and in which order.

Two rules that differ differ in words, so no part is left out.
"""

from abc import ABC
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import product

from domain import times
from domain.recurrence.filling import with_day_of, with_time_of
from domain.recurrence.language import Language, Mode
from domain.recurrence.rule import Freq, Numbers, Rule, Skip
from schemas.records import Due

_LISTED = 8
"""The most times of day that are listed; more are described by hours, minutes and seconds."""


class Words(Language, ABC):
    """Composes the phrases of a language."""

    def sentence(self, rule: Rule, start: Due | None, mode: Mode, dates: str = "") -> str:
        """Return a rule in words, with the day, the time and the zone of its start, if it has one; ``dates`` follow."""
        rule = with_day_of(rule, times.local(start)) if start else rule
        filled = with_time_of(rule, times.local(start)) if start and start.time else rule
        city = start.zone.rpartition("/")[2].replace("_", " ") if start and start.zone else None
        phrases = [
            self._head(rule),
            *self._clock(filled, rule),
            *self._limits(rule),
            *([self.zone(city)] if city else []),
        ]
        text = "".join([*phrases, *self._ends(rule), dates, self.modes[mode]])
        return text[0].upper() + text[1:]

    def _head(self, rule: Rule) -> str:
        """Return how often it recurs and, of weeks, months and years, on which days."""
        if rule.freq is Freq.WEEKLY and len(rule.byday) == 1:
            return self.every(rule.freq, rule.interval, self.weekdays[rule.byday[0][0]])
        head = self.every(rule.freq, rule.interval, None)
        if rule.freq < Freq.WEEKLY:
            return head
        head += self._in_year(rule) if rule.freq is Freq.YEARLY else ""
        if rule.bymonthday and not _is_one_date(rule):
            head += self._month_days(rule)
        limits = rule.bymonthday or rule.byyearday
        return head + (self.on_weekdays(self._weekdays(rule)) if rule.byday and not limits else "")

    def _in_year(self, rule: Rule) -> str:
        if _is_one_date(rule):
            return self.date_of_year(rule.bymonthday[0], rule.bymonth[0])
        text = self._months(rule) if rule.bymonth else ""
        text += self.weeks(self._places(rule.byweekno)) if rule.byweekno else ""
        return text + (self.year_days(self._places(rule.byyearday)) if rule.byyearday else "")

    def _limits(self, rule: Rule) -> Iterator[str]:
        """Yield what leaves out some of its days, or moves one."""
        if rule.byday and (rule.bymonthday or rule.byyearday) and rule.freq > Freq.DAILY:
            yield self.if_weekday(self._weekdays(rule))
        if rule.freq < Freq.WEEKLY:
            yield from map(self.only, self._days(rule))
        if rule.freq < Freq.YEARLY and rule.bymonth:
            yield self.only(self._months(rule))
        if rule.bysetpos:
            yield self.chosen(self._places(rule.bysetpos))
        if rule.skip is not Skip.OMIT:
            yield self.skips[rule.skip]

    def _days(self, rule: Rule) -> Iterator[str]:
        if rule.byday:
            yield self.on_weekdays(self._weekdays(rule))
        if rule.bymonthday:
            yield self._month_days(rule)
        if rule.byyearday:
            yield self.year_days(self._places(rule.byyearday))

    def _clock(self, rule: Rule, written: Rule) -> Iterator[str]:
        """Yield its times of day; zeros that only its start gives are left out of longer descriptions."""
        if rule.freq > Freq.HOURLY and rule.byhour and rule.byminute:
            listed = _clock_times(rule, seconds=bool(written.bysecond) or any(rule.bysecond))
            if len(listed) <= _LISTED:
                yield self.at_times(self._list(listed))
                return
        for freq, unit in ((Freq.HOURLY, "hour"), (Freq.MINUTELY, "minute"), (Freq.SECONDLY, "second")):
            numbers: Numbers = getattr(rule, f"by{unit}")
            if numbers and (numbers != (0,) or getattr(written, f"by{unit}")):
                phrase = self.units_of_time(unit, self._numbers(numbers), many=len(numbers) > 1)
                yield self.only(phrase) if rule.freq <= freq else phrase

    def _ends(self, rule: Rule) -> Iterator[str]:
        if rule.wkst:
            yield self.week_start(self.weekdays[rule.wkst])
        if rule.count:
            yield self.count(rule.count)
        if rule.until:
            yield self.until(datetime.fromisoformat(rule.until.rstrip("Z")), _precision(rule.until))

    def _month_days(self, rule: Rule) -> str:
        days = self._numbers(_in_order(rule.bymonthday), self.day_number)
        return self.month_days(days, of_month=rule.freq < Freq.WEEKLY)

    def _months(self, rule: Rule) -> str:
        return self.in_months(self._list(self.months[month - 1] for month in rule.bymonth))

    def _places(self, numbers: Numbers) -> str:
        return self._list(map(self.position, _in_order(numbers)))

    def _weekdays(self, rule: Rule) -> str:
        """Return weekdays, those in a row as a span, and numbered ones with what they are counted in."""
        plain = [day for day, which in rule.byday if not which]
        numbered = sorted(((which, day) for day, which in rule.byday if which), key=lambda each: (each[0] < 0, each))
        names = [self.numbered_weekday(which, self.weekdays[day]) for which, day in numbered]
        if len(plain) == len(rule.byday) and len(plain) > 2 and plain == list(range(plain[0], plain[-1] + 1)):
            ends = self.weekdays[plain[0]], self.weekdays[plain[-1]]
            return self.weekday_span(*ends, alone=rule.freq < Freq.MONTHLY)
        every = [self.plain_weekday(self.weekdays[day], alone=rule.freq < Freq.MONTHLY) for day in plain]
        scope = self.scope(year=rule.freq is Freq.YEARLY and not rule.bymonth) if numbered else ""
        return self._list([*every, *names]) + scope

    def _list(self, items: Iterable[str]) -> str:
        *most, last = items
        return f"{', '.join(most)} {self.conjunction} {last}" if most else last

    def _numbers(self, numbers: Iterable[int], render: Callable[[int], str] = str) -> str:
        """Return numbers, three or more in a row as a span."""
        runs: list[list[int]] = []
        for number in numbers:
            if runs and runs[-1][-1] == number - 1:
                runs[-1].append(number)
            else:
                runs.append([number])
        spans = ([(run[0], run[-1])] if len(run) > 2 else [(each, each) for each in run] for run in runs)
        return self._list(self._span(render(first), render(last)) for span in spans for first, last in span)

    def _span(self, first: str, last: str) -> str:
        return first if first == last else f"{first} {self.span} {last}"


def _clock_times(rule: Rule, *, seconds: bool) -> list[str]:
    texts = (f"{hour:02}:{minute:02}" for hour, minute in product(rule.byhour, rule.byminute))
    return [f"{text}:{second:02}" for text in texts for second in rule.bysecond] if seconds else list(texts)


def _in_order(numbers: Numbers) -> list[int]:
    """Return numbers in the order of their days, those counted from the end last."""
    return sorted(numbers, key=lambda number: (number < 0, number))


def _is_one_date(rule: Rule) -> bool:
    """Return whether a YEARLY rule names one day of one month."""
    parts = rule.byyearday, rule.byweekno, rule.freq is not Freq.YEARLY
    return not any(parts) and len(rule.bymonth) == len(rule.bymonthday) == 1 and rule.bymonthday[0] > 0


def _precision(until: str) -> str:
    return "day" if "T" not in until else "utc" if until.endswith("Z") else "local"
