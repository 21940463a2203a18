"""``python -m bench.codec``: the cost of encoding and decoding a record, compared with fastavro through dicts.

Each record is a ``TaskCreated`` with a tag, a due date and a reminder, and different ids, texts and instants. Both
codecs go from the struct to the message and back to an equal struct.
"""

import time
from collections.abc import Callable, Sequence
from io import BytesIO
from statistics import median
from typing import Any

import click
import msgspec
from fastavro import schemaless_reader, schemaless_writer
from msgspec import Struct
from rich.console import Console

from bench.report import ratio
from schemas import contract, ids
from schemas import records as r
from schemas.codec import binary, current_reader

PREFIX = b"\0\0\0\0\1"
Encode = Callable[[Struct], bytes]
Decode = Callable[[bytes], Struct]


def events(count: int) -> list[Struct]:
    """Return ``count`` different events of a hundred users."""
    return [_event(number) for number in range(count)]


def _event(number: int) -> r.TaskCreated:
    user, command, at = ids.derive("user", number % 100), ids.derive("command", number), 1_795_438_800_000 + number
    due, reminder = r.Due("2026-11-23", "09:00:00", "Europe/Paris"), r.Reminder("1", before=900)
    title = f"Water plant {number} in the hall"
    task = r.Task(ids.task(command), user, title, at, at, tags=("home",), due=due, reminders=(reminder,))
    return r.TaskCreated(ids.event(command), user, at, f"user:{user}", command, task)


def by_fastavro(record: type[Struct]) -> tuple[Encode, Decode]:
    """Return fastavro's functions to encode and decode a record type, through dicts."""
    schema = contract.plain(contract.schema(record))

    def encode(value: Struct) -> bytes:
        out = BytesIO()
        out.write(PREFIX)
        schemaless_writer(out, schema, msgspec.to_builtins(value, builtin_types=(bytes,)))
        return out.getvalue()

    def decode(data: bytes) -> Struct:
        body = BytesIO(data)
        body.seek(len(PREFIX))
        return msgspec.convert(schemaless_reader(body, schema, None), record)

    return encode, decode


def by_binary(record: type[Struct]) -> tuple[Encode, Decode]:
    """Return Rondo's functions to encode and decode a record type."""
    write = binary(record).write
    return lambda value: write(PREFIX, value), current_reader(record)


def _seconds(function: Callable[[Any], object], values: Sequence[object]) -> float:
    """Return the CPU seconds for all values; results are kept until the end, as in a block."""
    began = time.process_time()
    _kept = [function(value) for value in values]
    return time.process_time() - began


def _compare(
    console: Console, name: str, ways: Sequence[Callable[[Any], object]], values: list[Any], rounds: int
) -> None:
    times = [[_seconds(way, values) for way in ways] for _ in range(rounds)]
    ours, theirs = (min(column) / len(values) * 1e6 for column in zip(*times, strict=True))
    console.print(f"{name}: {ours:.1f} µs a record, fastavro {theirs:.1f}", highlight=False)
    ratio(console, f"codec-{name}:binary/fastavro", median(own / other for own, other in times))


@click.command(context_settings={"show_default": True, "help_option_names": ["-h", "--help"]})
@click.option("--n", "size", default=5_000, help="Records per round.")
@click.option("--rounds", default=40, help="Rounds of both codecs in turn; the fastest counts.")
def main(size: int, rounds: int) -> None:
    """Compare Rondo's codec with fastavro."""
    console, values = Console(), events(size)
    ours, theirs = by_binary(r.TaskCreated), by_fastavro(r.TaskCreated)
    messages = [ours[0](value) for value in values]
    assert [theirs[1](message) for message in messages] == values
    console.print(f"A TaskCreated of {len(messages[0])} bytes:", highlight=False)
    _compare(console, "encode", (ours[0], theirs[0]), values, rounds)
    _compare(console, "decode", (ours[1], theirs[1]), messages, rounds)


if __name__ == "__main__":
    main()
