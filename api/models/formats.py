"""Formats of strings and objects in the OpenAPI document; nothing here validates them."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import WithJsonSchema

from api.http.document import without_null

Id = Annotated[str, WithJsonSchema({"type": "string", "format": "uuid"})]
Href = Annotated[str, WithJsonSchema({"type": "string", "format": "uri-reference"})]
Date = Annotated[str, WithJsonSchema({"type": "string", "format": "date"})]
Time = Annotated[str, WithJsonSchema({"type": "string", "format": "time-local"})]
"""A time without an offset, partial-time in RFC 3339."""
Local = Annotated[str, WithJsonSchema({"type": "string", "pattern": r"^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d)?$"})]
"""A local day, or a local time of one."""
Duration = Annotated[str, WithJsonSchema({"type": "string", "format": "duration"})]
Colour = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^#[0-9a-f]{6}$"})]
Order = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[0-9A-Za-z]*[1-9A-Za-z]$"})]
Hash = Annotated[str, WithJsonSchema({"type": "string", "pattern": "^[0-9a-f]{64}$"})]
"""A SHA-256 in hexadecimal digits."""


def one_of(*fields: str) -> Callable[[dict[str, Any]], None]:
    """Return a function that rewrites the schema of an object that has exactly one of ``fields``.

    The API also accepts null for an absent field: documenting that would make alternatives that generators can't tell
    apart.
    """

    def rewrite(schema: dict[str, Any]) -> None:
        common = {name: schema.pop(name) for name in ("type", "additionalProperties")}
        required, properties = schema.pop("required", []), schema.pop("properties")
        schema["oneOf"] = [
            {
                **common,
                "title": f"{schema['title']}{chosen.title()}",
                "properties": {
                    name: without_null(each) if name == chosen else each
                    for name, each in properties.items()
                    if name == chosen or name not in fields
                },
                "required": [*required, chosen],
            }
            for chosen in fields
        ]

    return rewrite
