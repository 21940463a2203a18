"""A series that the calendar ends, in a whole Rondo."""

from typing import Any

import pytest

from rondo.client import NotFound
from schemas import ids
from tests.acceptance.days import WAIT
from tests.acceptance.stack import PATIENCE, Stack, User, until
from tests.integration.pipeline.wire import Wire


def told(user: User, command: str) -> dict[str, Any] | None:
    """A command and what became of it, None before the views know of it."""
    try:
        return dict(user.rondo.command(command, wait=WAIT))
    except NotFound:
        return None


@pytest.mark.parametrize(
    ("field", "fields"),
    [
        ("due", {"due": {"date": "9999-12-31"}}),
        (
            "start",
            {
                "start": {"date": "9999-12-31", "time": "08:00", "zone": "Pacific/Kiritimati"},
                "due": {"date": "9999-12-30", "time": "14:00", "zone": "America/New_York"},
            },
        ),
    ],
)
async def test_a_series_beyond_the_year_9999_ends_with_a_reason_and_leaves_no_dead_letter(
    field: str, fields: dict[str, Any], stack: Stack, user: User, wire: Wire
) -> None:
    task = user.rondo.create("For ever", recurrence="FREQ=DAILY", wait=WAIT, **fields)["task"]["id"]
    completion = user.rondo.complete(task, wait=WAIT)["command"]["id"]

    derived = ids.derive("command", ids.event(completion))
    outcome = until(lambda: told(user, derived), PATIENCE, "The derived command has no outcome.")
    assert (outcome["status"], outcome["code"], outcome["field"]) == ("rejected", "ended", field)
    [completed] = [each for each in user.rondo.history(task) if each["event"] == "TaskCompleted"]
    assert completed["led_to"] == outcome
    assert list(user.rondo.tasks("open")) == []
    await wire.dead([])
    assert [dead_letter for dead_letter in wire.dead_letters if user.id.encode() in (dead_letter.key or b"")] == []
