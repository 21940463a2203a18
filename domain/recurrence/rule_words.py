"""Recurrence rules in words, in English and German."""

from collections.abc import Mapping
from typing import Literal, get_args

from domain.recurrence.language import Mode, Policy
from domain.recurrence.rule import Rule, parse
from domain.recurrence.rule_phrases import Words
from domain.recurrence.sets import RecurrenceSet
from domain.recurrence.words_de import German
from domain.recurrence.words_en import English
from schemas.records import Due, Missed, Recurrence, Repeats

Language = Literal["en", "de"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

WORDS: Mapping[Language, Words] = {"en": English(), "de": German()}


def describe(rule: Rule, start: Due | None = None, *, mode: Mode = "schedule", language: Language = "en") -> str:
    """Return a rule in words: "Every second Tuesday at 09:00, Paris time, from completion".

    ``start`` gives the day and time that a rule doesn't name, and the zone.
    """
    return WORDS[language].sentence(rule, start, mode)


def describe_set(
    found: RecurrenceSet, *, mode: Mode = "schedule", missed: Policy = "skip", language: Language = "en"
) -> str:
    """Return the rule of a set in words, and how many further dates and exceptions it has; empty without a rule."""
    words = WORDS[language]
    dates = words.dates(len(found.rdates), len(found.exdates))
    return words.sentence(found.rule, found.start, mode, dates) + words.policies[missed] if found.rule else ""


def describe_series(recurrence: Recurrence, language: Language = "en") -> str:
    """Return the rule of a series in words, with what its next occurrence follows from, and its policy."""
    found = RecurrenceSet(recurrence.start, parse(recurrence.rrule), recurrence.rdates, recurrence.exdates)
    return describe_set(found, mode=_MODES[recurrence.repeats], missed=_POLICIES[recurrence.missed], language=language)


_MODES: Mapping[Repeats, Mode] = {
    Repeats.SCHEDULE: "schedule",
    Repeats.COMPLETION: "completion",
    Repeats.CALENDAR: "calendar",
}
_POLICIES: Mapping[Missed, Policy] = {Missed.SKIP: "skip", Missed.LATEST: "latest", Missed.EACH: "each"}
