"""The worst input that routes accept: bodies, queries, paths and headers up to their limits."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel

from api.http.sizes import Bounds, bounds
from api.models.bulk_inputs import MOST_NAMED, NewBulk
from bench.limits.data import WORD

HEADERS = 15_000
"""Bytes of a request line or a header's value that fit into the 16 KiB of all of them."""
_ITEMS = {"numbers": "1", "texts": '""', "empty objects": "{}", "lists": "[]", "wrong keys": '{"a":1,"b":2,"c":3}'}
_TEXTS = {
    "letters": "x",
    "emoji": "\U0001f600",
    "marks": "\u0301\u0316",
    "spaces": " ",
    "quotes": '"',
    "controls": "\x07",
}
SEARCHES: Mapping[str, Mapping[str, str]] = {
    "a word of all": {"q": WORD},
    "letters without spaces": {"q": "".join(map(chr, range(0x4E00, 0x4E00 + 2 * 99, 2)))},
    "unknown words": {"q": " ".join(f"abcxyz{number}{'q' * number}" for number in range(10))},
    "a text of none": {"filter": "notes ~ qqqqqqqq"},
    "texts of none": {"filter": " or ".join(f"notes ~ w{number}" for number in range(60))},
    "whole texts of none": {"filter": f"notes in ({', '.join(f'w{number}' for number in range(245))})"},
    "letters that become many": {"filter": f'notes ~ "{chr(0xFDFA) * 1400}"'},
    "tags of none": {"filter": f"tags in ({', '.join(f'w{number}' for number in range(245))}) and not #a"},
    "days": {"filter": " or ".join(f"due = today+{number}d" for number in range(100))},
    "all": {"filter": "has notes", "sort": "title,-due,priority,start,order,pinned,changed"},
}
"""Names and parameters of the slowest searches."""
_MANY = "as many tasks as allowed"
BULKS = (_MANY, f"{_MANY}, each with ten wrong keys", f"{_MANY}, each with a wrong id and version")
"""The names of the most expensive bodies."""


class Body(NamedTuple):
    """A body, named by its content."""

    name: str
    kind: str
    content: bytes


class Text(NamedTuple):
    """A parameter's value, named by its content."""

    name: str
    content: bytes


def bodies(shape: type[BaseModel], example: Mapping[str, Any], limit: int) -> Iterator[Body]:
    """Yield bodies of up to ``limit`` bytes for a shape: with each of its lists, objects and texts overfull."""
    for path, part in _parts(bounds(shape)):
        for name, kind, text in _filled(part, limit):
            yield Body(f"{_named(path)}: {name}", kind, _put(example, path, text))
    if shape is NewBulk:
        yield from _bulks()


def texts(limit: int) -> Iterator[Text]:
    """Yield values of up to ``limit`` bytes for a query parameter, a header or a path segment."""
    for name, character in _TEXTS.items():
        if name != "controls":
            yield Text(name, (character * (limit // len(character.encode()))).encode())
    for word in ("a ", "(", "-", "a or ", "title ~ a and ", "due,", '"a', "1", "a,", "wait,", "wait =", '"1",', "%"):
        yield Text(f"of {word!r}", word.encode() * (limit // len(word)))


def shapeless(limit: int) -> Iterator[Body]:
    """Yield bodies of up to ``limit`` bytes of no valid shape, and some that are not JSON."""
    half = limit // 2
    yield Body("nested", "no shape", b"[" * half + b"]" * half)
    yield Body("nested, often", "no shape", f"[{_often('[' * 900 + ']' * 900, limit - 2)}]".encode())
    for name, item in _ITEMS.items():
        yield Body(f"a list of {name}", "no shape", f"[{_often(item, limit - 2)}]".encode())
    yield Body("one key again and again", "no shape", b"{" + _often('"a":1', limit - 2).encode() + b"}")
    yield Body("long numbers", "no shape", f"[{_often('9' * 4000, limit - 2)}]".encode())
    yield Body("escapes", "no shape", b'"' + b"\\u0041" * (limit // 6 - 1) + b'"')
    yield Body("not UTF-8 at its end", "no shape", b'"' + b"a" * (limit - 3) + b'\xff"')
    yield Body("a text without an end", "no shape", b'"' + b"a" * (limit - 1))
    yield Body("white space", "no shape", b" " * limit)
    yield Body("as much as allowed", "no shape", b'{"title":"' + b"a" * (limit - 12) + b'"}')


def _parts(bounds: Bounds, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Bounds]]:
    """Yield the path and the bounds of a body and of each of its fields and items."""
    yield path, bounds
    for name, field in (bounds.fields or {}).items():
        yield from _parts(field, (*path, name))
    if bounds.items:
        yield from _parts(bounds.items, (*path, 0))


def _filled(part: Bounds, limit: int) -> Iterator[tuple[str, str, str]]:
    """Yield the worst JSON for a part of a body, with a name and a kind."""
    room = limit - 2000  # for the rest of the body
    if part.items:
        for name, item in _ITEMS.items():
            yield f"full of {name}", "lists", f"[{_often(item, room)}]"
    elif part.fields is not None:
        yield "unknown fields", "fields", "{" + ",".join(f'"{number:x}":0' for number in range(room // 10)) + "}"
    else:
        for name, character in _TEXTS.items():
            text = json.dumps(character, ensure_ascii=name == "controls")[1:-1]
            yield name, "texts", '"' + text * (room // len(text.encode())) + '"'


def _bulks() -> Iterator[Body]:
    ids = [str(UUID(int=number)) for number in range(MOST_NAMED)]
    named = {
        _MANY: [{"id": id_, "version": 1} for id_ in ids],
        f"{_MANY}, each with ten wrong keys": [dict.fromkeys("abcdefghij", 1) for _ in ids],
        f"{_MANY}, each without an id": [{"version": 0} for _ in ids],
        f"{_MANY}, each with a wrong id and version": [{"id": "x", "version": "y"} for _ in ids],
        "one task too many": [{"id": id_} for id_ in (*ids, ids[0])],
    }
    for name, tasks in named.items():
        content = {"action": "delete", "tasks": tasks}
        yield Body(name, "tasks", json.dumps(content, separators=(",", ":")).encode())
    for name, searched in SEARCHES.items():
        if "filter" in searched:
            content = {"action": "complete", "filter": searched["filter"]}
            yield Body(name, "searches", json.dumps(content).encode())


def _often(item: str, room: int) -> str:
    return ",".join([item] * (room // (len(item) + 1)))


def _named(path: tuple[str | int, ...]) -> str:
    return ".".join(map(str, path)) or "body"


_HERE = "\0here\0"


def _put(example: Mapping[str, Any], path: tuple[str | int, ...], text: str) -> bytes:
    """Return the example's body with this JSON at a path."""
    body = json.dumps(_with(example, path), ensure_ascii=True)
    return body.replace(json.dumps(_HERE), text, 1).encode("utf-8", "surrogatepass")


def _with(value: Any, path: tuple[str | int, ...]) -> Any:
    match path:
        case ():
            return _HERE
        case (int(), *rest):
            return [_with(value[0] if isinstance(value, list) and value else None, tuple(rest))]
        case (name, *rest):
            fields = value if isinstance(value, dict) else {}
            return {**fields, name: _with(fields.get(name), tuple(rest))}
