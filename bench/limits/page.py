"""Writes docs/limits.md: what every route takes, from the code, and how long the worst of it took, as measured."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from api.app import WAITS, openapi
from api.commands import bulk_commands
from api.http import problems, sizes
from api.http.requests import BULK_LIMIT, LIMIT
from api.models import bulk_inputs, listings
from api.settings import Settings
from bench.limits.operations import KINDS, Operation, operations
from bench.limits.waiting import Held
from domain.query import search
from domain.query.bounds import MAX_BRACKETS, MAX_LENGTH, MAX_WORDS
from domain.recurrence import rule
from local.settings import ROOT
from postgres import rows
from schemas import serving
from schemas.folding import LONGEST_NOTES, fold_title
from schemas.registry import bounds
from schemas.words import MOST, MOST_DIFFERENT

FILE = ROOT / "docs" / "limits.md"
MEASURED = "## Measured"
_HEAD = """# Limits

What a request may hold, so that none keeps another user's waiting for more than 250 ms on two cores: sizes and numbers
are checked before what is in them, whatever takes longer runs beside the event loop, and of one user few at a time.
`test_nobody_waits_for_the_worst_request_of_another` asks every route, as somebody who has the worst of everything, more
often at once than one user's requests run: the event loop takes at most 250 ms of CPU while another waits. This page is
written by `python -m bench.limits`: the limits from the code, the times as it measured them.
"""
_KIB = 1024
_TOLD = {
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
"""Limits that the domain checks, and that OpenAPI does not say, or not as shortly."""
_SAID = {
    "maxItems": "{:,} items",
    "maxLength": "{:,} characters",
    "enum": "one of {}",
    "const": "{}",
    "$ref": "see {}",
}
"""What is told of a schema that has a keyword."""


def limits() -> str:
    """Return what stands on the page but for what was measured."""
    parts = [_HEAD, "## Of every request\n", *_everywhere(), "", "## Of each route\n", *_routes()]
    return "\n".join([*parts, "", "## Of what bodies hold\n", *_shapes(), "", "## Of the registry\n", *_registry(), ""])


def measured(found: Iterable[Held], told: str) -> str:
    """Return the table of the longest times, and what was ``told`` of how they were measured."""
    worst: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for each in found:
        cells = worst[str(each.request.operation)]
        cells[each.request.kind] = max(cells[each.request.kind], each.seconds)
        cells["other"] = max(cells["other"], *each.other)
    lines = (_row(f"`{name}`", *(_ms(cells.get(kind)) for kind in (*KINDS, "other"))) for name, cells in worst.items())
    head = _row("route", *KINDS, "the other waited")
    return "\n".join([MEASURED, "", told, "", head, "|" + "---|" * (len(KINDS) + 2), *lines, ""])


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
    yield f"| the time to send it whole | {fields['receive_timeout'].default:.0f} s (`RONDO_RECEIVE_TIMEOUT`) | 408 |"
    yield f"| connections | {fields['connections'].default} (`RONDO_CONNECTIONS`) | idle ones give way; 503 `full` |"
    yield f"| reads of one user at once | {fields['reads'].default} (`RONDO_READS`) | others wait; then 429 `busy` |"
    yield "| long work of one user at once | 1 | the rest waits |"
    yield f"| waits for an outcome of one user at once | {fields['connections'].default // WAITS} | answered at once |"
    longest = f"{fields['query_timeout'].default:.0f} s (`RONDO_QUERY_TIMEOUT`)"
    yield f"| what a read may take | {longest} | 422 `too-much`; 503 where a part is away |"
    yield f"| a page | 200 items, {rows.LARGEST:,} characters of text | goes on at `next` |"
    yield f"| values of one facet | {listings.MOST_VALUES:,} | left out |"
    yield f"| a title as it is compared | {len(fold_title('x' * 9999))} characters, folded | the rest does not count |"
    yield f"| notes as they are compared | {LONGEST_NOTES:,} characters, folded | the rest does not count |"
    yield f"| words of one text | {MOST:,}, and {MOST_DIFFERENT:,} different ones | the rest is not found by `q` |"
    yield f"| marking what `q` found | {listings.MARKING} s a page | the last tasks have no marks |"
    yield f"| a body | {LIMIT // _KIB} KiB; of a bulk {BULK_LIMIT // _KIB // _KIB} MiB | 413 |"
    yield f"| the pieces of a body | {serving.FEW:,}, and one more for each {serving.SHORT} bytes | 400 |"
    yield f"| fields and items of a body | {sizes.MOST_VALUES:,} | 422 |"
    yield f"| unknown fields of a body that are named | {problems.MOST_ERRORS} | counted |"
    yield f"| a problem | {problems.MOST_ERRORS} errors, {problems.MOST_BYTES // _KIB} KiB | counted, cut |"
    yield f"| tasks that a bulk names | {bulk_inputs.MOST_NAMED:,} | 422 |"
    yield f"| tasks that a bulk finds | {bulk_commands.MOST:,} | 422 |"


def _routes() -> Iterator[str]:
    described = openapi()["paths"]
    yield "| route | body | parameters |"
    yield "|---|---|---|"
    for each in operations():
        parameters = described[each.path][each.method.lower()].get("parameters", ())
        told = [f"`{one['name']}`: {_limit(one)}" for one in parameters if one["in"] != "header"]
        yield _row(f"`{each}`", _body(each), "; ".join(told))


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
    """Return what may stand in a field or a parameter."""
    name, schema = described["name"], described["schema"]
    if "anyOf" in schema:
        schema = {**schema, **schema["anyOf"][0]}
    told = (_words(said, schema[key]) for key, said in _SAID.items() if key in schema)
    if "minimum" in schema and "maximum" in schema:
        return f"{schema['minimum']:,} to {schema['maximum']:,}"
    if schema.get("format") == "uuid":
        return "a UUID"  # whatever is called so elsewhere
    return _TOLD.get(name) or next(told, None) or "one of its kind"


def _words(said: str, value: Any) -> str:
    value = ", ".join(map(str, value)) if isinstance(value, list) else value
    return said.format(f"`{value.rpartition('/')[2]}`" if said.startswith("see") else value)


def _registry() -> Iterator[str]:
    yield f"A body has at most {bounds.MAX_BODY // _KIB} KiB (413). A schema has at most {bounds.MAX_TEXT:,} characters"
    yield f"and {bounds.MAX_VALUES:,} JSON values, is nested at most {bounds.MAX_DEPTH} deep, and a union in it has at"
    yield f"most {bounds.MAX_UNION} types (422, code 42201). The name of a subject has at most {bounds.MAX_SUBJECT}"
    yield "characters."
