"""Properties hold however slow the machine is."""

from datetime import timedelta

import pytest


def deadline(item: pytest.Item) -> timedelta | None:
    """The time that an example of a test may take, as Hypothesis keeps it with the test."""
    test = getattr(item, "obj", None)
    return getattr(getattr(test, "_hypothesis_internal_use_settings", None), "deadline", None)


def test_no_property_that_runs_in_this_session_has_a_deadline(request: pytest.FixtureRequest):
    assert [item.nodeid for item in request.session.items if deadline(item)] == []
