"""Checks the audit trail at its source: on the log, not in the views."""

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

from domain.audit import Break, Chain
from rondo.location import Place
from schemas.codec import Codec, Undecodable
from schemas.kafka.log_reader import committed
from schemas.records import AuditEntry
from schemas.registry.client import Registry
from schemas.topics import AUDIT_LOG


@dataclass
class Verified:
    """The result of a check of the chains, which ends at the first break."""

    entries: int = 0
    chains: dict[str, Chain] = field(default_factory=lambda: defaultdict(Chain))
    broken: tuple[str, Break] | None = None

    def describe(self) -> str:
        """Return the result as a sentence."""
        if self.broken:
            user, broken = self.broken
            return f"The chain of user {user} is broken at entry {broken.sequence}: {broken.reason}"
        return f"{self.entries} entries of {len(self.chains)} users: every chain holds."


async def verify(place: Place, user: str | None = None) -> Verified:
    """Follow every user's chain (or one user's) from its first entry to the end of the log."""
    found = Verified()
    async for entry in entries(place):
        if user in {None, entry.user}:
            found.entries += 1
            if broken := found.chains[entry.user].follow(entry):
                found.broken = (entry.user, broken)
                break
    return found


async def entries(place: Place) -> AsyncIterator[AuditEntry]:
    """Yield the audit log's entries, one partition after the other; skip other records."""
    registry = Registry(place.registry)
    codec = Codec(registry)
    try:
        async for raw in committed(place.kafka, AUDIT_LOG.name):
            await codec.learn([raw.value])
            with suppress(Undecodable):
                record = codec.decode(raw.value)
                if isinstance(record, AuditEntry):
                    yield record
    finally:
        await registry.aclose()
