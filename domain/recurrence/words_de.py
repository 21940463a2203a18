"""Rules in German."""

from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from domain.recurrence.lacking import Lack
from domain.recurrence.language import Mode, Policy
from domain.recurrence.rule import Freq, Skip
from domain.recurrence.rule_phrases import Words

_ORDINALS = ("erst", "zweit", "dritt", "viert", "fünft", "sechst", "siebt", "acht", "neunt", "zehnt", "elft", "zwölft")
_FEMININE = {Freq.SECONDLY, Freq.MINUTELY, Freq.HOURLY, Freq.WEEKLY}


class German(Words):
    """German phrases."""

    units: ClassVar[dict[Freq, str]] = {
        Freq.SECONDLY: "Sekunde",
        Freq.MINUTELY: "Minute",
        Freq.HOURLY: "Stunde",
        Freq.DAILY: "Tag",
        Freq.WEEKLY: "Woche",
        Freq.MONTHLY: "Monat",
        Freq.YEARLY: "Jahr",
    }
    weekdays: ClassVar[Sequence[str]] = (
        *("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    )
    months: ClassVar[Sequence[str]] = (
        *("Januar", "Februar", "März", "April", "Mai", "Juni"),
        *("Juli", "August", "September", "Oktober", "November", "Dezember"),
    )
    conjunction = "und"
    span = "bis"
    modes: ClassVar[dict[Mode, str]] = {
        "schedule": "",
        "completion": ", ab Erledigung",
        "calendar": ", erledigt oder nicht",
    }
    policies: ClassVar[dict[Policy, str]] = {
        "skip": "",
        "latest": ", von versäumten den letzten",
        "each": ", auch jeden versäumten",
    }
    skips: ClassVar[dict[Skip, str]] = {
        Skip.BACKWARD: ", oder am letzten Tag davor, wo es ihn nicht gibt",
        Skip.FORWARD: ", oder am ersten Tag danach, wo es ihn nicht gibt",
    }

    def every(self, freq: Freq, interval: int, weekday: str | None) -> str:
        """Return "jede zweite Woche"."""
        if weekday or freq not in {*_FEMININE, Freq.YEARLY}:
            every, ending = "jeden", "en"
        else:
            every, ending = ("jede", "e") if freq in _FEMININE else ("jedes", "e")
        which = "" if interval == 1 else f"{_ordinal(interval, ending)} "
        return f"{every} {which}{weekday or self.units[freq]}"

    def position(self, number: int) -> str:
        """Return "ersten", "letzten", "vorletzten"."""
        return _which(number)

    def day_number(self, number: int) -> str:
        """Return "31.", "letzten Tag"."""
        return f"{number}." if number > 0 else f"{_which(number)} Tag"

    def month_days(self, days: str, *, of_month: bool) -> str:
        """Return " am 31."."""
        return f" am {days}{' des Monats' if of_month else ''}"

    def year_days(self, days: str) -> str:
        """Return " am ersten Tag des Jahres"."""
        return f" am {days} Tag des Jahres"

    def weeks(self, weeks: str) -> str:
        """Return " in der 20. Woche des Jahres"."""
        return f" in der {weeks} Woche des Jahres"

    def in_months(self, months: str) -> str:
        """Return " im März und Juni"."""
        return f" im {months}"

    def date_of_year(self, day: int, month: int) -> str:
        """Return " am 29. Februar"."""
        return f" am {day}. {self.months[month - 1]}"

    def plain_weekday(self, weekday: str, *, alone: bool) -> str:
        """Return "Montag" or "jedem Montag"."""
        return weekday if alone else f"jedem {weekday}"

    def numbered_weekday(self, which: int, weekday: str) -> str:
        """Return "dem zweiten Dienstag"."""
        return f"dem {_which(which)} {weekday}"

    def weekday_span(self, first: str, last: str, *, alone: bool) -> str:
        """Return "von Montag bis Freitag"."""
        return f"{'' if alone else 'jedem Tag '}von {first} bis {last}"

    def on_weekdays(self, weekdays: str) -> str:
        """Return " am Montag und Freitag", " an jedem Montag", " am zweiten Dienstag"."""
        if weekdays.startswith("dem "):
            return f" am {weekdays[4:]}"
        if weekdays.startswith("von "):
            return f" {weekdays}"
        return f" {'an' if weekdays.startswith('jedem ') else 'am'} {weekdays}"

    def if_weekday(self, weekdays: str) -> str:
        """Return ", wenn das ein Freitag ist"."""
        return f", wenn das {weekdays.replace('jedem ', 'ein ').replace('dem ', 'der ').replace('ten ', 'te ')} ist"

    def scope(self, *, year: bool) -> str:
        """Return " des Monats"."""
        return " des Jahres" if year else " des Monats"

    def only(self, phrase: str) -> str:
        """Return ", nur im März"."""
        return f", nur{phrase}"

    def at_times(self, moments: str) -> str:
        """Return " um 09:00 Uhr"."""
        return f" um {moments} Uhr"

    def units_of_time(self, unit: str, numbers: str, *, many: bool) -> str:
        """Return " in den Stunden 9 bis 16", " in Minute 30"."""
        name = {"hour": "Stunde", "minute": "Minute", "second": "Sekunde"}[unit]
        return f" in {f'den {name}n' if many else name} {numbers}"

    def chosen(self, places: str) -> str:
        """Return ", davon nur den letzten Termin"."""
        return f", davon nur den {places} Termin"

    def zone(self, city: str) -> str:
        """Return ", Zeit in Paris"."""
        return ", UTC" if city == "UTC" else f", Zeit in {city}"

    def week_start(self, weekday: str) -> str:
        """Return ", mit Wochen ab Sonntag"."""
        return f", mit Wochen ab {weekday}"

    def count(self, number: int) -> str:
        """Return ", 10-mal"."""
        return ", einmal" if number == 1 else f", {number}-mal"

    def until(self, last: datetime, precision: str) -> str:
        """Return ", bis 31. Dezember 2026"."""
        day = f", bis {last.day}. {self.months[last.month - 1]} {last.year}"
        return day if precision == "day" else f"{day} um {last:%H:%M:%S}{' UTC' if precision == 'utc' else ' Uhr'}"

    def dates(self, further: int, exceptions: int) -> str:
        """Return ", dazu an 2 weiteren Terminen, außer an einem"."""
        text = f", dazu an {_several(further)} weiteren Termin{'en' if further > 1 else ''}" if further else ""
        return text + (f", außer an {_several(exceptions)}" if exceptions else "")

    def lacks(self, lack: Lack) -> str:
        """Return "Februar 2026 hat keinen Tag 31.", "Februar 2026 hat keinen fünften Montag."."""
        period = f"{self.months[lack.month - 1]} {lack.year}" if lack.month else f"{lack.year}"
        day = f"Tag {lack.number}" if lack.weekday is None else f"{_which(lack.number)} {self.weekdays[lack.weekday]}"
        return f"{period} hat keinen {day}."

    def skipped(self, zone: str, time: str, same: str | None) -> str:
        """Return "Die Uhren in Europe/Paris überspringen dann 02:30:00."."""
        if same is None:
            return f"Die Uhren in {zone} überspringen dann {time}."
        return f"Die Uhren in {zone} überspringen ihn: Sein Zeitpunkt ist {same}, ein anderer Termin."

    def excepted(self) -> str:
        """Return "Er ist eine Ausnahme von der Regel."."""
        return "Er ist eine Ausnahme von der Regel."


def _several(number: int) -> str:
    return "einem" if number == 1 else str(number)


def _ordinal(number: int, ending: str) -> str:
    return f"{_ORDINALS[number - 1]}{ending}" if number <= len(_ORDINALS) else f"{number}."


def _which(number: int) -> str:
    if number > 0:
        return _ordinal(number, "en")
    if number >= -2:
        return "letzten" if number == -1 else "vorletzten"
    return f"{_ORDINALS[-number - 1]}letzten" if -number <= len(_ORDINALS) else f"{-number}.-letzten"
