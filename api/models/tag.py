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
    """The fields to set (RFC 7396): an absent one is unchanged, null clears it."""

    like = '{"colour": "#1e90ff"}'

    colour: Colour | None = None


class NewName(Shape):
    """The new name."""

    like = '{"name": "errands"}'

    name: Name


class TagRef(BaseModel):
    """A reference to a tag."""

    name: str
    href: Href


class Tag(BaseModel):
    """A tag that a task has, or that has a colour."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    name: str
    href: Href
    colour: formats.Colour | None
    open: int
    """The number of open tasks with it."""


TAG = Resource(
    TAGS,
    noun="tag",
    described="Tags of tasks, identified by name.",
    ref=TagRef,
    model=Tag,
    changes=TagChanges,
    example=EXAMPLE,
    etags=None,
    done_says="after it; null where there is none, such as after deleting it",
)
