"""What a language says of recurrence rules: its phrases, composed in ``rule_phrases``."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar, Literal

from domain.recurrence.lacking import Lack
from domain.recurrence.rule import Freq, Skip

Mode = Literal["schedule", "completion", "calendar"]
"""What the next occurrence follows from: the schedule, the completion of the last one, or the calendar alone."""
Policy = Literal["skip", "latest", "each"]
"""Which of the occurrences that have passed opens: none, the latest, or each."""


class Language(ABC):
    """The phrases of a language."""

    units: ClassVar[dict[Freq, str]]
    weekdays: ClassVar[Sequence[str]]
    months: ClassVar[Sequence[str]]
    conjunction: ClassVar[str]
    span: ClassVar[str]
    modes: ClassVar[dict[Mode, str]]
    policies: ClassVar[dict[Policy, str]]
    skips: ClassVar[dict[Skip, str]]

    @abstractmethod
    def every(self, freq: Freq, interval: int, weekday: str | None) -> str:
        """Return the period, or the one weekday, and which ones of them."""

    @abstractmethod
    def position(self, number: int) -> str:
        """Return which one it is, counted from either end."""

    @abstractmethod
    def day_number(self, number: int) -> str:
        """Return a day of a month, counted from either end."""

    @abstractmethod
    def month_days(self, days: str, *, of_month: bool) -> str:
        """Return "on" days of the month."""

    @abstractmethod
    def year_days(self, days: str) -> str:
        """Return "on" days of the year."""

    @abstractmethod
    def weeks(self, weeks: str) -> str:
        """Return "in" weeks of the year."""

    @abstractmethod
    def in_months(self, months: str) -> str:
        """Return "in" months."""

    @abstractmethod
    def date_of_year(self, day: int, month: int) -> str:
        """Return "on" a date of every year."""

    @abstractmethod
    def plain_weekday(self, weekday: str, *, alone: bool) -> str:
        """Return a weekday: of one week (``alone``), or every one of a longer period."""

    @abstractmethod
    def numbered_weekday(self, which: int, weekday: str) -> str:
        """Return which one of a weekday."""

    @abstractmethod
    def weekday_span(self, first: str, last: str, *, alone: bool) -> str:
        """Return weekdays in a row."""

    @abstractmethod
    def on_weekdays(self, weekdays: str) -> str:
        """Return "on" weekdays."""

    @abstractmethod
    def if_weekday(self, weekdays: str) -> str:
        """Return that a day counts only if it is a weekday."""

    @abstractmethod
    def scope(self, *, year: bool) -> str:
        """Return what weekdays are counted in."""

    @abstractmethod
    def only(self, phrase: str) -> str:
        """Return a phrase that limits."""

    @abstractmethod
    def at_times(self, moments: str) -> str:
        """Return "at" times of day."""

    @abstractmethod
    def units_of_time(self, unit: str, numbers: str, *, many: bool) -> str:
        """Return hours, minutes or seconds by their numbers."""

    @abstractmethod
    def chosen(self, places: str) -> str:
        """Return that only some of a period count."""

    @abstractmethod
    def zone(self, city: str) -> str:
        """Return whose clocks it means."""

    @abstractmethod
    def week_start(self, weekday: str) -> str:
        """Return on which day weeks begin."""

    @abstractmethod
    def count(self, number: int) -> str:
        """Return how many times it recurs."""

    @abstractmethod
    def until(self, last: datetime, precision: str) -> str:
        """Return when it ends: by the ``day``, by the ``local`` time, or by the time in ``utc``."""

    @abstractmethod
    def dates(self, further: int, exceptions: int) -> str:
        """Return how many further dates and exceptions there are."""

    @abstractmethod
    def lacks(self, lack: Lack) -> str:
        """Return the sentence that a month, or a year, has no such day or weekday."""

    @abstractmethod
    def skipped(self, zone: str, time: str, same: str | None) -> str:
        """Return the sentence that clocks skip a time; with ``same``, that its instant is that of another."""

    @abstractmethod
    def excepted(self) -> str:
        """Return the sentence that it is an exception."""
