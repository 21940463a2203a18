"""The audit trail: who changed which field from what to what, and why, as a hash chain for each user.

An entry's hash is SHA-256, in hexadecimal, over the UTF-8 of the entry as a JSON object without ``hash``: keys sorted,
no white space, only the escapes that JSON requires (the form of RFC 8785 for strings, integers and null). It includes
the previous entry's hash, so altering, removing or inserting an entry is detected. A chain alone can't reveal that its
end was cut off: for that, ``verify`` takes the head, which is stored elsewhere.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from msgspec import json
from msgspec.structs import asdict, fields, replace

from domain import entities
from domain.added import plain
from domain.entities import Entity, Event, name, subject
from domain.entity import EntityType
from schemas.records import AuditEntry, AuditHead, Closing, FieldChange, Task

START = AuditHead(sequence=0, hash="0" * 64)
"""The head that the first entry of every chain follows."""

_DEFAULTS = {"rank": "", "sort": "", "pinned": False, "deleted": False, "closing": Closing.DONE, "enabled": True}
"""Values of a new entity's fields that are not recorded, besides None in any field. Fields added to a record later are
listed here, so that entries of older logs keep their hashes."""

_SORTED = json.Encoder(order="sorted")


@dataclass(frozen=True)
class Break:
    """The first place where a chain does not hold."""

    sequence: int
    entry: str | None  # the entry's id; None where it is missing at the end
    reason: str


def entry(head: AuditHead | None, before: Entity | None, event: Event) -> AuditEntry:
    """Return the entry that records an event and follows ``head`` (None: the user's first entry)."""
    follows, after = head or START, entities.after(event)
    unsealed = AuditEntry(
        id=event.id,
        user=event.user,
        at=event.at,
        sequence=follows.sequence + 1,
        actor=event.actor,
        command=event.command,
        cause=event.cause,
        event=type(event).__name__,
        task=after.id if isinstance(after, Task) else None,
        changes=changes(before, after),
        previous=follows.hash,
        hash="",
        subject=subject(after),
    )
    return replace(unsealed, hash=digest(unsealed))


def about(event: Event) -> str:
    """Return the id or subject of the entity that an event changed."""
    after = entities.after(event)
    return subject(after) or name(after)


def head_after(entry: AuditEntry) -> AuditHead:
    """Return the head of the chain after this entry."""
    return AuditHead(entry.sequence, entry.hash)


def changes(before: Entity | None, after: Entity) -> tuple[FieldChange, ...]:
    """Return every field whose value changed, in the record's order, with values as JSON."""
    of = entities.of(after)
    was_there = before is not None or of.create is None
    old = of.audited(before) if before else _unset(of)
    changed = [each for each in zip(of.fields, old, of.audited(after), strict=True) if each[1] != each[2]]
    return tuple(FieldChange(field, _json(was if was_there else None), _json(now)) for field, was, now in changed)


def _unset(of: EntityType[Any]) -> tuple[Any, ...]:
    """Return the values of a new entity's fields; those of one that no command creates are its record's defaults."""
    if of.create:
        return tuple(map(_DEFAULTS.get, of.fields))
    defaults = {each.name: each.default for each in fields(of.record)}
    return tuple(defaults[field] for field in of.fields)


def digest(entry: AuditEntry) -> str:
    """Return the hash that the entry must have."""
    content = asdict(entry)
    del content["hash"]
    if entry.subject is None:  # a field added later: entries of older logs keep their hashes
        del content["subject"]
    return sha256(_SORTED.encode(content)).hexdigest()


class Chain:
    """One user's chain, checked entry by entry from its first one, or from the one after ``head``."""

    def __init__(self, head: AuditHead = START) -> None:
        self.head = head
        self._user: str | None = None

    def follow(self, entry: AuditEntry) -> Break | None:
        """Check the next entry; return how it breaks the chain, or None."""
        self._user = self._user or entry.user
        if reason := self._fault(entry):
            return Break(self.head.sequence + 1, entry.id, reason)
        self.head = head_after(entry)
        return None

    def _fault(self, entry: AuditEntry) -> str | None:
        if entry.user != self._user:
            return "The entry belongs to another user's chain."
        if entry.sequence != self.head.sequence + 1:
            return f"Entry {self.head.sequence + 1} is missing: the next one found is {entry.sequence}."
        if entry.previous != self.head.hash:
            return "The entry does not follow the one before it: its `previous` is not that one's hash."
        if entry.hash != digest(entry):
            return "The entry was altered: its content does not lead to its hash."
        return None


def verify(entries: Iterable[AuditEntry], head: AuditHead | None = None) -> Break | None:
    """Return the first break in one user's whole chain, in order from its first entry, or None.

    With ``head``, the chain must also end exactly there.
    """
    chain = Chain()
    for one in entries:
        if broken := chain.follow(one):
            return broken
    if head is not None and head != chain.head:
        return Break(chain.head.sequence + 1, None, f"The chain ends here, but its head is at {head.sequence}.")
    return None


def _json(value: Any) -> str:
    return "null" if value is None else _SORTED.encode(plain(value)).decode()
