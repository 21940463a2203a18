"""All topics in one place: who writes them, which records they carry, how long they are kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from inspect import isclass

from msgspec import Struct

from schemas import records as r
from schemas.records.base import Command, Event

FOR_EVER = -1
DAYS = 24 * 60 * 60 * 1000
_SET_ASIDE_BYTES = 4 * 1024 * 1024  # a record of any topic, with why it was set aside


@dataclass(frozen=True)
class Topic:
    """One topic of the contract. ``retention`` is in milliseconds, ``FOR_EVER`` for no end.

    What it ``holds`` is told in docs/architecture.md, as Markdown.
    """

    name: str
    writer: str
    records: tuple[type[Struct], ...]
    retention: int = FOR_EVER
    compacted: bool = False
    partitions: int | None = None  # None: as many as every keyed topic
    max_bytes: int = 1024 * 1024  # of one record
    stamped: str = "CreateTime"  # whose time a record has: its writer's, or LogAppendTime, the broker's
    holds: str = ""


def _kinds(base: type[Struct]) -> Iterator[type[Struct]]:
    """Yield the records that are of a kind, in the order of the contract."""
    return (one for one in vars(r).values() if isclass(one) and issubclass(one, base) and not one.__subclasses__())


TASK_COMMANDS = Topic(
    "task-commands",
    "api",
    tuple(one for one in _kinds(Command) if one is not r.CreateOccurrence),  # every command but the derived one
    holds="what people asked for",
)
TASK_FOLLOWUPS = Topic(
    "task-followups",
    "recurrence",
    (r.CreateOccurrence,),
    holds="derived commands: the next occurrence. Apart, so that a dead worker's open transaction never hides people's "
    "commands",
)
TASK_EVENTS = Topic(
    "task-events",
    "tasks",
    (*_kinds(Event), r.CommandOutcome),
    holds="what happened, with the whole task after it; and one outcome for each command",
)
TASK_NOTICES = Topic("task-notices", "tasks", (r.TaskNotice,), holds="that the time of what was deleted is over")
SERIES_NOTICES = Topic(
    "series-notices", "recurrence", (r.SeriesNotice,), holds="nothing yet: timers of series will come here"
)
REMINDERS = Topic(
    "reminders",
    "reminders",
    (r.ReminderScheduled, r.ReminderCancelled, r.ReminderDue),
    holds="scheduled, cancelled, due",
)
REMINDER_NOTICES = Topic("reminder-notices", "reminders", (r.ReminderNotice,), holds='"this timer has come"')
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
    max_bytes=_SET_ASIDE_BYTES,
    holds="dead letters that are sent again, each whole, for the stage that set it aside",
)
DEAD_LETTERS = Topic(
    "dead-letters",
    "every stage",
    (r.DeadLetter,),
    retention=90 * DAYS,
    partitions=1,
    max_bytes=_SET_ASIDE_BYTES,
    holds="what could not be read or decided: bytes, headers, place, reason; one partition",
)
CLOCK = Topic(
    "rondo-clock",
    "every process",
    (),
    retention=2 * DAYS,
    partitions=1,
    stamped="LogAppendTime",
    holds="nothing but the broker's own time of each record: what clocks are compared with; one partition",
)

SHARED = tuple(topic for topic in list(globals().values()) if isinstance(topic, Topic))
"""Every topic above: all but the registry's own and those that belong to one stage alone."""

SCHEMAS = Topic("rondo-schemas", "registry", (), compacted=True, partitions=1, holds="schemas")


def blocks(stage: str) -> Topic:
    """Return the topic that records how a stage's inputs interleaved."""
    holds = "which offsets of which input each block took; version of rules and `tzdata`"
    return Topic(f"{stage}-blocks", stage, (r.Block,), holds=holds)


def changelog(stage: str, records: tuple[type[Struct], ...]) -> Topic:
    """Return the compacted topic that a stage's state is restored from."""
    holds = "state and input positions"
    return Topic(f"{stage}-changelog", stage, (*records, r.Position), compacted=True, holds=holds)
