"""The body that snoozes a task."""

from typing import Annotated, Any

from pydantic import ConfigDict, Field, PlainSerializer, PlainValidator, model_validator

from api.models.formats import Duration, one_of
from api.models.inputs import Shape, days_and_seconds, milliseconds
from domain.invalid import Invalid
from domain.recurrence.checks import start_at
from domain.times import key
from domain.validation import MAX_BEFORE, MAX_DAYS

EXAMPLES: dict[str, dict[str, Any]] = {
    "a duration": {"value": {"duration": "PT15M"}},
    "an instant": {"value": {"until": "2026-11-24T08:00:00Z"}},
    "a local time": {"value": {"until": "2026-11-24T09:00"}},
}
_UNTIL = (
    "An RFC 3339 instant; or a local time (`2026-11-24T09:00`) in the zone of your settings, or a day (`2026-11-24`), "
    "from the `day_time` of your settings on."
)


def moment(value: object) -> int | str:
    """Return an instant in milliseconds since 1970, or a local day or time. Raises ``ValueError``."""
    try:
        return milliseconds(value)
    except ValueError:
        pass
    try:
        if isinstance(value, str) and not value.endswith("Z"):
            return key(start_at(value, None))
    except Invalid:
        pass
    raise ValueError("Write an instant like 2026-11-24T08:00:00Z, or a local time or day like 2026-11-24T09:00.")


def amount(value: object) -> tuple[int, int]:
    """Return the days and seconds of a duration that is neither zero nor too long. Raises ``ValueError``."""
    days, seconds = days_and_seconds(value)
    if not (days or seconds) or days > MAX_DAYS or seconds > MAX_BEFORE:
        raise ValueError("A task is snoozed for at least a second and at most 366 days.")
    return days, seconds


class Snooze(Shape):
    """Until when to snooze: a time, or that long from now; exactly one of the two."""

    model_config = ConfigDict(json_schema_extra=one_of("until", "duration"))
    like = '{"duration": "PT15M"} or {"until": "2026-11-24T09:00"}'

    until: Annotated[
        Annotated[int | str, PlainValidator(moment, json_schema_input_type=str)] | None,
        Field(description=_UNTIL, examples=["2026-11-24T08:00:00Z"]),
    ] = None
    duration: Annotated[
        Annotated[
            tuple[int, int],
            PlainValidator(amount, json_schema_input_type=Duration),
            PlainSerializer(lambda pair: [*pair]),
        ]
        | None,
        Field(description="An ISO 8601 duration; its days are the calendar's.", examples=["PT15M"]),
    ] = None

    @model_validator(mode="after")
    def _one(self) -> "Snooze":
        if (self.until is None) == (self.duration is None):
            raise ValueError("Give either until or duration.")
        return self


def fields(body: Snooze) -> dict[str, Any]:
    """Return the fields of ``SnoozeTask`` that a body sets."""
    if body.duration:
        days, seconds = body.duration
        return {"days": days, "seconds": seconds}
    return {"until" if isinstance(body.until, int) else "local": body.until}
