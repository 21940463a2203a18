"""A day and a time that were typed, and how it is told that something is neither."""

from dataclasses import dataclass
from datetime import time, timedelta

from domain.query.dates import Clock

FORMS = (
    "Write a day as 2026-12-01, today, fri, dec 1, next week, eom, in 3 days or today+3d, "
    "and a time as in 'fri 9:00' or 5pm."
)


class NoDay(ValueError):
    """What was typed is no day and no time, or may be several; the text says so, and what was probably meant."""

    def __init__(self, text: str, *suggestions: str, why: str = "", forms: str = FORMS) -> None:
        either = " or ".join(f"`{suggestion}`" for suggestion in suggestions)
        more = f"Did you mean {either}?" if either else "" if why else forms
        super().__init__(f"{text!r} {why or 'is not a day or a time'}. {more}".rstrip())
        self.suggestions = suggestions


@dataclass(frozen=True)
class When:
    """A day, as ISO 8601 has it, and a time of it, either of which may be missing.

    What is counted from now has its ``instant``, too, in milliseconds since 1970: clocks show some times twice.
    """

    day: str | None
    time: str | None = None
    instant: int | None = None

    def next(self, clock: Clock) -> "When":
        """Return it with a day: a time alone is the next that the clock will show."""
        if self.day or self.time is None:
            return self
        later = time.fromisoformat(self.time) <= clock.local.time()
        return When((clock.today + timedelta(days=later)).isoformat(), self.time)
