"""The body that snoozes a task."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from api.models.inputs import fingerprint
from api.models.snooze import Snooze, fields

NINE = 1_795_510_800_000
"""2026-11-24T09:00:00Z."""


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"until": "2026-11-24T10:00:00+01:00"}, {"until": NINE}),
        ({"until": "2026-11-24T09:00"}, {"local": "2026-11-24T09:00:00"}),
        ({"until": "2026-11-24"}, {"local": "2026-11-24"}),
        ({"duration": "PT15M"}, {"days": 0, "seconds": 900}),
        ({"duration": "P1WT1S"}, {"days": 7, "seconds": 1}),
        ({"duration": "P366D", "until": None}, {"days": 366, "seconds": 0}),
    ],
    ids=str,
)
def test_a_body_sets_the_fields_of_the_command(body: dict[str, str | None], expected: dict[str, int | str]):
    assert fields(Snooze.model_validate(body)) == expected


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, ()),
        ({"until": None}, ()),
        ({"until": "2026-11-24", "duration": "PT15M"}, ()),
        ({"until": "tomorrow"}, ("until",)),
        ({"until": "2026-02-30T09:00"}, ("until",)),
        ({"until": "1969-12-31"}, ("until",)),
        ({"until": NINE}, ("until",)),
        ({"duration": "PT0S"}, ("duration",)),
        ({"duration": "P367D"}, ("duration",)),
        ({"duration": "P1M"}, ("duration",)),
        ({"for": "PT15M"}, ("for",)),
    ],
    ids=str,
)
def test_anything_else_is_refused_with_its_field(body: dict[str, object], place: tuple[str, ...]):
    with pytest.raises(ValidationError) as error:
        Snooze.model_validate(body)
    assert [each["loc"] for each in error.value.errors()] == [place]


@given(
    one=st.sampled_from(["PT15M", "PT900S", "P1D", "PT24H"]) | st.sampled_from(["2026-11-24", "2026-11-24T09:00"]),
    other=st.sampled_from(["PT15M", "P1D", "2026-11-24", "2026-11-24T09:00:00", "2026-11-24T09:00:00Z"]),
)
def test_requests_have_one_fingerprint_if_they_say_the_same(one: str, other: str):
    bodies = [Snooze.model_validate({"duration" if text.startswith("P") else "until": text}) for text in (one, other)]
    prints = [fingerprint("POST", "/v1/tasks/t/snooze", body) for body in bodies]
    assert (prints[0] == prints[1]) == (fields(bodies[0]) == fields(bodies[1]))
