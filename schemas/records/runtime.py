"""Records of the runtime: dead letters and retries, blocks, positions, timers."""

from msgspec import Struct


class DeadLetter(Struct, frozen=True, gc=False):
    """A record that could not be decoded or decided, whole, with the reason."""

    stage: str
    """Name of the stage that could not go on with the record."""
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
    """A dead letter that is sent again: the record whole, for its stage to fold once more.

    ``topic``, ``partition``, ``offset`` are where the record first was, however often it has been sent again.
    """

    id: str
    """UUID, derived from where the record was and from letter."""
    user: str
    """The record's key as text, empty where it has none; and this record's Kafka key."""
    at: int
    """When it was sent again."""
    stage: str
    """Name of the stage that is to fold the record."""
    letter: int
    """Offset on dead-letters of the letter that is sent again."""
    died_at: int
    """When the record's first letter was written."""
    topic: str
    """Where the record first was; of a timer its stage's changelog."""
    partition: int
    offset: int
    """-1 of a timer."""
    reason: str
    """Why it was set aside: a sentence for people."""
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...] = ()
    seen: int = 0
    """The topic was looked through for later records up to this offset."""
    later: bool = False
    """Whether a record that was found there is about the same as this one."""


class Block(Struct, frozen=True, gc=False):
    """Which input a block of a stage with several inputs consumed: the only record of how the inputs interleaved."""

    stage: str
    topic: str
    first: int
    """Offset of the first record."""
    last: int
    """Offset of the last record."""
    records: int
    """How many records it took between them."""
    rules: str
    """Version of the rules that decided."""
    tzdata: str
    """Version of the time zone data: 2026.6."""
    given: dict[str, str] = {}
    """What decided besides the records, by name: settings, as the channel of notifications; what a look at the log
    found."""


class Position(Struct, frozen=True, gc=False):
    """The next offset that a stage-partition reads, by input topic."""

    offsets: dict[str, int]
    """Next offset to read, by input topic."""


class Timer(Struct, frozen=True, gc=False):
    """A timer that stands."""

    id: str
    """UUID of the timer."""
    user: str
    subject: str
    """What it belongs to: a task, a series, a delivery."""
    due: int
    """The instant at which it fires."""


class TimerCursor(Struct, frozen=True, gc=False):
    """The key of the last timer whose notice was written."""

    key: bytes
    """Due time in milliseconds (8 bytes, big-endian), then the timer's id."""
