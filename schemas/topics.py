"""All topics in one place: who writes them, which records they carry, how long they are kept."""

from dataclasses import dataclass

from msgspec import Struct

from schemas import records as r

FOR_EVER = -1
DAYS = 24 * 60 * 60 * 1000


@dataclass(frozen=True)
class Topic:
    """One topic of the contract. ``retention`` is in milliseconds, ``FOR_EVER`` for no end."""

    name: str
    writer: str
    records: tuple[type[Struct], ...]
    retention: int = FOR_EVER
    compacted: bool = False
    partitions: int | None = None  # None: as many as every keyed topic
    max_bytes: int = 1024 * 1024  # of one record
    stamped: str = "CreateTime"  # whose time a record has: its writer's, or LogAppendTime, the broker's


TASK_COMMANDS = Topic(
    "task-commands",
    "api",
    (
        r.CreateTask,
        r.UpdateTask,
        r.CompleteTask,
        r.ReopenTask,
        r.DeleteTask,
        r.RestoreTask,
        r.ChangeTasks,
        r.CreateList,
        r.UpdateList,
        r.DeleteList,
        r.RestoreList,
        r.CreateFilter,
        r.UpdateFilter,
        r.DeleteFilter,
        r.RestoreFilter,
        r.UpdateTag,
        r.RenameTag,
        r.DeleteTag,
    ),
)
TASK_FOLLOWUPS = Topic("task-followups", "recurrence", (r.CreateOccurrence,))
TASK_EVENTS = Topic(
    "task-events",
    "tasks",
    (
        r.TaskCreated,
        r.TaskUpdated,
        r.TaskCompleted,
        r.TaskReopened,
        r.TaskDeleted,
        r.TaskRestored,
        r.TaskPurged,
        r.ListCreated,
        r.ListUpdated,
        r.ListDeleted,
        r.ListRestored,
        r.ListPurged,
        r.FilterCreated,
        r.FilterUpdated,
        r.FilterDeleted,
        r.FilterRestored,
        r.FilterPurged,
        r.TagUpdated,
        r.CommandOutcome,
    ),
)
TASK_NOTICES = Topic("task-notices", "tasks", (r.TaskNotice,))
SERIES_NOTICES = Topic("series-notices", "recurrence", (r.SeriesNotice,))
REMINDERS = Topic("reminders", "reminders", (r.ReminderScheduled, r.ReminderCancelled, r.ReminderDue))
REMINDER_NOTICES = Topic("reminder-notices", "reminders", (r.ReminderNotice,))
AUDIT_LOG = Topic("audit-log", "audit", (r.AuditEntry,))
NOTIFICATIONS = Topic("notifications", "notify", (r.Notification,))
DEAD_LETTERS = Topic(
    "dead-letters", "every stage", (r.DeadLetter,), retention=90 * DAYS, partitions=1, max_bytes=4 * 1024 * 1024
)
CLOCK = Topic("rondo-clock", "every process", (), retention=2 * DAYS, partitions=1, stamped="LogAppendTime")
RETRIES = Topic("retries", "rondo dead-letters", (r.Retry,), max_bytes=DEAD_LETTERS.max_bytes)
SCHEMAS = Topic("rondo-schemas", "registry", (), compacted=True, partitions=1)

SHARED = (
    TASK_COMMANDS,
    TASK_FOLLOWUPS,
    TASK_EVENTS,
    TASK_NOTICES,
    SERIES_NOTICES,
    REMINDERS,
    REMINDER_NOTICES,
    AUDIT_LOG,
    NOTIFICATIONS,
    RETRIES,
    DEAD_LETTERS,
    CLOCK,
)
"""Every topic but the registry's own and those that belong to one stage alone."""


def blocks(stage: str) -> Topic:
    """Return the topic that records how a stage's inputs interleaved."""
    return Topic(f"{stage}-blocks", stage, (r.Block,))


def changelog(stage: str, records: tuple[type[Struct], ...]) -> Topic:
    """Return the compacted topic that a stage's state is restored from."""
    return Topic(f"{stage}-changelog", stage, (*records, r.Position), compacted=True)
