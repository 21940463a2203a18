"""Recurrence rules in words, in English and German."""

from typing import Literal, get_args

from domain.recurrence.language import Mode
from domain.recurrence.rule import Rule
from domain.recurrence.rule_phrases import Words
from domain.recurrence.words_de import German
from domain.recurrence.words_en import English
from schemas.records import Due

Language = Literal["en", "de"]
LANGUAGES: tuple[Language, ...] = get_args(Language)

_WORDS: dict[Language, Words] = {"en": English(), "de": German()}


def describe(rule: Rule, start: Due | None = None, *, mode: Mode = "schedule", language: Language = "en") -> str:
    """Return a rule in words: "Every second Tuesday at 09:00, Paris time, from completion".

    ``start`` gives the day and time that a rule doesn't name, and the zone.
    """
    return _WORDS[language].sentence(rule, start, mode)
