"""Limits the fields and items of a body, before any is validated, by the maximum of each list in its shape."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from annotated_types import MaxLen
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from api.http.problems import MOST_ERRORS, FieldError, Problem, invalid

MOST_VALUES = 500_000
"""The most fields and items of a body in all: they are parsed within 0.1 seconds. The largest bulk has 100,000."""
UNKNOWN = "There is no such field. Leave it out."


@dataclass(frozen=True)
class Bounds:
    """What a value may contain: ``fields`` of an object, at most ``most`` items of a list; neither for others."""

    fields: Mapping[str, "Bounds"] | None = None
    items: "Bounds | None" = None
    most: int | None = None


@lru_cache(maxsize=64)
def bounds(shape: type[BaseModel]) -> Bounds:
    """Return the bounds of a shape."""
    return Bounds({name: _bounds(field.annotation, (field,)) for name, field in shape.model_fields.items()})


def _bounds(kind: Any, said: tuple[Any, ...]) -> Bounds:
    """Return the bounds of a type; ``said`` is the metadata of its field and of ``Annotated``."""
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _bounds(arguments[0], (*said, *arguments[1:]))
    if origin in (Union, UnionType):
        return _either([_bounds(each, said) for each in arguments])
    if origin is list:
        return Bounds(items=_bounds(arguments[0], ()), most=next(_most(said), None))
    return bounds(kind) if isinstance(kind, type) and issubclass(kind, BaseModel) else Bounds()


def _either(alternatives: list[Bounds]) -> Bounds:
    """Return the bounds of a union: the fields of all alternatives, and the items of the one that is a list."""
    fields = [each.fields for each in alternatives if each.fields is not None]
    listed = next((each for each in alternatives if each.items), Bounds())
    return Bounds({name: each[name] for each in fields for name in each} if fields else None, listed.items, listed.most)


def _most(said: Iterable[Any]) -> Iterator[int]:
    for each in said:
        if isinstance(each, MaxLen):
            yield each.max_length
        elif isinstance(each, FieldInfo):
            extra = each.json_schema_extra if isinstance(each.json_schema_extra, dict) else {}
            yield from (most for most in (extra.get("maxItems"),) if isinstance(most, int))
            yield from _most(each.metadata)


def check(shape: type[BaseModel], value: Any) -> None:
    """Raise ``Problem`` for a value with a list that is too long, or with many unknown fields.

    Validation reports a few unknown fields, together with all other errors.
    """
    found = _Excess()
    found.look(bounds(shape), value, ())
    if found.too_long or found.unknown > MOST_ERRORS:
        raise found.problem()


class _Excess:
    """The excess fields and items of a value: the first errors, and the number of all."""

    def __init__(self) -> None:
        self.too_long, self.unknown = 0, 0
        self._errors: list[FieldError] = []

    def look(self, allowed: Bounds, value: Any, path: tuple[str | int, ...]) -> None:
        """Examine a value, but not the items of lists that are too long."""
        if allowed.fields is not None and isinstance(value, dict):
            self._look_for_unknown(allowed.fields, value, path)
            for name, below in allowed.fields.items():
                if (below.fields is not None or below.items) and name in value:
                    self.look(below, value[name], (*path, name))
        elif allowed.items and isinstance(value, list):
            if allowed.most is not None and len(value) > allowed.most:
                self.too_long += 1
                self._add(path, f"It has {len(value):,} items, and may have at most {allowed.most:,}.")
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
        """Return the problem of all errors."""
        return invalid(self._errors, self.too_long + self.unknown - len(self._errors))


def _in_order(value: Mapping[str, Any], unknown: set[str]) -> Iterator[str]:
    return (name for name in value if name in unknown)
