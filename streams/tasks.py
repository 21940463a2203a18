"""Tasks: commands, users' and derived ones, become events, and exactly one outcome for each command id.

State, by user: ``domain/store.py``. A command repeated within 30 days has no effect, not even a second outcome. A
deleted entity stays for 30 days; then its timer writes a notice to the stage's own topic, and consuming that purges it.
The aggregate, ``domain/user.py``, makes all decisions.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from msgspec import Struct

from domain import deletion, entities, idempotency
from domain.entities import Command
from domain.store import Store
from domain.tasks import TASK
from domain.user import User
from schemas import records as r
from schemas.names import partition_of
from schemas.topics import RETRIES, TASK_COMMANDS, TASK_EVENTS, TASK_FOLLOWUPS, TASK_NOTICES
from streams.runtime import App, Block, Record, Stage

stage = Stage(
    "tasks",
    reads=(TASK_COMMANDS, TASK_FOLLOWUPS, TASK_NOTICES, RETRIES),
    writes=(TASK_EVENTS, TASK_NOTICES),
    keeps="the entities of each type; the latest occurrence of each series, for ever; the number of tasks on each "
    "list; the subtasks of each task; command ids and target-set hashes of bulks of the last 30 days; purge timers",
)
tables = {one: stage.table(one.plural, one.record) for one in entities.TYPES}
subtasks = stage.index("subtasks")
store = Store(
    entities=tables,
    series=stage.table("series", r.Series),
    sizes=stage.table("sizes", r.ListSize),
    subtasks=subtasks,
    decided=stage.table("remembered", r.Remembered),
    expiries=stage.ordered("memory"),
    purges=stage.timer("purges"),
)


@stage.backfill(subtasks, tables[TASK])
def index(task: r.Task) -> None:
    """Put a task into the index of subtasks, which states of earlier versions lack."""
    User(store, task.user).index(task)


@stage.on(TASK_COMMANDS, TASK_FOLLOWUPS)
def decide(block: Block, command: Command) -> None:
    """Decide a command."""
    if reason := misplaced(block) or outdated(block.record):
        block.dead_letter(reason)
    elif decision := User(store, command.user, block.decision_version).decide(command):
        emit(block, (*decision.events, decision.outcome))


@stage.on_end
def drop(_: Block, decided: Sequence[Any]) -> None:
    """Drop expired ids, after the block's commands."""
    idempotency.drop(store, max(record.at for record in decided), len(decided))


@stage.on(TASK_NOTICES)
def purge(block: Block, notice: r.TaskNotice) -> None:
    """Purge an entity 30 days after its deletion."""
    emit(block, User(store, notice.user).purge(notice))


@stage.on_timer(TASK_NOTICES)
def notice(block: Block, timer: r.Timer) -> None:
    """Emit a notice that a deleted entity is to be purged."""
    block.emit(TASK_NOTICES, deletion.notice(timer, block.now))


def emit(block: Block, records: Iterable[Struct]) -> None:
    """Emit events, and the outcome after them."""
    for record in records:
        block.emit(TASK_EVENTS, record)


def outdated(record: Record) -> str | None:
    """Return why a command that is sent again must not be decided."""
    return None if record.retried is None else idempotency.outdated(record.value, record.retried)


def misplaced(block: Block) -> str | None:
    """Return why a decoded command must not be decided here: other programs must send through the API."""
    record = block.record
    if record.raw.key != record.value.user.encode():
        return "the record's key is not its user"
    if partition_of(record.value.user, block.context.settings.partitions) != block.partition:
        return "the record is not on its user's partition (Java's murmur2 of the user's id)"
    return None


app = App(stage)
