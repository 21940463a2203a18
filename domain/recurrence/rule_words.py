"""Recurrence rules in words, in English and German."""

from collections.abc import Mapping
from typing import Literal, get_args

from domain.recurrence.language import Mode
from domain.recurrence.rule import Rule
from domain.recurrence.rule_phrases import Words
from domain.recurrence.sets import RecurrenceSet
from domain.recurrence.words_de import German
from domain.recurrence.words_en import English
from schemas.records import Due

Language = Literal["en", "de"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

WORDS: Mapping[Language, Words] = {"en": English(), "de": German()}


def describe(rule: Rule, start: Due | None = None, *, mode: Mode = "schedule", language: Language = "en") -> str:
    """Return a rule in words: "Every second Tuesday at 09:00, Paris time, from completion".

    ``start`` gives the day and time that a rule doesn't name, and the zone.
    """
    return WORDS[language].sentence(rule, start, mode)


def describe_set(found: RecurrenceSet, *, mode: Mode = "schedule", language: Language = "en") -> str:
    """Return the rule of a set in words, and how many further dates and exceptions it has; empty without a rule."""
    words = WORDS[language]
    dates = words.dates(len(found.rdates), len(found.exdates))
    return words.sentence(found.rule, found.start, mode, dates) if found.rule else ""
