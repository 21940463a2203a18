"""All topics: their writer, their record types, their retention."""

from collections.abc import Iterator
from dataclasses import dataclass
from inspect import isclass

from msgspec import Struct

from schemas import records as r
from schemas.records.base import Command, Event

FOR_EVER = -1
DAYS = 24 * 60 * 60 * 1000
_DEAD_BYTES = 4 * 1024 * 1024  # a record of any topic, with the reason of its dead letter


@dataclass(frozen=True)
class Topic:
    """One topic of the contract. ``retention`` is in milliseconds; ``FOR_EVER`` is unlimited.

    ``holds`` is its description in docs/architecture.md, in Markdown.
    """

    name: str
    writer: str
    records: tuple[type[Struct], ...]
    retention: int = FOR_EVER
    compacted: bool = False
    partitions: int | None = None  # None: as many as all keyed topics
    max_bytes: int = 1024 * 1024  # of one record
    stamped: str = "CreateTime"  # the clock of records' times: the writer's, or LogAppendTime, the broker's
    holds: str = ""


def _kinds(base: type[Struct]) -> Iterator[type[Struct]]:
    """Yield the record types that are commands, or events, in the order of the contract."""
    return (one for one in vars(r).values() if isclass(one) and issubclass(one, base) and not one.__subclasses__())


_DERIVED = (r.CreateOccurrence, r.MissTask)
"""Commands that no one sends."""

TASK_COMMANDS = Topic(
    "task-commands",
    "api",
    tuple(one for one in _kinds(Command) if one not in _DERIVED),
    holds="what people asked for",
)
TASK_FOLLOWUPS = Topic(
    "task-followups",
    "recurrence",
    _DERIVED,
    holds="derived commands: the next occurrence, a missed one. Apart, so that a dead worker's open transaction never "
    "hides people's commands",
)
TASK_EVENTS = Topic(
    "task-events",
    "tasks",
    (*_kinds(Event), r.CommandOutcome),
    holds="what happened, with the whole task after it; and one outcome for each command",
)
TASK_NOTICES = Topic("task-notices", "tasks", (r.TaskNotice,), holds="that the 30 days of a deleted entity are over")
SERIES_NOTICES = Topic(
    "series-notices",
    "recurrence",
    (r.SeriesNotice, r.ReplanNotice),
    holds='"the next occurrence of this series has come"',
)
REMINDERS = Topic(
    "reminders",
    "reminders",
    (
        r.ReminderScheduled,
        r.ReminderCancelled,
        r.ReminderDue,
        r.ReminderWithheld,
        r.DigestDue,
        r.DigestWithheld,
        r.TargetCorrected,
    ),
    holds="scheduled, cancelled, due, or withheld: suppressed, missed; digests, too; which targets were corrected",
)
REMINDER_NOTICES = Topic(
    "reminder-notices", "reminders", (r.ReminderNotice, r.DigestNotice, r.ReplanNotice), holds='"this timer has come"'
)
AUDIT_LOG = Topic(
    "audit-log", "audit", (r.AuditEntry,), holds="who changed what and why, with the hash of the entry before"
)
NOTIFICATIONS = Topic(
    "notifications", "notify", (r.Notification,), holds="the ledger of deliveries: claimed, sent, failed …"
)
RETRIES = Topic(
    "retries",
    "rondo dead-letters",
    (r.Retry,),
    max_bytes=_DEAD_BYTES,
    holds="dead letters that are sent again, each with its whole record, for the stage that dead-lettered it",
)
DEAD_LETTERS = Topic(
    "dead-letters",
    "every stage",
    (r.DeadLetter,),
    retention=90 * DAYS,
    partitions=1,
    max_bytes=_DEAD_BYTES,
    holds="records that could not be read or decided: bytes, headers, place, reason; one partition",
)
CLOCK = Topic(
    "rondo-clock",
    "every process",
    (),
    retention=2 * DAYS,
    partitions=1,
    stamped="LogAppendTime",
    holds="only the broker's time of each record, which clocks are compared with; one partition",
)

SHARED = tuple(topic for topic in list(globals().values()) if isinstance(topic, Topic))
"""Every topic above: all but the registry's and those of a single stage."""

SCHEMAS = Topic("rondo-schemas", "registry", (), compacted=True, partitions=1, holds="schemas")


BLOCKS, CHANGELOG = "-blocks", "-changelog"
"""The ends of the names of a topology's own topics."""


def blocks(stage: str) -> Topic:
    """Return the topic that records how a stage's inputs were interleaved."""
    holds = "the offsets of the input that each block took; decision version and version of `tzdata`; regroupings"
    return Topic(f"{stage}{BLOCKS}", stage, (r.Block, r.Regrouping), holds=holds)


def changelog(stage: str, records: tuple[type[Struct], ...]) -> Topic:
    """Return the compacted topic that a stage's state is restored from."""
    holds = "state and input positions"
    return Topic(f"{stage}{CHANGELOG}", stage, (*records, r.Position), compacted=True, holds=holds)
