"""A history shows what changed of a recurrence besides its rule."""

import pytest
from msgspec.structs import replace

from api.models import histories
from domain import audit
from schemas import records as r
from tests.unit.domain.given import PARIS, World, create, update

BEFORE = "FREQ=WEEKLY"


@pytest.mark.parametrize(
    ("change", "after"),
    [
        ({"exdates": ("2026-12-01T09:00:00",)}, f"{BEFORE} exdates=2026-12-01T09:00:00"),
        ({"rdates": ("2026-11-28T09:00:00",)}, f"{BEFORE} rdates=2026-11-28T09:00:00"),
        ({"repeats": r.Repeats.COMPLETION}, f"{BEFORE} repeats=completion"),
        ({"missed": r.Missed.LATEST, "rrule": "FREQ=DAILY"}, "FREQ=DAILY missed=latest"),
    ],
)
def test_a_history_shows_what_changed_of_a_recurrence(change: dict[str, object], after: str) -> None:
    world = World(create(due=PARIS, rrule=BEFORE))
    before = world.task("t")
    world.does(update(**change))
    changes = audit.changes(before, replace(world.task("t"), version=before.version))
    [found] = [each for each in changes if each.field == "recurrence"]
    rendered = histories._change(histories.Subject.of("t", None), found)
    assert (rendered["before"], rendered["after"]) == (BEFORE, after)
