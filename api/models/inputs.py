"""Request bodies, as pydantic shapes with strict types and no unknown fields, and their conversion to records."""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, PlainValidator, Strict, model_validator

from api.http.problems import FieldError, invalid
from api.models.formats import Duration, one_of
from domain import cleaning, merging, ranks, reminder_times, validation
from domain.invalid import Invalid
from domain.recurrence import checks, rule
from schemas import records as r


def _said(**limits: int) -> Any:
    """Return the limits of a length for OpenAPI. The domain checks them: it measures text in its composed form."""
    return Field(json_schema_extra=dict(limits))


Title = Annotated[str, _said(minLength=1, maxLength=validation.MAX_TITLE)]
Notes = Annotated[str, _said(maxLength=validation.MAX_NOTES)]
Tag = Annotated[str, _said(minLength=1, maxLength=validation.MAX_TAG)]
Name = Annotated[str, _said(minLength=1, maxLength=validation.MAX_NAME)]
Colour = Annotated[
    str,
    Field(description="As #rrggbb.", examples=["#1e90ff"], json_schema_extra={"pattern": "^#[0-9A-Fa-f]{6}$"}),
]
Rrule = Annotated[
    str,
    Field(
        description="An RRULE (RFC 5545).",
        examples=["FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"],
        json_schema_extra={"maxLength": rule.MAX_TEXT},
    ),
]

Dates = Annotated[
    list[str],
    Field(
        description="Local dates or times of the kind of `due`, or times in UTC; with both, at most 500.",
        examples=[["2026-12-24T09:00"]],
        max_length=checks.MAX_DATES,
    ),
]
Repeats = Annotated[
    Literal["schedule", "completion", "calendar"],
    Field(description="What the next occurrence follows from: the schedule, each completion, or the calendar alone."),
]
Missed = Annotated[
    Literal["skip", "latest", "each"],
    Field(description="Of the occurrences that have passed, none opens, the latest, or each."),
]

_DAYS = {"W": 7, "D": 1}
_SECONDS = {"H": 3600, "M": 60, "S": 1}
_DURATION = re.compile(
    r"P(?=\d|T\d)(?:(?P<W>\d{1,9})W)?(?:(?P<D>\d{1,9})D)?(?:T(?=\d)(?:(?P<H>\d{1,9})H)?(?:(?P<M>\d{1,9})M)?(?:(?P<S>\d{1,9})S)?)?"
)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")


def days_and_seconds(duration: object) -> tuple[int, int]:
    """Return an ISO 8601 duration: its weeks and days in days, the rest in seconds. Raises ``ValueError``."""
    found = _DURATION.fullmatch(duration) if isinstance(duration, str) else None
    if not found:
        raise ValueError(
            "It is not a duration like PT15M, PT2H or P1D (ISO 8601; years and months have no fixed length)."
        )
    days, rest = (sum(int(found[unit] or 0) * size for unit, size in each.items()) for each in (_DAYS, _SECONDS))
    return days, rest


def duration(rest: int, days: int = 0) -> str:
    """Return seconds, and days of the calendar, as an ISO 8601 duration in days, hours, minutes, seconds."""
    time = ""
    for unit, length in _SECONDS.items():
        count, rest = divmod(rest, length)
        time += f"{count}{unit}" if count else ""
    return "P" + (f"{days}D" if days else "") + (f"T{time}" if time else "" if days else "T0S")


def milliseconds(instant: object) -> int:
    """Return the milliseconds since 1970 of an RFC 3339 instant. Raises ``ValueError``."""
    try:
        if isinstance(instant, str) and _INSTANT.fullmatch(instant):
            return round(datetime.fromisoformat(instant.upper()).timestamp() * 1000)
    except (ValueError, OverflowError):
        pass
    raise ValueError("It is not an instant like 2026-11-23T09:00:00Z (RFC 3339, with an offset).")


