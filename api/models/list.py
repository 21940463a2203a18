"""Lists, as clients send and receive them."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from api.http.document import NULL
from api.models import formats
from api.models.examples import LIST_ID
from api.models.formats import Href, Id
from api.models.inputs import Colour, Name, Order, Shape
from api.models.outputs import etag
from api.models.resource import Resource
from postgres.rows import LISTS
from postgres.rows import List as Row

NEW: dict[str, Any] = {"name": "Work", "colour": "#1e90ff"}
CHANGES: dict[str, Any] = {"name": "Work, at home", "colour": NULL}
EXAMPLE: dict[str, Any] = {
    "id": LIST_ID,
    "href": f"/v1/lists/{LIST_ID}",
    "name": "Work",
    "colour": "#1e90ff",
    "order": "0Vbmyum1V",
    "deleted": False,
    "open": 1,
    "version": 1,
    "created_at": "2026-11-23T09:50:00Z",
    "changed_at": "2026-11-23T09:50:00Z",
}


class NewList(Shape):
    """The list to create."""

    like = '{"name": "Errands"}'

    name: Name
    colour: Colour | None = None
    order: Order = ""


class ListChanges(Shape):
    """The fields to set (RFC 7396): an absent one is unchanged, null clears it."""

    like = '{"name": "Errands in town"}'

    name: Name = ""
    colour: Colour | None = None
    order: Order | None = None


class ListRef(BaseModel):
    """A reference to a list, which may not exist yet."""

    id: Id
    href: Href


class List(BaseModel):
    """The current state of a list."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    id: Id
    href: Href
    name: str
    colour: formats.Colour | None
    order: formats.Order
    """Its place in the custom order of lists."""
    deleted: bool
    open: int
    """The number of open tasks on it."""
    version: int
    created_at: datetime
    changed_at: datetime


def etags(item: Row) -> tuple[str, ...]:
    """Return the entity tags of a list: of its version and number of open tasks, and of its version alone."""
    return f'"{item.version}.{item.open}"', etag(item.version)


LIST = Resource(
    LISTS,
    noun="list",
    described="Lists of tasks.",
    ref=ListRef,
    model=List,
    changes=ListChanges,
    example=EXAMPLE,
    etags=etags,
)
