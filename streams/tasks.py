"""Everything of a user's: their and derived commands become events, and exactly one outcome for each command id.

State, by user: the tasks, what is remembered of each series for ever, the lists with how many tasks are on each, the
saved filters, the tags with a colour, and the command ids of the last 30 days of record time, with what bulks resolved
to. A command that comes again within them does nothing, not even a second outcome. A task, list or filter that was
deleted stays for 30 days; then its timer writes a notice to the stage's own topic, and consuming that drops it.

Gap: ids older than that are forgotten, so a client must not send a command again after 30 days.
"""

from collections.abc import Iterable
from typing import TypeVar

from msgspec.structs import replace

from schemas import records as r
from schemas.names import partition_of
from schemas.topics import RETRIES, TASK_COMMANDS, TASK_EVENTS, TASK_FOLLOWUPS, TASK_NOTICES
from streams.domain import bulk, commands, deletion, lists, saved, tags, tasks
from streams.domain.commands import Command, Event
from streams.domain.rejections import Code
from streams.runtime import UNENDING, Block, Record, Stage, Stream, Table

Thing = TypeVar("Thing", r.Task, r.List, r.SavedFilter)

REMEMBERED = 30 * 24 * 60 * 60 * 1000  # milliseconds of record time
FORGOTTEN_A_COMMAND = 3  # more than one brings, so that the memory stays bounded

stage = Stage("tasks", reads=(TASK_COMMANDS, TASK_FOLLOWUPS, TASK_NOTICES, RETRIES), writes=(TASK_EVENTS, TASK_NOTICES))
app = stage.app
tasks_by_id = stage.table("tasks", r.Task)
series_by_id = stage.table("series", r.Series)
lists_by_id = stage.table("lists", r.List)
filters_by_id = stage.table("filters", r.SavedFilter)
sizes = stage.table("sizes", r.ListSize)
tags_by_name = stage.table("tags", r.Tag)
remembered = stage.table("remembered", r.Remembered)
memory = stage.ordered("memory")
purges = stage.timer("purges")


@stage.agent(TASK_COMMANDS, TASK_FOLLOWUPS)
async def decide(blocks: Stream) -> None:
    """Decide commands one after the other."""
    async for block in blocks.noack():
        with block:
            latest = 0
            for record in block:
                if reason := misplaced(block, record) or outdated(record):
                    block.dead_letter(record.raw, reason)
                else:
                    answer(block, record.value)
                    latest = max(latest, record.value.at)
            forget(latest - REMEMBERED, FORGOTTEN_A_COMMAND * block.taken)


@stage.agent(TASK_NOTICES)
async def purge(blocks: Stream) -> None:
    """Drop what was deleted and whose time is over."""
    async for block in blocks.noack():
        with block:
            for record in block:
                user = UserState(record.value.user)
                if event := deletion.purge(user, record.value):
                    follow(block, user, [event])


@stage.on_tick(TASK_NOTICES)
def notice(block: Block, timer: r.Timer) -> None:
    """Put on the log that the time of what was deleted is over."""
    block.emit(TASK_NOTICES, deletion.notice(timer, block.now))


def answer(block: Block, command: Command | r.ChangeTasks) -> None:
    """Emit what a command leads to and keep its result, unless it was answered before."""
    key = f"{command.user}/{command.id}"
    if recall(key, command.at):
        return
    outcome = change(block, command) if isinstance(command, r.ChangeTasks) else decide_one(block, command)
    block.emit(TASK_EVENTS, outcome)
    remember(key, command.at, getattr(command, "fingerprint", ""))


def decide_one(block: Block, command: Command) -> r.CommandOutcome:
    """Emit the events of a command on one thing, and return its outcome."""
    user = UserState(command.user)
    if isinstance(command, r.RenameTag | r.DeleteTag) and is_superseded(command):
        return tags.superseded(command).outcome
    decision = commands.decide(user, command)
    if decision.outcome.code == Code.ENDED and block.rules in UNENDING and isinstance(command, r.CreateOccurrence):
        decision = tasks.decide_by_rules_4(user, command)
    follow(block, user, decision.events)
    return decision.outcome


def change(block: Block, chunk: r.ChangeTasks) -> r.CommandOutcome:
    """Emit the events of a chunk of a bulk, item by item, and return its outcome."""
    if is_superseded(chunk):
        return bulk.superseded(chunk)
    user, decided = UserState(chunk.user), []
    for item in chunk.items:
        decided.append(bulk.decide(user, chunk, item))
        follow(block, user, decided[-1].events)
    outcome = bulk.outcome(chunk, decided)
    if outcome.part and outcome.part.changed:
        note_changed(chunk, outcome.part.changed)
    return outcome


def is_superseded(command: r.ChangeTasks | r.RenameTag | r.DeleteTag) -> bool:
    """Tell whether a bulk was begun on other tasks; the first to ask begins it, and fixes what it resolved to."""
    key = resolution_of(command.user, command.bulk)
    if begun := recall(key, command.at):
        return begun.fingerprint != command.resolution
    remember(key, command.at, command.resolution)
    return False


def note_changed(chunk: r.ChangeTasks, tasks: int) -> None:
    """Count tasks that a bulk has changed with what it resolved to."""
    key = resolution_of(chunk.user, chunk.bulk)
    begun = remembered[key]
    remembered[key] = replace(begun, changed=begun.changed + tasks)