class Shape(BaseModel):
    """A body or a part of it."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)
    like: ClassVar[str]
    """An example, as JSON."""
    record_names: ClassVar[Mapping[str, str]] = {"order": "rank"}
    """The names in records of fields whose public names differ."""

    @model_validator(mode="before")
    @classmethod
    def _object(cls, value: Any) -> Any:
        if isinstance(value, dict | cls):
            return value
        raise ValueError(f"Write an object like {cls.like}.")


Day = Annotated[
    str, Field(description="A local date (ISO 8601).", examples=["2026-11-24"], json_schema_extra={"format": "date"})
]


class Due(Shape):
    """A date; a date and a floating time; or a date, a time and a zone."""

    like = '{"date": "2026-12-01"}'

    date: Day
    time: Annotated[str | None, Field(description="A local time.", examples=["09:00"])] = None
    zone: Annotated[
        str | None, Field(description="A zone of the IANA database; only with a time.", examples=["Europe/Paris"])
    ] = None


class DueChanges(Shape):
    """The members to set (RFC 7396): an absent one is unchanged, null clears it; a zone is cleared with its time."""

    like = '{"date": "2026-12-01"}'

    date: Day = ""
    time: Annotated[str | None, Field(description="A local time.", examples=["09:00"])] = None
    zone: Annotated[
        str | None, Field(description="A zone of the IANA database; only with a time.", examples=["Europe/Paris"])
    ] = None


_Lasting = Annotated[
    tuple[int, int],
    PlainValidator(days_and_seconds, json_schema_input_type=Duration),
    PlainSerializer(lambda pair: [*pair] if pair[0] else pair[1]),  # as fingerprints on logs have what is exact
]
"""Days of the calendar and exact seconds, written as an ISO 8601 duration."""


class Reminder(Shape):
    """A duration before the task is due or starts, or an instant: exactly one of the two.

    Days and weeks are the calendar's: P1D is the same local time of the day before, PT24H is exact.
    """

    model_config = ConfigDict(json_schema_extra=one_of("before", "at"))
    like = '{"before": "PT15M"} or {"at": "2026-11-23T09:00:00Z"}'

    before: Annotated[
        _Lasting | None,
        Field(description="An ISO 8601 duration.", examples=["PT15M"]),
    ] = None
    at: Annotated[
        Annotated[int, PlainValidator(milliseconds, json_schema_input_type=datetime)] | None,
        Field(description="An RFC 3339 instant.", examples=["2026-11-23T09:00:00Z"]),
    ] = None
    time: Annotated[
        str | None,
        Field(description="The local time, with a duration of days; by default the task's.", examples=["18:00"]),
    ] = None
    relative_to: Annotated[
        Literal["due", "start"], Field(description="What the duration is before.", examples=["due"])
    ] = "due"
    repeat_every: Annotated[
        _Lasting | None,
        Field(
            description="After this ISO 8601 duration, again and again, until it is done: days or an exact time.",
            examples=["PT10M"],
        ),
    ] = None

    @model_validator(mode="after")
    def _one(self) -> "Reminder":
        if (self.before is None) == (self.at is None):
            raise ValueError("Give either before or at.")
        return self


Priority = Literal["none", "low", "medium", "high", "urgent"]
Parent = Annotated[UUID, Strict(False), Field(description="The parent task.")]
ListId = Annotated[UUID, Strict(False), Field(description="The list of the task; none for the inbox.")]
Tags = Annotated[list[Tag], _said(maxItems=validation.MAX_TAGS)]
Reminders = Annotated[list[Reminder], _said(maxItems=validation.MAX_REMINDERS)]


Order = Annotated[
    str,
    Field(
        description="Its place in the custom order: a string of 0-9, A-Z and a-z, compared by characters, such as any "
        'between those of its neighbours. By default it comes after all older ones; null or "" restores that.',
        examples=["V"],
        json_schema_extra={"maxLength": ranks.MAX_RANK, "pattern": "^([0-9A-Za-z]*[1-9A-Za-z])?$"},
    ),
]


Subtasks = Annotated[
    Literal["reset", "carry", "stay"],
    Field(
        description="What becomes of the sub-tasks of an occurrence when the next one is created: by default all are "
        "created again, open (`reset`); or those in which something is open move to it (`carry`); or all `stay`."
    ),
]


class NewTask(Shape):
    """The task to create."""

    like = '{"title": "Stand-up"}'

    title: Title
    notes: Notes = ""
    priority: Priority = "none"
    tags: Tags = []
    due: Due | None = None
    recurrence: Rrule | None = None
    reminders: Reminders = []
    start: Due | None = None
    parent: Parent | None = None
    order: Order = ""
    pinned: bool = False
    list: ListId | None = None
    rdates: Dates = []
    exdates: Dates = []
    repeats: Repeats = "schedule"
    missed: Missed = "skip"
    subtasks: Subtasks | None = None


class Changes(Shape):
    """The fields to set (RFC 7396): an absent one is unchanged, null clears it; so for members of due and start."""

    like = '{"title": "Stand-up, online"}'

    record_names = {"order": "rank", "recurrence": "rrule"}

    title: Title = ""
    notes: Notes | None = None
    priority: Priority | None = None
    tags: Tags | None = None
    due: DueChanges | None = None
    recurrence: Rrule | None = None
    reminders: Reminders | None = None
    start: DueChanges | None = None
    parent: Parent | None = None
    order: Order | None = None
    pinned: bool | None = None
    list: ListId | None = None
    rdates: Dates | None = None
    exdates: Dates | None = None
    repeats: Repeats | None = None
    missed: Missed | None = None
    subtasks: Subtasks | None = None


Beside = Annotated[UUID | None, Strict(False)]


class Move(Shape):
    """Where to move a task in the custom order: exactly one of the three."""

    model_config = ConfigDict(json_schema_extra=one_of("before", "after", "to"))
    like = '{"before": "6a1a3f5e-3b0f-5b7a-8a53-9f1f3f0f7c21"} or {"to": "top"}'

    before: Annotated[Beside, Field(description="The task to place it directly before.")] = None
    after: Annotated[Beside, Field(description="The task to place it directly after.")] = None
    to: Annotated[Literal["top", "bottom"] | None, Field(description="Before or after all of your open tasks.")] = None

    @model_validator(mode="after")
    def _one(self) -> "Move":
        if (self.before, self.after, self.to).count(None) != 2:
            raise ValueError("Give either before, after or to.")
        return self


def changed(body: Shape) -> tuple[str, ...]:
    """Return the names in records of the fields that ``body`` sets, and of members that it sets individually."""
    set_ = [name for name in type(body).model_fields if name in body.model_fields_set]
    return tuple(one for name in set_ for one in _names(body.record_names.get(name, name), getattr(body, name)))


def _names(field: str, value: object) -> tuple[str, ...]:
    return merging.names(field, value.model_fields_set) if isinstance(value, DueChanges) else (field,)


def fields(body: NewTask | Changes) -> r.TaskFields:
    """Return the fields that ``body`` sets."""
    return r.TaskFields(
        title=body.title,
        notes=body.notes or "",
        priority=r.Priority[(body.priority or "none").upper()],
        tags=tuple(body.tags or ()),
        due=r.Due(**body.due.model_dump()) if body.due else None,
        rrule=body.recurrence,
        reminders=tuple(_reminders(body.reminders or ())),
        start=r.Due(**body.start.model_dump()) if body.start else None,
        parent=str(body.parent) if body.parent else None,
        rank=body.order or "",
        pinned=body.pinned or False,
        list=str(body.list) if body.list else None,
        rdates=tuple(body.rdates or ()),
        exdates=tuple(body.exdates or ()),
        repeats=r.Repeats[(body.repeats or "schedule").upper()],
        missed=r.Missed[(body.missed or "skip").upper()],
        subtasks=r.Subtasks[body.subtasks.upper()] if body.subtasks else None,
    )


def _reminders(reminders: Iterable[Reminder]) -> Iterable[r.Reminder]:
    for each in reminders:
        days, before = each.before or (0, None)
        anchor = r.Anchor[each.relative_to.upper()]
        yield reminder_times.named(r.Reminder("", before, each.at, days, each.time, anchor, *_repeated(each)))


def _repeated(reminder: Reminder) -> tuple[int | None, int]:
    """Return after how many exact seconds, or days, a reminder is repeated."""
    days, exact = reminder.repeat_every or (0, None)
    return (None if days and not exact else exact), days


def fingerprint(method: str, path: str, body: BaseModel | None = None, expected: int | list[str] | None = None) -> str:
    """Return the SHA-256 of a parsed request, independent of the formatting of its JSON."""
    content: Any = None if body is None else body.model_dump(exclude_unset=True, mode="json")
    understood = [method, path, content] if expected is None else [method, path, content, expected]
    text = json.dumps(understood, sort_keys=True, separators=(",", ":"))
    return sha256(text.encode("ascii")).hexdigest()


def checked(body: NewTask | Changes, within: str = "", *, strict: bool = False) -> r.TaskFields:
    """Return the fields that ``body`` sets, in canonical form. Raises ``Problem`` with all errors.

    ``within`` is the prefix of field names in errors, where ``body`` is a part of another. Text is cleaned first, see
    ``domain.cleaning``; with ``strict``, text that cleaning would change is refused.
    """
    named = changed(body) if isinstance(body, Changes) else validation.ALL
    return valid(validation.check(cleaned(fields(body), strict), named), within)


def checked_key(field: str, written: str | None) -> str | None:
    """Return a local day or time in an address as a local key; None for none. Raises ``Problem``."""
    try:
        return None if written is None else checks.written_key(field, written)
    except Invalid as problem:
        raise invalid([FieldError(problem.field, problem.detail)]) from None


def checked_new_tag(name: str, *, strict: bool = False) -> str:
    """Return the name of a tag in a body, in canonical form. Raises ``Problem`` as ``checked`` does."""
    return checked_tag(name if strict else cleaning.tag(name))


def checked_tag(name: str) -> str:
    """Return the name of a tag in an address, in canonical form and not cleaned. Raises ``Problem``."""
    return _tag(validation.tag, name)


def checked_existing_tag(name: str) -> str:
    """Return the name, in canonical form, of a tag that tasks and addresses may have. Raises ``Problem``."""
    return _tag(lambda field, text: validation.addressed(field, validation.existing_tag(field, text)), name)


def _tag(check: Callable[[str, str], str], name: str) -> str:
    try:
        return check("name", name)
    except Invalid as problem:
        raise invalid([FieldError(problem.field, problem.detail)]) from None


def cleaned(fields: cleaning.Fields, strict: bool) -> cleaning.Fields:
    """Return fields with their texts cleaned; with ``strict`` unchanged."""
    return fields if strict else cleaning.cleaned(fields)


def valid(checked: validation.Checked[validation.Fields], within: str = "") -> validation.Fields:
    """Return checked fields. Raises ``Problem`` with all errors in them."""
    if checked.problems:
        raise invalid([FieldError(within + problem.field, problem.detail) for problem in checked.problems])
    return checked.fields
