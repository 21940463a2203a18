"""Saved filters, as clients send and receive them."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from api.http.document import NULL
from api.models import formats
from api.models.formats import Href, Id
from api.models.inputs import Colour, Name, Order, Shape
from api.models.resource import Resource
from postgres.rows import FILTERS

_NAMES = {"order": "rank", "filter": "text"}
_ID = "8c1b6e0d-3f52-5a7e-9d4c-6b0a1e2f3d45"
NEW: dict[str, Any] = {"name": "This week", "filter": "due < today+7d", "sort": "due,-priority"}
CHANGES: dict[str, Any] = {"filter": "due < today+7d and not #waiting"}
EXAMPLE: dict[str, Any] = {
    "id": _ID,
    "href": f"/v1/filters/{_ID}",
    **NEW,
    "colour": NULL,
    "order": "0Vbmyum1V",
    "deleted": False,
    "version": 1,
    "created_at": "2026-11-23T09:50:00Z",
    "changed_at": "2026-11-23T09:50:00Z",
}

FilterText = Annotated[str, Field(description="In the filter language.", examples=["due < today+7d"])]
SortText = Annotated[str, Field(description="As for lists of tasks.", examples=["due,-priority"])]


class NewFilter(Shape):
    """The filter to save."""

    like = '{"name": "This week", "filter": "due < today+7d"}'
    record_names = _NAMES

    name: Name
    filter: FilterText
    sort: SortText = ""
    colour: Colour | None = None
    order: Order = ""


class FilterChanges(Shape):
    """The fields to set (RFC 7396): an absent one is unchanged, null clears it."""

    like = '{"filter": "due < today+7d"}'
    record_names = _NAMES

    name: Name = ""
    filter: FilterText = ""
    sort: SortText | None = None
    colour: Colour | None = None
    order: Order | None = None


class FilterRef(BaseModel):
    """A reference to a saved filter, which may not exist yet."""

    id: Id
    href: Href


class SavedFilter(BaseModel):
    """The current state of a saved filter."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: Id
    href: Href
    name: str
    filter: str
    """As its user wrote it."""
    sort: str
    """The sort of its tasks; empty for the newest first."""
    colour: formats.Colour | None
    order: formats.Order
    """Its place in the custom order of saved filters."""
    deleted: bool
    version: int
    created_at: datetime
    changed_at: datetime


FILTER = Resource(
    FILTERS,
    noun="saved filter",
    described="Saved filters.",
    ref=FilterRef,
    model=SavedFilter,
    changes=FilterChanges,
    example=EXAMPLE,
    made="saved",
)
