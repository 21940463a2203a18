"""Writes docs/limits.md: the limits of every route, from the code, and the times of the worst requests, as measured."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from api.app import WAITS, openapi
from api.commands import bulk_commands
from api.configuration import Settings
from api.http import problems, sizes
from api.http.requests import BULK_LIMIT, LIMIT
from api.models import bulk_inputs, listings
from bench.limits.operations import KINDS, Operation, operations
from bench.limits.waiting import Held
from common import serving
from domain.folding import LONGEST_NOTES, fold_title
from domain.query import search
from domain.query.bounds import MAX_BRACKETS, MAX_LENGTH, MAX_WORDS
from domain.recurrence import rule
from domain.words import MOST, MOST_DIFFERENT
from local.settings import ROOT
from postgres import rows
from schemas.registry import bounds

FILE = ROOT / "docs" / "limits.md"
MEASURED = "## Measured"
_HEAD = """# Limits

The limits of requests. With them, no request delays another user's by more than 250 ms on two cores: sizes and counts
are checked before contents, long work runs outside the event loop, and few requests of a user run at a time.
`test_nobody_waits_for_the_worst_request_of_another` sends every route its worst requests, as a user with the worst data
and with more concurrent requests than one user may run: the event loop uses at most 250 ms of CPU while another user
waits. `python -m bench.limits` writes this page: the limits from the code, the times as measured.
"""
_KIB = 1024
_OF_DOMAIN = {
    "filter": f"{MAX_LENGTH:,} characters, {MAX_WORDS} names and values, {MAX_BRACKETS} brackets deep",
    "q": f"{search.MAX_LENGTH} characters, {search.MAX_WORDS} words",
    "sort": "each key once",
    "zone": "a name of the IANA database",
    "recurrence": f"{rule.MAX_TEXT:,} characters",
    "beginning": "36 characters of an id",
    "name": "64 characters",
    "date": "YYYY-MM-DD, of the years 1970 to 9999",
    "time": "HH:MM or HH:MM:SS",
    "before": "a duration of up to 366 days",
    "at": "an instant of the years 1970 to 9999",
    "colour": "#rrggbb",
    "version": "1 to 2⁶³ - 1",
}
"""Limits that the domain checks, and that OpenAPI lacks or puts at length."""
_OF_KEYWORDS = {
    "maxItems": "{:,} items",
    "maxLength": "{:,} characters",
    "enum": "one of {}",
    "const": "{}",
    "$ref": "see {}",
}
"""The words for a keyword of a schema."""


def limits() -> str:
    """Return the page without its measurements."""
    parts = [_HEAD, "## Every request\n", *_everywhere(), "", "## Each route\n", *_routes()]
    return "\n".join([*parts, "", "## Bodies\n", *_shapes(), "", "## The registry\n", *_registry(), ""])


def measured(found: Iterable[Held], conditions: str) -> str:
    """Return the table of the longest times, after the ``conditions`` of the measurement."""
    worst: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for each in found:
        cells = worst[str(each.request.operation)]
        cells[each.request.kind] = max(cells[each.request.kind], each.seconds)
        cells["other"] = max(cells["other"], *each.other)
    lines = (_row(f"`{name}`", *(_ms(cells.get(kind)) for kind in (*KINDS, "other"))) for name, cells in worst.items())
    head = _row("route", *KINDS, "the other waited")
    return "\n".join([MEASURED, "", conditions, "", head, "|" + "---|" * (len(KINDS) + 2), *lines, ""])


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


def _ms(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds * 1000:.0f}"


def _everywhere() -> Iterator[str]:
    fields: Mapping[str, Any] = Settings.model_fields
    yield "| what | limit | beyond it |"
    yield "|---|---|---|"
    yield "| request line and headers | 16 KiB | 400 or 431 |"
    yield "| `Idempotency-Key` | 255 characters | 422 |"
    yield f"| time to send it in full | {fields['receive_timeout'].default:.0f} s (`RONDO_RECEIVE_TIMEOUT`) | 408 |"
    yield f"| connections | {fields['connections'].default} (`RONDO_CONNECTIONS`) | idle ones close; then 503 `full` |"
    yield f"| concurrent reads of a user | {fields['reads'].default} (`RONDO_READS`) | others wait; then 429 `busy` |"
    yield "| concurrent long work of a user | 1 | the rest waits |"
    yield f"| concurrent waits of a user for an outcome | {fields['connections'].default // WAITS} | answered at once |"
    longest = f"{fields['query_timeout'].default:.0f} s (`RONDO_QUERY_TIMEOUT`)"
    yield f"| duration of a read | {longest} | 422 `too-much`; 503 where a part is unavailable |"
    yield f"| a page | 200 items, {rows.LARGEST:,} characters of text | continues at `next` |"
    yield f"| values of one facet | {listings.MOST_VALUES:,} | omitted |"
    yield f"| a title as it is compared | {len(fold_title('x' * 9999))} characters, folded | the rest is ignored |"
    yield f"| notes as they are compared | {LONGEST_NOTES:,} characters, folded | the rest is ignored |"
    yield f"| words of one text | {MOST:,}, and {MOST_DIFFERENT:,} different ones | `q` does not find the rest |"
    yield f"| highlighting matches of `q` | {listings.MARKING} s a page | the last tasks have no highlights |"
    yield f"| a body | {LIMIT // _KIB} KiB; for a bulk {BULK_LIMIT // _KIB // _KIB} MiB | 413 |"
    yield f"| chunks of a body | {serving.FEW:,}, and one more per {serving.SHORT} bytes | 400 |"
    yield f"| fields and items of a body | {sizes.MOST_VALUES:,} | 422 |"
    yield f"| unknown fields of a body that are listed | {problems.MOST_ERRORS} | counted |"
    yield f"| a problem | {problems.MOST_ERRORS} errors, {problems.MOST_BYTES // _KIB} KiB | counted, truncated |"
    yield f"| tasks that a bulk names | {bulk_inputs.MOST_NAMED:,} | 422 |"
    yield f"| tasks that a bulk's filter matches | {bulk_commands.MOST:,} | 422 |"


def _routes() -> Iterator[str]:
    described = openapi()["paths"]
    yield "| route | body | parameters |"
    yield "|---|---|---|"
    for each in operations():
        parameters = described[each.path][each.method.lower()].get("parameters", ())
        limited = [f"`{one['name']}`: {_limit(one)}" for one in parameters if one["in"] != "header"]
        yield _row(f"`{each}`", _body(each), "; ".join(limited))


def _body(operation: Operation) -> str:
    if operation.taking is None:
        return "none"
    return f"`{operation.taking.shape.__name__}`, {operation.taking.limit // _KIB:,} KiB"


def _shapes() -> Iterator[str]:
    for name, schema in _schemas().items():
        fields = (f"`{field}` {_limit({'name': field, 'schema': each})}" for field, each in _properties(schema).items())
        yield f"- `{name}`: {'; '.join(fields)}"


def _schemas() -> dict[str, Any]:
    """Return the schemas of all bodies and of the objects in them, by name."""
    found: dict[str, Any] = {}
    for shape in [each.taking.shape for each in operations() if each.taking]:
        schema = shape.model_json_schema()
        found |= {shape.__name__: schema, **schema.get("$defs", {})}
    return found


def _properties(schema: Mapping[str, Any]) -> dict[str, Any]:
    found = dict(schema.get("properties", {}))
    for alternative in schema.get("oneOf", ()):
        found |= alternative["properties"]
    return found


def _limit(described: Mapping[str, Any]) -> str:
    """Return the limit of a field or a parameter."""
    name, schema = described["name"], described["schema"]
    if "anyOf" in schema:
        schema = {**schema, **schema["anyOf"][0]}
    words = (_words(text, schema[key]) for key, text in _OF_KEYWORDS.items() if key in schema)
    if "minimum" in schema and "maximum" in schema:
        return f"{schema['minimum']:,} to {schema['maximum']:,}"
    if schema.get("format") == "uuid":
        return "a UUID"  # whatever a field of that name is elsewhere
    return _OF_DOMAIN.get(name) or next(words, None) or "any value of its type"


def _words(text: str, value: Any) -> str:
    value = ", ".join(map(str, value)) if isinstance(value, list) else value
    return text.format(f"`{value.rpartition('/')[2]}`" if text.startswith("see") else value)


def _registry() -> Iterator[str]:
    yield f"A body has at most {bounds.MAX_BODY // _KIB} KiB (413). A schema has at most {bounds.MAX_TEXT:,} characters"
    yield f"and {bounds.MAX_VALUES:,} JSON values, is nested at most {bounds.MAX_DEPTH} deep, and a union in it has at"
    yield f"most {bounds.MAX_UNION} types (422, code 42201). The name of a subject has at most {bounds.MAX_SUBJECT}"
    yield "characters."