def resolution_of(user: str, bulk: str) -> str:
    """Return the key under which is remembered what a bulk resolved to."""
    return f"{user}/{bulk}/resolution"


def follow(block: Block, user: "UserState", events: Iterable[Event]) -> None:
    """Keep what events lead to, and emit them."""
    for event in events:
        user.evolve(event)
        block.emit(TASK_EVENTS, event)


def recall(key: str, at: int) -> r.Remembered | None:
    """Return what is remembered under a key and still counts at ``at``."""
    known = remembered.get(key)
    return known if known and known.at >= at - REMEMBERED else None


def remember(key: str, at: int, fingerprint: str) -> None:
    """Remember a command's id, or a bulk's resolution."""
    remembered[key] = r.Remembered(at, fingerprint)
    user, _, name = key.partition("/")
    memory.set(r.Timer(id=name, user=user, subject=key, due=at))


def forget(until: int, most: int) -> None:
    """Drop ids of before ``until``. They count for nothing any more: when they are dropped changes no answer."""
    for old in list(memory.due(until, most)):
        known = remembered.get(old.subject)
        if known and known.at == old.due:
            del remembered[old.subject]
        memory.remove(old)


class UserState:
    """One user's tasks, series, lists, saved filters and tags, read lazily."""

    def __init__(self, user: str) -> None:
        self._user = user
        self._tasks: dict[str, r.Task | None] = {}  # those that one command needs, decoded once

    def task(self, task: str) -> r.Task | None:
        """Return a task, None where the user has none of this id."""
        if task not in self._tasks:
            self._tasks[task] = tasks_by_id.get(f"{self._user}/{task}")
        return self._tasks[task]

    def series(self, series: str) -> r.Series | None:
        """Return what is remembered of a series."""
        return series_by_id.get(f"{self._user}/{series}")

    def list(self, list_id: str) -> r.List | None:
        """Return a list, None where the user has none of this id."""
        return lists_by_id.get(f"{self._user}/{list_id}")

    def filter(self, filter_id: str) -> r.SavedFilter | None:
        """Return a saved filter, None where the user has none of this id."""
        return filters_by_id.get(f"{self._user}/{filter_id}")

    def size(self, list_id: str) -> int:
        """Return how many tasks are on a list."""
        found = sizes.get(f"{self._user}/{list_id}")
        return found.tasks if found else 0

    def tag(self, name: str) -> r.Tag | None:
        """Return what a tag has, or had, of its own."""
        return tags_by_name.get(f"{self._user}/{name}")

    def changed_by(self, bulk: str) -> int:
        """Return how many tasks a bulk has changed so far."""
        begun = remembered.get(resolution_of(self._user, bulk))
        return begun.changed if begun else 0

    def evolve(self, event: Event) -> None:
        """Keep what an event leads to."""
        if isinstance(event, lists.Event):
            before = self.list(event.list.id)
            _keep(lists_by_id, f"{self._user}/{event.list.id}", before, lists.evolve(before, event))
        elif isinstance(event, saved.Event):
            was = self.filter(event.filter.id)
            _keep(filters_by_id, f"{self._user}/{event.filter.id}", was, saved.KIND.evolve(was, event))
        elif isinstance(event, tags.Event):
            tags_by_name[f"{self._user}/{event.tag.name}"] = tags.evolve(self.tag(event.tag.name), event)
        else:
            self._evolve_task(event)

    def _evolve_task(self, event: tasks.Event) -> None:
        id_, series = event.task.id, event.task.series
        before = self.task(id_)
        after = self._tasks[id_] = tasks.evolve(before, event)
        _keep(tasks_by_id, f"{self._user}/{id_}", before, after)
        if series:
            head = self.series(series)
            if (moved := tasks.head_after(head, event)) and moved != head:
                series_by_id[f"{self._user}/{series}"] = moved
        for list_id, change in lists.moves(before, after):
            key = f"{self._user}/{list_id}"
            if size := self.size(list_id) + change:
                sizes[key] = r.ListSize(size)
            else:
                del sizes[key]


def _keep(table: Table[Thing], key: str, before: Thing | None, after: Thing | None) -> None:
    """Keep a thing as it comes to stand, and set and remove the timer of its purge."""
    if after is None:
        del table[key]
    else:
        table[key] = after
    was, now = deletion.timer(before), deletion.timer(after)
    if was and was != now:
        purges.remove(was)
    if now and was != now:
        purges.set(now)


def outdated(record: Record) -> str | None:
    """Return why a command that is sent again must not be decided: nobody knows any more whether it was answered.

    What recurrence derived comes once, and is held against its series besides.
    """
    if record.retried is None or isinstance(record.value, r.CreateOccurrence):
        return None
    if record.retried - record.value.at <= REMEMBERED:
        return None
    return "the command is older than 30 days, for which its id would be remembered: it may have been sent anew since"


def misplaced(block: Block, record: Record) -> str | None:
    """Return why a command must not be decided here, though it could be read: other programs send through the API."""
    if record.raw.key != record.value.user.encode():
        return "the record's key is not its user"
    assert stage.settings
    if partition_of(record.value.user, stage.settings.partitions) != block.partition:
        return "the record is not on its user's partition (Java's murmur2 of the user's id)"
    return None
