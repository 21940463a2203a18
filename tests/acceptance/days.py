"""What people do with their tasks, for stories in several tests."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.acceptance.stack import PATIENCE, User, until

PARIS = ZoneInfo("Europe/Paris")
WEEKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
WAIT = 30.0


def ahead(seconds: float) -> datetime:
    """Return the instant in `seconds` seconds, to the millisecond as reminders are."""
    instant = datetime.now(UTC) + timedelta(seconds=seconds)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def weekday_after(day: date) -> date:
    """Return the first day from Monday to Friday after ``day``."""
    while (day := day + timedelta(days=1)).weekday() > 4:
        pass
    return day


def create_standup(user: User, remind: datetime) -> dict[str, Any]:
    """Create a task for every weekday at 09:00 in Paris, from the next one on, with a reminder at an instant."""
    first = weekday_after(datetime.now(PARIS).date())
    created: dict[str, Any] = user.rondo.create(
        "Stand-up",
        due={"date": first.isoformat(), "time": "09:00", "zone": "Europe/Paris"},
        recurrence=WEEKDAYS,
        reminders=[{"at": remind.isoformat()}],
        wait=WAIT,
    )
    task: dict[str, Any] = created["task"]
    return task


def sent(user: User, task: str) -> dict[str, Any]:
    """Return the one notification of a task once it has been sent."""

    def look() -> dict[str, Any] | None:
        found = [n for n in user.rondo.notifications() if n["task"]["id"] == task]
        assert len(found) <= 1, found
        return found[0] if found and found[0]["status"] == "sent" else None

    return until(look, PATIENCE, "The reminder was not sent.")


def following(user: User, task: dict[str, Any]) -> dict[str, Any]:
    """Return the open task of the same series once it exists."""

    def look() -> dict[str, Any] | None:
        return next((other for other in user.rondo.tasks("open") if other["series"] == task["series"]), None)

    return until(look, PATIENCE, "The next occurrence did not come.")
