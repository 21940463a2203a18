"""What a verification found: where the log, folded again, leads elsewhere than to what stands."""

from dataclasses import dataclass
from typing import Any

from msgspec import Struct, to_builtins

from domain import reasons
from schemas.codec import Serde, Undecodable

ABSENT = "nothing"
_MOST = 300  # characters of a value that are told


@dataclass(frozen=True)
class Difference:
    """One place where what stands differs from what replay leads to."""

    stage: str
    partition: int | None
    place: str
    """What differs: a key of the state, a record's place on a topic, a row of a table."""
    reason: str
    field: str | None = None
    stands: str | None = None
    replayed: str | None = None
    source: str | None = None
    """Where on the log it came from: ``topic/partition/offset``."""

    def told(self) -> str:
        """Return it as a sentence or two."""
        where = self.stage if self.partition is None else f"{self.stage}, partition {self.partition}"
        field = f" Field {self.field}:" if self.field else ""
        values = "" if self.stands is None else f"{field} {self.stands} stands, replay leads to {self.replayed}."
        source = f" It comes from {self.source}." if self.source else ""
        return f"{where}: {self.place}: {self.reason}{values}{source}"


class Differs(Exception):
    """Raised where a replay finds the first difference of its partition."""

    def __init__(self, difference: Difference) -> None:
        super().__init__(difference.told())
        self.difference = difference


def first(stands: Any, replayed: Any, path: str = "") -> tuple[str | None, str, str] | None:
    """Return the first field that differs, by its path, with both values as text; None where nothing does."""
    if stands == replayed:
        return None
    if isinstance(stands, dict) and isinstance(replayed, dict):
        for name in sorted(stands.keys() | replayed.keys()):
            inner = f"{path}.{name}" if path else name
            if found := first(stands.get(name, ABSENT), replayed.get(name, ABSENT), inner):
                return found
    return path or None, _told(stands), _told(replayed)


def between(codec: Serde, stands: bytes | None, replayed: bytes | None) -> tuple[str | None, str, str] | None:
    """Compare two messages: byte for byte, and where they were written under two schemas by what they say."""
    if stands == replayed:
        return None
    found = first(_plain(codec, stands), _plain(codec, replayed))
    if found is None and (stands or b"")[:5] == (replayed or b"")[:5]:  # the same record, written otherwise
        return None, (stands or b"").hex(), (replayed or b"").hex()
    return found


def fields(found: tuple[str | None, str, str]) -> dict[str, str | None]:
    """Return what ``first`` found as the fields of a ``Difference``."""
    return dict(zip(("field", "stands", "replayed"), found, strict=True))


def _plain(codec: Serde, message: bytes | None) -> Any:
    if message is None:
        return ABSENT
    try:
        record = codec.decode(message)
    except (Undecodable, LookupError):
        return message.hex()
    return {"type": type(record).__name__, **_builtins(record)}


def _builtins(record: Struct) -> dict[str, Any]:
    plain: dict[str, Any] = to_builtins(reasons.cleaned(record))
    return plain


def _told(value: Any) -> str:
    text = value if value is ABSENT else repr(value)
    return text if len(text) <= _MOST else f"{text[:_MOST]}…"
