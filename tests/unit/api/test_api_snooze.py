"""The body that snoozes a task."""

import pytest
from pydantic import ValidationError

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
