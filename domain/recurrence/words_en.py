"""Rules in English."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from domain.recurrence.lacking import Lack
from domain.recurrence.language import Mode, Policy
from domain.recurrence.rule import Freq, Skip
from domain.recurrence.rule_phrases import Words

_ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")


class English(Words):
    """English phrases."""

    units: ClassVar[dict[Freq, str]] = {
        Freq.SECONDLY: "second",
        Freq.MINUTELY: "minute",
        Freq.HOURLY: "hour",
        Freq.DAILY: "day",
        Freq.WEEKLY: "week",
        Freq.MONTHLY: "month",
        Freq.YEARLY: "year",
    }
    weekdays: ClassVar[Sequence[str]] = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    months: ClassVar[Sequence[str]] = (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    )
    conjunction = "and"
    span = "to"
    modes: ClassVar[dict[Mode, str]] = {
        "schedule": "",
        "completion": ", from completion",
        "calendar": ", completed or not",
    }
    policies: ClassVar[dict[Policy, str]] = {
        "skip": "",
        "latest": ", of missed ones the latest",
        "each": ", also each missed one",
    }
    skips: ClassVar[dict[Skip, str]] = {
        Skip.BACKWARD: ", or the last day before it where there is none",
        Skip.FORWARD: ", or the first day after it where there is none",
    }

    def every(self, freq: Freq, interval: int, weekday: str | None) -> str:
        """Return "every second week"."""
        which = "" if interval == 1 else f"{_ordinal(interval)} "
        return f"every {which}{weekday or self.units[freq]}"

    def position(self, number: int) -> str:
        """Return "the first", "the last", "the second to last"."""
        return f"the {_which(number)}"

    def day_number(self, number: int) -> str:
        """Return "the 31st", "the last day"."""
        return f"the {_numeral(number)}" if number > 0 else f"the {_which(number)} day"

    def month_days(self, days: str, *, of_month: bool) -> str:
        """Return " on the 31st"."""
        return f" on {days}{' of the month' if of_month else ''}"

    def year_days(self, days: str) -> str:
        """Return " on the first day of the year"."""
        return f" on {days} day of the year"

    def weeks(self, weeks: str) -> str:
        """Return " in the 20th week of the year"."""
        return f" in {weeks} week of the year"

    def in_months(self, months: str) -> str:
        """Return " in March and June"."""
        return f" in {months}"

    def date_of_year(self, day: int, month: int) -> str:
        """Return " on 29 February"."""
        return f" on {day} {self.months[month - 1]}"

    def plain_weekday(self, weekday: str, *, alone: bool) -> str:
        """Return "Monday" or "every Monday"."""
        return weekday if alone else f"every {weekday}"

    def numbered_weekday(self, which: int, weekday: str) -> str:
        """Return "the second Tuesday"."""
        return f"the {_which(which)} {weekday}"

    def weekday_span(self, first: str, last: str, *, alone: bool) -> str:
        """Return "from Monday to Friday"."""
        return f"{'' if alone else 'every day '}from {first} to {last}"

    def on_weekdays(self, weekdays: str) -> str:
        """Return " on Monday and Friday"."""
        return f" {weekdays}" if weekdays.startswith("from") else f" on {weekdays}"

    def if_weekday(self, weekdays: str) -> str:
        """Return ", if that is a Friday"."""
        return f", if that is {weekdays.replace('every ', 'a ')}"

    def scope(self, *, year: bool) -> str:
        """Return " of the month"."""
        return " of the year" if year else " of the month"

    def only(self, phrase: str) -> str:
        """Return ", only in March"."""
        return f", only{phrase}"

    def at_times(self, moments: str) -> str:
        """Return " at 09:00"."""
        return f" at {moments}"

    def units_of_time(self, unit: str, numbers: str, *, many: bool) -> str:
        """Return " in hours 9 to 16", " at minute 30"."""
        return f" {'in' if unit == 'hour' else 'at'} {unit}{'s' if many else ''} {numbers}"

    def chosen(self, places: str) -> str:
        """Return ", of these only the last"."""
        return f", of these only {places}"

    def zone(self, city: str) -> str:
        """Return ", Paris time"."""
        return ", UTC" if city == "UTC" else f", {city} time"

    def week_start(self, weekday: str) -> str:
        """Return ", with weeks from Sunday"."""
        return f", with weeks from {weekday}"

    def count(self, number: int) -> str:
        """Return ", 10 times"."""
        return ", once" if number == 1 else f", {number} times"

    def until(self, last: datetime, precision: str) -> str:
        """Return ", until 31 December 2026"."""
        day = f", until {last.day} {self.months[last.month - 1]} {last.year}"
        return day if precision == "day" else f"{day} at {last:%H:%M:%S}{' UTC' if precision == 'utc' else ''}"

    def dates(self, further: int, exceptions: int) -> str:
        """Return ", and on 2 further dates, except on one"."""
        text = f", and on {_several(further)} further date{'s' if further > 1 else ''}" if further else ""
        return text + (f", except on {_several(exceptions)}" if exceptions else "")

    def lacks(self, lack: Lack) -> str:
        """Return "February 2026 has no day 31.", "February 2026 has no fifth Monday."."""
        period = f"{self.months[lack.month - 1]} {lack.year}" if lack.month else f"{lack.year}"
        day = f"day {lack.number}" if lack.weekday is None else f"{_which(lack.number)} {self.weekdays[lack.weekday]}"
        return f"{period} has no {day}."

    def skipped(self, zone: str, time: str, same: str | None) -> str:
        """Return "The clocks in Europe/Paris skip 02:30:00 then."."""
        if same is None:
            return f"The clocks in {zone} skip {time} then."
        return f"The clocks in {zone} skip it: its instant is {same}, which is another."

    def excepted(self) -> str:
        """Return "It is an exception of the rule."."""
        return "It is an exception of the rule."


def _several(number: int) -> str:
    return "one" if number == 1 else str(number)


def _ordinal(number: int) -> str:
    return _ORDINALS[number - 1] if number <= len(_ORDINALS) else _numeral(number)


def _numeral(number: int) -> str:
    ending = "th" if number // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def _which(number: int) -> str:
    if number > 0:
        return _ordinal(number)
    return "last" if number == -1 else f"{_ordinal(-number)} to last"
