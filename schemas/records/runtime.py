"""Records of the runtime: dead letters and retries, blocks, positions, timers."""

from enum import StrEnum

from msgspec import Struct


class DeadLetter(Struct, frozen=True, gc=False):
    """A record that could not be decoded or decided, in full, with the reason."""

    stage: str
    """Name of the stage that could not process the record."""
    topic: str
    partition: int
    offset: int
    at: int
    """The record's own time."""
    reason: str
    """A sentence for people."""
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()


class Retry(Struct, frozen=True, gc=False):
    """A dead letter that is sent again: the record in full, for its stage to fold again.

    ``topic``, ``partition``, ``offset`` are the record's original position, however often it has been sent again.
    """

    id: str
    """UUID, derived from the record's position and from letter."""
    user: str
    """The record's key as text, empty if it has none; and this record's Kafka key."""
    at: int
    """When it was sent again."""
    stage: str
    """Name of the stage that is to fold the record."""
    letter: int
    """Offset on dead-letters of the dead letter that is sent again."""
    died_at: int
    """When the record's first dead letter was written."""
    topic: str
    """The record's original topic; for a timer its stage's changelog."""
    partition: int
    offset: int
    """-1 for a timer."""
    reason: str
    """Why it was dead-lettered: a sentence for people."""
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    seen: int = 0
    """The topic was searched for later records up to this offset."""
    later: bool = False
    """Whether a later record about the same entity was found."""


class Block(Struct, frozen=True, gc=False):
    """The input that a block of a stage with several inputs consumed: the only record of their interleaving."""

    stage: str
    topic: str
    first: int
    """Offset of the first record."""
    last: int
    """Offset of the last record."""
    records: int
    """Number of records between them that it took."""
    rules: str
    """Decision version that it was decided by."""
    tzdata: str
    """Version of the time zone data: 2026.6."""
    given: dict[str, str] = {}
    """Recorded settings: what affected decisions besides the records, by name, such as the channel of notifications, or
    what reading the log found."""


class Former(Struct, frozen=True, gc=False):
    """A topology that stages ran in until they were regrouped, and where its records end in a partition."""

    topology: str
    """Its name."""
    stages: tuple[str, ...]
    """Its stages, in their order."""
    offsets: dict[str, int]
    """Its last positions: the next offset to read, by topic."""
    ends: dict[str, int]
    """Where its output and its recorded blocks end, by topic."""


class Regrouping(Struct, frozen=True, gc=False):
    """From here on these stages run in this topology; until here they ran in others, whose state they go on with."""

    topology: str
    """The name of the topology whose blocks follow."""
    stages: tuple[str, ...]
    """The stages of the topology, in their order."""
    offsets: dict[str, int]
    """The positions that it begins with: the next offset to read, by topic."""
    former: tuple[Former, ...]
    """The topologies that its stages ran in before."""


class Standing(StrEnum):
    """Whether a topology may go on with its state."""

    OPEN = "OPEN"
    """Its workers may."""
    FROZEN = "FROZEN"
    """A regrouping has begun to take its stages' state."""
    FILLING = "FILLING"
    """A regrouping has begun to write its state."""
    LEFT = "LEFT"
    """Its stages have gone on in other topologies."""


class Position(Struct, frozen=True, gc=False):
    """The next offset that a stage-partition reads, by input topic."""

    offsets: dict[str, int]
    """Next offset to read, by input topic."""
    stages: tuple[str, ...] = ()
    """The stages of the topology, in their order: others can't go on with its state."""
    standing: Standing = Standing.OPEN
    """Whether its workers may go on with the state."""
    grouping: str = ""
    """Unless it is open: the grouping that the regrouping leads to, as in RONDO_TOPOLOGIES."""
    indexes: tuple[str, ...] = ()
    """The indexes, by stage and name, that the writer kept: an earlier version may have left others as they were."""


class Timer(Struct, frozen=True, gc=False):
    """A timer that is set."""

    id: str
    """UUID of the timer."""
    user: str
    subject: str
    """What it belongs to: an entity, a series, a delivery."""
    due: int
    """The instant at which it fires."""


class TimerCursor(Struct, frozen=True, gc=False):
    """The key of the last timer whose notice was written."""

    key: bytes
    """Due time in milliseconds (8 bytes, big-endian), then the timer's id."""


class Member(Struct, frozen=True, gc=False):
    """An entry of an index; its key has the rest."""

    name: str
    """What is indexed."""


class BackfillCursor(Struct, frozen=True, gc=False):
    """The progress of indexing a table that is older than its index."""

    key: bytes
    """The key of the last entry that was indexed; empty before the first."""
    done: bool = False
    """Whether all entries have been."""
