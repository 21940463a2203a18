"""A record as a stage folds it: from the log, or handed on in memory by another stage of the topology."""

from collections.abc import Sequence
from typing import Any, TypeAlias

from aiokafka.structs import ConsumerRecord
from msgspec import Struct

NOWHERE = -1
"""The offset of a timer, which is in the state and on no topic."""


class Handed(Struct, frozen=True, gc=False):
    """The ``index``-th record that a block emits to a topic: handed on before it is produced, so without an offset."""

    topic: str
    partition: int
    index: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    timestamp: int
    offset: int = NOWHERE


Raw: TypeAlias = ConsumerRecord | Handed


class Record(Struct, frozen=True):  # made in a fifth of a dataclass's time, for each record of the log
    """One record, raw and decoded.

    For a dead-lettered record that is sent again, ``retried`` is the time of that (ms since 1970), ``overtaken``
    whether a later record about the same subject was folded meanwhile, and ``retry`` what is dead-lettered if it can't
    be folded again.
    """

    raw: Raw
    value: Any
    retried: int | None = None
    overtaken: bool = False
    retry: ConsumerRecord | None = None


def place(raw: Raw) -> str:
    """Return a record's place: ``topic/partition/offset``, or the id of one that was handed on for the offset."""
    return handed_place(raw) if isinstance(raw, Handed) else f"{raw.topic}/{raw.partition}/{raw.offset}"


def handed_place(raw: Raw) -> str:
    """Return the place of a record that has no offset yet where it is named: ``topic/partition/id``."""
    identity = next((value for name, value in raw.headers if name == "ce_id"), b"?")
    return f"{raw.topic}/{raw.partition}/{identity.decode()}"
