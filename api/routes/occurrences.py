"""The occurrences of a rule, whether or not a task has it."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BeforeValidator, Field

from api.commands.services import Services
from api.http.requests import Route, User, signed
from api.models import examples, rule_preview
from api.models.paging import InLanguage, responses, whole_number
from domain.recurrence.preview import MOST
from domain.recurrence.rule import MAX_TEXT

RuleText = Annotated[
    str,
    Query(
        max_length=MAX_TEXT,
        description="A recurrence rule (RFC 5545, section 3.3.10).",
        examples=["FREQ=MONTHLY;BYMONTHDAY=31"],
    ),
]
Start = Annotated[
    str, Query(description="The day or local time that it begins with (DTSTART).", examples=["2026-01-31T09:00"])
]
ZoneName = Annotated[
    str | None, Query(description="The IANA name of the zone of all times.", examples=["Europe/Paris"])
]
Exceptions = Annotated[
    list[str] | None, Query(description="Days or times to leave out, as the start is written (EXDATE); repeatable.")
]
Additions = Annotated[
    list[str] | None, Query(description="Days or times to add, as the start is written (RDATE); repeatable.")
]
Most = Annotated[int, Field(ge=1, le=MOST), BeforeValidator(whole_number), Query(description="The most occurrences.")]

router = APIRouter(prefix="/v1/occurrences", tags=["occurrences"], route_class=Route, dependencies=[signed])


@router.get("", response_model=rule_preview.Occurrences, responses=responses(examples.OCCURRENCES))
async def list_occurrences(  # noqa: PLR0917 - FastAPI's
    user: User,
    services: Services,
    rule: RuleText,
    start: Start,
    zone: ZoneName = None,
    exdate: Exceptions = None,
    rdate: Additions = None,
    limit: Most = 10,
    language: InLanguage = "en",
) -> Response:
    """Return the first occurrences of a recurrence rule, why one is moved or left out, and the rule in words.

    The start is an occurrence if the rule matches it. A task's due is its first occurrence also if it doesn't.
    """
    given = rule, start, zone, exdate, rdate, limit, language
    content = await services.long_work.run(user, rule_preview.content, *given)
    return Response(content, media_type="application/json")
