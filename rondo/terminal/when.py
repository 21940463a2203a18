"""A typed day and time, and the error for what is neither."""

from dataclasses import dataclass
from datetime import time, timedelta

from domain.query.dates import Clock

FORMS = (
    "Write a day such as 2026-12-01, today, fri, dec 1, next week, eom, in 3 days or today+3d, "
    "and a time as in 'fri 9:00' or 5pm."
)


class NoDay(ValueError):
    """A text that is not a day or a time, or is ambiguous; the message says so, with suggestions."""

    def __init__(self, text: str, *suggestions: str, why: str = "", forms: str = FORMS) -> None:
        self._said = suggestions, why, forms
        either = " or ".join(f"`{suggestion}`" for suggestion in suggestions)
        more = f"Did you mean {either}?" if either else "" if why else forms
        super().__init__(f"{text!r} {why or 'is not a day or a time'}. {more}".rstrip())
        self.suggestions = suggestions

    def quoting(self, text: str) -> "NoDay":
        """Return the same error about another text, such as what was typed before letter case was folded."""
        suggestions, why, forms = self._said
        return NoDay(text, *suggestions, why=why, forms=forms)


@dataclass(frozen=True)
class When:
    """A day and a time in ISO 8601, either of which may be missing.

    An amount from now also has its ``instant``, in milliseconds since 1970: clocks show some times twice.
    """

    day: str | None
    time: str | None = None
    instant: int | None = None

    def next(self, clock: Clock) -> "When":
        """Return it with a day: a time alone is its next occurrence by the clock."""
        if self.day or self.time is None:
            return self
        later = time.fromisoformat(self.time) <= clock.local.time()
        return When((clock.today + timedelta(days=later)).isoformat(), self.time)
