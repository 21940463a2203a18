"""Parameters and responses that all lists share."""

from collections.abc import Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

import msgspec
from fastapi import Path, Query, Response
from pydantic import BeforeValidator, Field

from api.http import cursors, document, problems
from api.http.problems import ProblemType
from domain.recurrence.rule_words import Language
from postgres.reader import Key, Page, Ranked


def whole_number(text: Any) -> Any:
    """Return a parameter that is written in digits. Raises ``ValueError`` for others: Python reads `1_0` as 10."""
    if isinstance(text, str) and not (text.isascii() and text.isdigit()):
        raise ValueError("Write it in digits.")
    return text


View = TypeVar("View")

TaskId = Annotated[UUID, Path(description="The task's id.")]
Limit = Annotated[int, Field(ge=1, le=200), BeforeValidator(whole_number), Query(description="The most items.")]
InLanguage = Annotated[Language, Query(description="The language of words and reasons.")]
Cursor = Annotated[str | None, Query(max_length=8000, description="The `next` of the previous page.")]


def responses(example: dict[str, Any], *kinds: ProblemType) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of a read: an example of its result, and its problems."""
    return {
        200: {"content": {"application/json": {"example": example}}},
        **problems.documented(*problems.ANYWHERE, *kinds),
    }


def waiting_responses(example: dict[str, Any], *kinds: ProblemType) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of a read that applies a preference."""
    found = responses(example, *kinds)
    found[200]["headers"] = document.headers("Preference-Applied")
    return found


def list_responses(item: dict[str, Any], *kinds: ProblemType) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses of a list, with ``item`` as an example."""
    return responses({"items": [item], "next": document.NULL}, problems.CURSOR, *kinds)


def listed(
    name: str,
    members: Callable[[View], dict[str, Any]],
    page: Page[View, Key] | Page[View, Ranked] | Page[View, str] | Page[View, int],
) -> Response:
    """Return a page of the views as a response of the list ``name``: an ``outputs.Page`` as JSON.

    ``members`` returns those of an item's model, in its order. The models only document them, as in ``listings``.
    """
    found = {"items": [members(item) for item in page.items], "next": cursors.write(name, page.next)}
    return Response(msgspec.json.encode(found), media_type="application/json")
