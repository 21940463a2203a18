"""Golden bytes: each version of each record as it is on the log. ``python -m tests.contract.golden`` adds new ones.

``tests/golden/<Name>/<n>.json`` holds version n's schema and, for some values, their Avro bytes in hexadecimal. Files
are only ever added: changing one hides that records on somebody's log can't be read any more.
"""

import json
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Any, get_args, get_origin

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from schemas import codec, contract

GOLDEN = Path(__file__).parent.parent / "golden"


class Golden(Struct, frozen=True):
    """One version of a record's schema."""

    schema: Any
    values: dict[str, Any]
    bytes: dict[str, str]


def versions(record: type[Struct]) -> Iterator[Golden]:
    """Return every version of a record, oldest first."""
    number = 1
    while (path := _path(record, number)).exists():
        yield msgspec.json.decode(path.read_bytes(), type=Golden)
        number += 1


def sample(of: Any, name: str = "", full: bool = True) -> Any:
    """Return a value of a type: ``full`` with every field set, else with no more than must be."""
    if get_origin(of) is tuple:
        first, last = get_args(of)
        several = (sample(first, name), sample(first, f"{name} 2")) if full else ()
        return several if last is ... else (sample(first, name, full), sample(last, name, full))
    if isinstance(of, UnionType):
        return sample(get_args(of)[0], name) if full else None
    if get_origin(of) is dict:
        numbers = get_args(of)[1] is int
        return ({"task-events": 0, "task-commands": 2**40} if numbers else {"channel": "log"}) if full else {}
    if issubclass(of, Struct):
        return of(**{each.name: sample(each.type, each.name, full) for each in fields(of) if full or each.required})
    if issubclass(of, StrEnum):
        return list(of)[-1 if full else 0]
    return (
        {str: f"{name}: Zoë, 牛乳, 🥛 " + "x" * 100, bytes: bytes(range(256)), int: 1_795_438_800_123, bool: True}[of]
        if full
        else of()
    )


def bare(of: Any) -> Any:
    """Return a schema without its docs, which change no bytes."""
    if isinstance(of, dict):
        return {key: bare(value) for key, value in of.items() if key != "doc"}
    return [bare(item) for item in of] if isinstance(of, list) else of


def _path(record: type[Struct], number: int) -> Path:
    return GOLDEN / record.__name__ / f"{number}.json"


def _golden(record: type[Struct]) -> Golden:
    samples = {"bare": sample(record, full=False), "full": sample(record)}
    written = {name: codec.binary(record).write(b"", value).hex() for name, value in samples.items()}
    return Golden(contract.schema(record), samples, written)


def add() -> None:
    """Add a version for each record whose schema differs from its last one's."""
    for record in contract.RECORDS.values():
        known = list(versions(record))
        if not known or bare(known[-1].schema) != bare(contract.schema(record)):
            path = _path(record, len(known) + 1)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(msgspec.to_builtins(_golden(record)), indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    add()
