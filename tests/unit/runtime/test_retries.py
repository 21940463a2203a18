"""What a stage refuses of what is sent again."""

import pytest

from domain.idempotency import RETENTION
from schemas import records as r
from streams.runtime.put_back import name
from streams.runtime.record import Record
from streams.tasks import outdated
from tests.unit.domain.given import NOON, complete, create


def retry(**fields):
    """A record that is sent again."""
    common = {"id": "i", "user": "u", "at": NOON, "stage": "s", "letter": 7, "died_at": NOON, "topic": "t"}
    return r.Retry(**{**common, "partition": 1, "offset": 2, "reason": "", "key": b"u", "value": None, **fields})


@pytest.mark.parametrize(("late", "refused"), [(0, False), (RETENTION, False), (RETENTION + 1, True)])
def test_a_command_whose_id_would_be_forgotten_is_not_decided_late(late: int, refused: bool):
    assert bool(outdated(Record(None, create(at=NOON), NOON + late))) == refused


def test_a_command_that_comes_for_the_first_time_is_decided_however_old():
    assert outdated(Record(None, complete(at=0))) is None


def test_what_recurrence_derived_is_decided_however_late():
    followup = r.CreateOccurrence("c", "u", 0, "a", "t", "s", "p", "o", "o", r.Due("2026-11-24"), 1, "e")
    assert outdated(Record(None, followup, NOON)) is None


def test_a_record_is_known_by_its_place_and_a_timer_by_its_id_too():
    assert (name(retry()), name(retry(offset=-1, key=b"timer"))) == ("t/1/2", "t/1/-1/timer")
