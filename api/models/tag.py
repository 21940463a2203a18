"""Tags, as clients send and receive them."""

from typing import Any

from pydantic import BaseModel, ConfigDict

from api.models import formats
from api.models.formats import Href
from api.models.inputs import Colour, Shape
from api.models.inputs import Tag as Name
from api.models.resource import Resource
from postgres.rows import TAGS

NAME: dict[str, Any] = {"name": "crew"}
CHANGES: dict[str, Any] = {"colour": "#1e90ff"}
EXAMPLE: dict[str, Any] = {"name": "team", "href": "/v1/tags/team", "colour": "#1e90ff", "open": 1}


class TagChanges(Shape):
    """The fields to set (RFC 7396): an absent one stays as it is, null clears it."""

    like = '{"colour": "#1e90ff"}'

    colour: Colour | None = None


class NewName(Shape):
    """The name to give."""

    like = '{"name": "errands"}'

    name: Name


class TagRef(BaseModel):
    """Where a tag is."""

    name: str
    href: Href


class Tag(BaseModel):
    """A tag that a task bears or that has a colour."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: str
    href: Href
    colour: formats.Colour | None
    open: int
    """How many open tasks bear it."""


TAG = Resource(
    TAGS,
    noun="tag",
    described="What tasks bear by name.",
    ref=TagRef,
    model=Tag,
    changes=TagChanges,
    example=EXAMPLE,
    etags=None,
    done_says="as it is then; null where there is none, as after deleting it",
)
