"""Limits on the schemas sent to the registry: the time to compare schemas is quadratic in some of their parts.

Rondo's own have up to 7 KiB, 325 values, and are nested 15 deep. Schemas on the registry's topic are not checked.
"""

import json
from typing import Any

from common import nesting
from schemas.registry.compatibility import InvalidSchema

MAX_BODY = 256 * 1024
"""The most bytes of a request's body: a schema, escaped as a JSON string."""
MAX_TEXT = 64 * 1024
"""The most characters of a schema."""
MAX_VALUES = 4000
"""The most JSON values in a schema: a record has about three per field."""
MAX_DEPTH = 64
"""The deepest nesting of a schema's JSON."""
MAX_UNION = 64
"""The most types of a union: each is compared with each type in another version."""
MAX_SUBJECT = 512
"""The most characters of a subject's name."""


def check(text: str) -> None:
    """Raise ``InvalidSchema`` for text that is too long, is no JSON (RFC 8259), or has too many or too deep values."""
    if len(text) > MAX_TEXT:
        raise InvalidSchema(f"A schema has at most {MAX_TEXT:,} characters, and this one {len(text):,}.")
    if nesting.depth(text) > MAX_DEPTH:
        raise _too_deep()
    try:
        found = json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        raise InvalidSchema(f"This is not a valid Avro schema: {error}") from None
    if isinstance(found, list):
        _check_union(found)
    _measure(found)


def _measure(schema: Any) -> None:
    values, left = 0, [(schema, 1)]
    while left:
        value, depth = left.pop()
        values += 1
        if values + len(left) > MAX_VALUES:
            raise InvalidSchema(f"A schema has at most {MAX_VALUES:,} JSON values.")
        if depth > MAX_DEPTH:
            raise _too_deep()
        left += [(below, depth + 1) for below in _below(value)]


def _below(value: Any) -> list[Any]:
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return []
    for name in ("type", "items", "values"):  # here a list is a union of types
        if isinstance(union := value.get(name), list):
            _check_union(union)
    return list(value.values())


def _check_union(types: list[Any]) -> None:
    if len(types) > MAX_UNION:
        raise InvalidSchema(f"A union has at most {MAX_UNION} types, and this one {len(types):,}.")


def _too_deep() -> InvalidSchema:
    return InvalidSchema(f"A schema's JSON is nested at most {MAX_DEPTH} deep.")


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
