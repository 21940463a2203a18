"""Random commands from a seed: on series, with reminders due soon, on settings, in bulks, and repeated."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import count, islice
from random import Random
from typing import Any, TypeAlias

from msgspec.structs import replace

from domain import deletion, entities, filters, lists, targets, undo
from domain.decision import VERSION
from domain.entity import EntityType
from domain.recurrence import upcoming
from domain.recurrence.derived import CLOSING, derived
from schemas import ids
from schemas import records as r
from schemas.names import partition_of
from tests.chaos import soon
from tests.unit.domain.given import World

Command: TypeAlias = entities.Command | r.ChangeTasks
Fields: TypeAlias = dict[str, Any]

BEGIN = date(2035, 1, 1)
LONG_AGO = deletion.RESTORABLE + 24 * 60 * 60 * 1000  # milliseconds: a task that was deleted before is purged soon
TAGS = ("home", "work", "late")
COLOURS = (None, "#1e90ff", "#ff0000")
AHEAD = 4  # the most occurrences from the open one to one that is decided about
EACH = 2  # users with tasks in each partition
BULK, CHUNK = 4, 2  # the most tasks of a bulk, and of a chunk
DOING = {
    "create": 14,
    "update": 9,
    "complete": 15,
    "skip": 3,
    "reopen": 4,
    "delete": 4,
    "restore": 4,
    "bury": 4,
    "again": 3,
    "ahead": 5,
    "settings": 6,
    "list": 14,
    "filter": 7,
    "target": 10,
    "tag": 5,
    "snooze": 2,
    "bulk": 4,
    "undo": 6,
    "repeat": 6,
}
"""The commands, with their weights. To bury a task is to delete it with a time of long ago."""
_DAILY: Fields = {"due": r.Due(BEGIN.isoformat(), "09:00:00", soon.ZONE), "rrule": "FREQ=DAILY"}
DELETED = r.TaskDeleted | r.ListDeleted | r.FilterDeleted | r.TargetDeleted
PLAIN = {
    "complete": r.CompleteTask,
    "skip": r.SkipTask,
    "reopen": r.ReopenTask,
    "delete": r.DeleteTask,
    "restore": r.RestoreTask,
}


def spread(seed: str, partitions: int, each: int) -> list[str]:
    """Return ``each`` users in every partition, derived from ``seed``."""
    users = [ids.derive("user", seed, number) for number in range(20 * partitions * each)]
    return [
        user
        for partition in range(partitions)
        for user in islice((user for user in users if partition_of(user, partitions) == partition), each)
    ]


def _slots(task: r.Task) -> Iterator[tuple[str, str]]:
    """Yield a task of a series with each of its next occurrences that are yet to come."""
    if task.recurrence and task.occurrence:
        for each in islice(upcoming.after(task.recurrence, task.occurrence), AHEAD):
            yield task.id, each.key


def notice_of(event: entities.Event, at: int) -> r.TaskNotice | None:
    """Return the notice to purge what an event deleted, if its 30 days are over at ``at``; else None."""
    timer = deletion.timer(entities.after(event)) if isinstance(event, DELETED) else None
    return deletion.notice(timer, at) if timer and timer.due <= at else None


class People:
    """Commands of some users. The same seed leads to the same commands, except for their times.

    Without ``by_calendar`` they have no series whose timers change tasks, and so no two stages whose timers matter to
    each other.

    What they know of what they have is what their commands lead to where nothing fails, derived commands are decided at
    once and tasks purged at once. The current state may differ from it a little.
    """

    def __init__(self, seed: str, partitions: int = 4, *, by_calendar: bool = True) -> None:
        everyone = spread(seed, partitions, EACH + 1)
        # Reminders of the others go to the channel of the process: these have targets without addresses, and no tasks.
        self._with_targets = everyone[EACH :: EACH + 1]
        self._with_tasks = [user for user in everyone if user not in self._with_targets]
        self.users = everyone
        self._seed = seed
        self._chance = Random(seed)
        self._by_calendar = by_calendar
        self._numbers = count()
        self._said: list[Command] = []
        self._rest: deque[Command] = deque()  # of what takes several commands
        # However soon a run is over, in each partition a timer of the tasks has come.
        self._first = deque((doing, user) for user in self._with_tasks[::EACH] for doing in ("create", "bury"))
        self._known = {user: World(user=user) for user in self.users}
        self._buried = defaultdict[tuple[str, type[Any]], list[str]](list)  # by user and kind, ids

    def next(self, at: int) -> Command:
        """Return the next command, with the time ``at`` (milliseconds since 1970); some repeat an earlier one."""
        if not self._rest:
            doing, user = self._first.popleft() if self._first else self._drawn()
            if doing == "repeat" and self._said:
                return self._chance.choice(self._said)
            self._rest += self._does(doing, user, at) or self._create(user, at)
        command = self._rest.popleft()
        if command.at > at - LONG_AGO:  # ids of long ago are forgotten: what has them is not to be sent again
            self._said.append(command)
        self._learn(command, at)
        return command

    def _drawn(self) -> tuple[str, str]:
        """Return the next action and its user."""
        doing = self._chance.choices(list(DOING), list(DOING.values()))[0]
        return doing, self._chance.choice(self._with_targets if doing == "target" else self._with_tasks)

    def _learn(self, command: Command, at: int) -> None:
        """Evolve the known state by a command."""
        world = self._known[command.user]
        for event in world.does(command).events:
            if isinstance(event, CLOSING) and (following := derived(event, VERSION)):
                world.does(following)
            if notice := notice_of(event, at):
                world.purge(notice)
                buried = entities.after(event)
                self._buried[event.user, type(buried)].append(entities.name(buried))

    def _does(self, doing: str, user: str, at: int) -> list[Command]:
        """Return the commands of an action, none where the user has no entity for it."""
        match doing:
            case "create":
                return self._create(user, at)
            case "again" if buried := self._buried[user, r.Task]:
                return self._create(user, at, self._chance.choice(buried))
            case "list":
                list_fields = r.ListFields(name=f"List {self._chance.random()}", colour=self._chance.choice(COLOURS))
                return [self._on_thing(lists.LIST, self._known[user].lists, list_fields, user, at)]
            case "filter":
                saved_fields = r.FilterFields(name=f"Filter {self._chance.random()}", text="#home")
                return [self._on_thing(filters.FILTER, self._known[user].filters, saved_fields, user, at)]
            case "target":
                target_fields = r.TargetFields(name=f"Target {self._chance.random()}", kind="webhook")
                return [self._on_thing(targets.TARGET, self._known[user].targets, target_fields, user, at)]
            case "tag":
                return [*self._on_tag(user, at)]
            case "settings":
                fields = soon.settings(self._chance, at, self._zone(user))
                changed = {"changed": tuple(fields), "fields": r.SettingsFields(**fields)}
                return [r.UpdateSettings(**self._common(user, at), **changed)]
            case "ahead":
                return self._ahead(user, at)
            case "undo":
                undone = [*self._known[user].audited.values()][-3:]
                items = undo.items(self._chance.choice(undone)) if undone else ()
                return [*self._bulk(user, at, items, r.TaskChange(r.Action.REVERT, (), r.TaskFields()))]
            case "bulk":
                return [*self._bulk(user, at, self._some(user), self._change())]
        return self._on_task(doing, user, at)

    def _create(self, user: str, at: int, task: str | None = None) -> list[Command]:
        common = self._common(user, at)
        stand = [one.id for one in self._known[user].lists.values() if not one.deleted]
        by_calendar = soon.by_calendar(self._chance, at) if self._by_calendar else _DAILY
        due = self._chance.choice([{}, _DAILY, by_calendar, soon.days_before(self._chance, at, self._zone(user))])
        common_fields = {
            "title": f"Task {self._chance.random()}",
            "tags": self._tags(),
            "reminders": soon.reminders(self._chance, at),
            "parent": self._chance.choice([None, None, None, *[*self._known[user].tasks][-1:]]),
            "list": self._chance.choice([None, None, *stand]),
        }
        fields = r.TaskFields(**common_fields | due)
        return [r.CreateTask(**common, task=task or ids.task(common["id"]), fields=fields)]

    def _on_task(self, doing: str, user: str, at: int) -> list[Command]:
        if not (tasks := list(self._known[user].tasks)):
            return []
        common = {**self._common(user, at), "task": self._chance.choice(tasks)}
        if kind := PLAIN.get(doing):
            return [kind(**common)]
        if doing == "snooze":
            return [r.SnoozeTask(**common, until=soon.instant(self._chance, at))]
        if doing == "bury":
            return [r.DeleteTask(**{**common, "at": at - LONG_AGO})]
        fields = r.TaskFields(
            priority=self._chance.choice(list(r.Priority)), reminders=soon.reminders(self._chance, at)
        )
        return [r.UpdateTask(**common, changed=("priority", "reminders"), fields=fields)]

    def _ahead(self, user: str, at: int) -> list[Command]:
        """Return a command on an occurrence that is yet to come, none where the user has no series."""
        series = [task for task in self._known[user].tasks.values() if task.recurrence]
        slots = [*_slots(self._chance.choice(series))] if series else []
        if not slots:
            return []
        task, slot = self._chance.choice(slots)
        common = self._common(user, at) | {"task": task, "occurrence": slot}
        scope, fields = self._chance.choice([*r.Scope]), r.TaskFields(title=f"Task {self._chance.random()}")
        commands: list[Command] = [
            r.CompleteTask(**common),
            r.SkipTask(**common),
            r.ReopenTask(**common),
            r.DeleteTask(**common, scope=scope),
            r.UpdateTask(**common, scope=scope, changed=("title",), fields=fields),
        ]
        return [self._chance.choice(commands)]

    def _zone(self, user: str) -> str | None:
        return self._known[user].settings().zone

    def _on_thing(self, of: EntityType[Any], known: Mapping[str, Any], fields: Any, user: str, at: int) -> Command:
        """Return a command on a list, a saved filter or a target, or that creates one."""
        common = self._common(user, at)
        create, update, delete, restore = of.commands
        new = ids.derive(of.word, common["id"])
        doing = self._chance.choice([create, update, delete, restore]) if known else create
        deleted = [name for name, one in known.items() if one.deleted]
        some = {create: self._buried[user, of.record], restore: deleted}.get(doing, known)
        common[of.word] = self._chance.choice([*some, new])  # sometimes there is none
        if doing is delete:
            common["at"] -= self._chance.choice([0, LONG_AGO])
        if doing is update:
            return update(**common, changed=tuple(fields.__struct_fields__[:2]), fields=fields)
        return create(**common, fields=fields) if doing is create else doing(**common)

    def _on_tag(self, user: str, at: int) -> Iterator[Command]:
        """Yield the commands that colour, rename or delete a tag, the last two after the chunks on its tasks."""
        common = self._common(user, at)
        doing, tag, to = self._chance.choice(("colour", "rename", "delete")), *self._chance.sample(TAGS, 2)
        if doing == "colour":
            yield r.UpdateTag(**common, tag=tag, changed=("colour",), fields=r.TagFields(self._chance.choice(COLOURS)))
            return
        bearers = [r.TaskAt(task.id) for task in self._known[user].tasks.values() if tag in task.tags][-BULK:]
        added = (to,) if doing == "rename" else ()
        change = r.TaskChange(r.Action.UPDATE, (), r.TaskFields(), add_tags=added, remove_tags=(tag,))
        bulk = {"bulk": ids.ahead(common["id"]), "resolution": "once"}
        yield from self._chunks(common, bulk, bearers, change)
        yield r.RenameTag(**common, **bulk, tag=tag, to=to) if added else r.DeleteTag(**common, **bulk, tag=tag)

    def _bulk(self, user: str, at: int, items: Sequence[r.TaskAt], change: r.TaskChange) -> Iterator[Command]:
        """Yield the chunks of a bulk; sometimes those behind the first say that it was begun on other tasks."""
        common = self._common(user, at)
        bulk = {"bulk": common["id"], "resolution": "once"}
        for number, chunk in enumerate(self._chunks(common, bulk, items, change)):
            is_other = number > 0 and self._chance.random() < 0.2
            yield replace(chunk, resolution="other") if is_other else chunk

    def _chunks(
        self, common: Fields, bulk: Fields, items: Sequence[r.TaskAt], change: r.TaskChange
    ) -> Iterator[r.ChangeTasks]:
        parts = [tuple(items[begin : begin + CHUNK]) for begin in range(0, len(items), CHUNK)]
        for number, part in enumerate(parts):
            chunk = {"id": ids.chunk(bulk["bulk"], number), "chunk": number, "chunks": len(parts), "tasks": len(items)}
            yield r.ChangeTasks(**{**common, **bulk, **chunk}, items=part, change=change)

    def _some(self, user: str) -> list[r.TaskAt]:
        """Return some of a user's tasks, those with a version only if they have not changed by then."""
        tasks = [*self._known[user].tasks.values()]
        some = self._chance.sample(tasks, min(len(tasks), self._chance.randint(1, BULK)))
        return [r.TaskAt(task.id, self._chance.choice([None, task.version])) for task in some]

    def _change(self) -> r.TaskChange:
        action = self._chance.choice([action for action in r.Action if action is not r.Action.REVERT])
        if action is not r.Action.UPDATE:
            return r.TaskChange(action, (), r.TaskFields())
        return r.TaskChange(action, ("pinned",), r.TaskFields(pinned=True), add_tags=self._tags(), shift=1)

    def _tags(self) -> tuple[str, ...]:
        return tuple(sorted(self._chance.sample(TAGS, self._chance.randint(0, 2))))

    def _common(self, user: str, at: int) -> Fields:
        identity = ids.command(user, f"{self._seed} {next(self._numbers)}")
        return {"id": identity, "user": user, "at": at, "actor": f"user:{user}"}
