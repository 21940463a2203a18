"""How many fields and items a body may have, checked before any of them is: by its shape, as OpenAPI describes it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

from pydantic import BaseModel

from api.problems import MOST_ERRORS, FieldError, Problem, invalid

MOST_VALUES = 500_000
"""The most fields and items of a body, in all: they are read within 0.1 seconds. The largest bulk has 100,000."""
UNKNOWN = "There is no such field. Leave it out."


@dataclass(frozen=True)
class Bounds:
    """What a value may hold: an object these fields, a list so many items; anything else has neither."""

    fields: Mapping[str, "Bounds"] | None = None
    items: "Bounds | None" = None
    most: int | None = None


@lru_cache(maxsize=64)
def bounds(shape: type[BaseModel]) -> Bounds:
    """Return the bounds of a body of this shape."""
    schema = shape.model_json_schema()
    return _bounds(schema, schema.get("$defs", {}))


def _bounds(schema: Mapping[str, Any], named: Mapping[str, Any]) -> Bounds:
    match schema:
        case {"$ref": str(reference)}:
            return _bounds(named[reference.rpartition("/")[2]], named)
        case {"anyOf": [one, {"type": "null"}]}:
            return _bounds({**one, **{name: schema[name] for name in ("maxItems",) if name in schema}}, named)
        case {"type": "object", "properties": fields}:
            return Bounds({name: _bounds(field, named) for name, field in fields.items()})
        case {"type": "array", "items": items, **rest}:
            return Bounds(items=_bounds(items, named), most=rest.get("maxItems"))
    return Bounds()


def check(shape: type[BaseModel], value: Any) -> None:
    """Raise ``Problem`` for a value with a list that is too long, or with many fields that its shape does not know.

    A few unknown fields are left to validation, which names them beside all else that is wrong.
    """
    found = _Excess()
    found.look(bounds(shape), value, ())
    if found.too_long or found.unknown > MOST_ERRORS:
        raise found.problem()


class _Excess:
    """What a value has too much of: the first errors, and the number of all."""

    def __init__(self) -> None:
        self.too_long, self.unknown = 0, 0
        self._errors: list[FieldError] = []

    def look(self, allowed: Bounds, value: Any, path: tuple[str | int, ...]) -> None:
        """Look through a value, but not into lists that are too long."""
        if allowed.fields is not None and isinstance(value, dict):
            self._look_for_unknown(allowed.fields, value, path)
            for name, below in allowed.fields.items():
                if (below.fields is not None or below.items) and name in value:
                    self.look(below, value[name], (*path, name))
        elif allowed.items and isinstance(value, list):
            if allowed.most is not None and len(value) > allowed.most:
                self.too_long += 1
                self._add(path, f"It has {len(value):,} items, and may have {allowed.most:,}.")
            elif allowed.items.fields is not None:
                for place, item in enumerate(value):
                    self.look(allowed.items, item, (*path, place))

    def _look_for_unknown(
        self, fields: Mapping[str, Bounds], value: Mapping[str, Any], path: tuple[str | int, ...]
    ) -> None:
        if value.keys() <= fields.keys():
            return
        unknown = value.keys() - fields.keys()
        self.unknown += len(unknown)
        for name in islice(_in_order(value, unknown), MOST_ERRORS - len(self._errors)):
            self._add((*path, name), UNKNOWN)

    def _add(self, path: tuple[str | int, ...], detail: str) -> None:
        if len(self._errors) < MOST_ERRORS:
            self._errors.append(FieldError(".".join(map(str, path)), detail))

    def problem(self) -> Problem:
        """Return the problem of all that was found."""
        return invalid(self._errors, self.too_long + self.unknown - len(self._errors))


def _in_order(value: Mapping[str, Any], unknown: set[str]) -> Iterator[str]:
    return (name for name in value if name in unknown)
