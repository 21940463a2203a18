"""What messages say besides the titles of tasks, in English and German."""

from collections.abc import Mapping
from dataclasses import dataclass

from domain.recurrence.rule_words import Language


@dataclass(frozen=True)
class Phrases:
    """The phrases of a language."""

    reminder: str
    """The text of a reminder, whose title is the task's."""
    digest: str
    """The title of a digest, with its ``day``."""
    overdue: str
    due: str
    starts: str
    more: str
    """The ``number`` of tasks that a digest does not name."""
    test: str
    """The title of a test message."""
    tested: str
    """Its text."""


PHRASES: Mapping[Language, Phrases] = {
    "en": Phrases(
        reminder="Reminder",
        digest="Digest of {day}",
        overdue="Overdue",
        due="Due today",
        starts="Starts today",
        more="… and {number} more.",
        test="Test",
        tested="Rondo can send to this target.",
    ),
    "de": Phrases(
        reminder="Erinnerung",
        digest="Überblick für den {day}",
        overdue="Überfällig",
        due="Heute fällig",
        starts="Beginnt heute",
        more="… und {number} weitere.",
        test="Test",
        tested="Rondo kann an dieses Ziel senden.",
    ),
}


def of(language: str | None) -> Phrases:
    """Return the phrases of a user's language; English if none was set."""
    return PHRASES["de" if language == "de" else "en"]
