"""The examples of docs/reminders.md are what reminders are planned for."""

import json
import re
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from api.models import inputs
from domain import reminder_times
from domain.settings import defaults
from schemas import records as r
from tests.unit.domain.given import ANNA

PAGE = Path(__file__).parents[3] / "docs" / "reminders.md"
EXAMPLES = re.findall(r"^\| `(\d.*?)` \| `(\{.*?\})` \| `(.*?)` \|$", PAGE.read_text(), re.MULTILINE)


@pytest.mark.parametrize(("due", "reminder", "comes"), EXAMPLES, ids=str)
def test_the_examples_of_reminders_are_what_they_are_planned_for(due, reminder, comes):
    day, _, time = due.partition(" ")[0].partition("T")
    body = inputs.NewTask.model_validate({"title": "x", "reminders": [json.loads(reminder)]})
    [asked] = inputs.fields(body).reminders
    of = r.Due(day, f"{time}:00" if time else None, due.partition(" ")[2] or None)
    found = reminder_times.instant(asked, of, None, replace(defaults(ANNA), zone="Europe/Paris"))
    local, _, zone = comes.partition(" ")
    assert found == datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000


def test_there_are_examples():
    assert len(EXAMPLES) >= 6
