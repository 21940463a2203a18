"""Rules that match rarely, never or very often are answered or refused by a bounded number of steps, wherever used."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench import hostile
from domain.invalid import Invalid
from domain.recurrence.congruence import first_multiple
from schemas import records as r
from tests.unit.domain.steps import steps

BUDGET = 400_000
"""Steps, which take some 40 ms; the goal is 100 ms."""
WORST = (
    ("FREQ=HOURLY;INTERVAL=999999999", "2026-11-24"),
    ("FREQ=SECONDLY;INTERVAL=604801;BYDAY=MO", "1970-01-01"),
    ("FREQ=SECONDLY;INTERVAL=604801;BYDAY=FR;BYMONTHDAY=13;COUNT=10000", "2026-03-29"),
    ("FREQ=MINUTELY;INTERVAL=1441;BYYEARDAY=366;COUNT=10000", "2026-03-29"),
    ("FREQ=MINUTELY;INTERVAL=15;UNTIL=19801231T000000Z", "1970-01-01"),
    ("FREQ=HOURLY;INTERVAL=7;COUNT=10000", "1970-01-01"),
    ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13;COUNT=10000", "2026-03-29"),
    ("FREQ=DAILY;INTERVAL=86399;BYDAY=MO;COUNT=10000", "1970-01-01"),
)
"""Rules that took more than 50 ms at some entry point, and the day that they begin on."""


def cost(name: str, case: hostile.Case) -> int:
    """Return the steps of an answer."""
    return steps(lambda: hostile.answered(hostile.ENTRIES[name], case))


@pytest.mark.parametrize("name", hostile.ENTRIES)
@pytest.mark.parametrize(("rrule", "date"), WORST)
def test_the_worst_rules_are_within_the_budget_at_every_entry_point(name: str, rrule: str, date: str) -> None:
    zone = "Europe/Paris" if "UNTIL" in rrule else None
    assert cost(name, hostile.Case(rrule, r.Due(date, "02:30:00", zone))) < BUDGET


@pytest.mark.parametrize("name", hostile.ENTRIES)
def test_generated_rules_are_within_the_budget_at_every_entry_point(name: str) -> None:
    for case in islice(hostile.cases(), 7, None, 701):
        if name in hostile.ALSO_REFUSED or not isinstance(hostile.answered(hostile.created, case), Invalid):
            assert cost(name, case) < BUDGET, case


@given(st.integers(1, 60), st.integers(0, 200), st.integers(0, 59), st.integers(0, 59))
def test_the_first_multiple_within_bounds_is_the_one_that_counting_finds(modulus, step, one, other):
    low, high = sorted((one % modulus, other % modulus))
    counted = next((k for k in range(modulus) if low <= k * step % modulus <= high), None)
    assert first_multiple(step, modulus, low, high) == counted
