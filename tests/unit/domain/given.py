"""Fixtures of the domain's tests: a user folded from events in memory, and commands with sensible fields."""

from dataclasses import fields
from itertools import count

from msgspec.structs import replace

from domain import audit, entities, reminder_state, undo
from domain.decision import BEFORE_8, VERSION
from domain.entity import differing
from domain.filters import FILTER
from domain.lists import LIST
from domain.recurrence import awaiting
from domain.recurrence.derived import derived
from domain.store import Store
from domain.tags import TAG
from domain.targets import TARGET
from domain.tasks import TASK
from domain.user import User
from schemas import ids
from schemas import records as r

ANNA = "11111111-1111-5111-8111-111111111111"
BERT = "22222222-2222-5222-8222-222222222222"
NOON = 1_795_435_200_000  # Monday 2026-11-23T12:00Z
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
PARIS = r.Due("2026-11-24", "09:00:00", "Europe/Paris")
WEEKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"

_numbers = count(1)


def command(kind, task="t", at=NOON, user=ANNA, **fields):
    """Return a command of a person on a task, with an id of its own."""
    return kind(**sent(at, user), task=task, **fields)


def sent(at=NOON, user=ANNA):
    """Return the fields that every command of a person has, among them an id of its own."""
    return {"id": ids.command(ANNA, f"key-{next(_numbers)}"), "user": user, "at": at, "actor": f"user:{user}"}


def create(task="t", at=NOON, **fields):
    return command(r.CreateTask, task, at, fields=r.TaskFields(**{"title": "Water the plants", **fields}))


def update(task="t", at=NOON, scope=r.Scope.FOLLOWING, **fields):
    return command(r.UpdateTask, task, at, fields=r.TaskFields(**fields), changed=tuple(fields), scope=scope)


def complete(task="t", at=NOON):
    return command(r.CompleteTask, task, at)


def skip(task="t", at=NOON):
    return command(r.SkipTask, task, at)


def snooze(task="t", at=NOON, **until):
    return command(r.SnoozeTask, task, at, **until)


def reopen(task="t", at=NOON):
    return command(r.ReopenTask, task, at)


def delete(task="t", at=NOON, scope=r.Scope.FOLLOWING):
    return command(r.DeleteTask, task, at, scope=scope)


def restore(task="t", at=NOON):
    return command(r.RestoreTask, task, at)


def chunk(action, *items, resolution="once", bulk=None, number=0, chunks=1, **change):
    """Return a chunk of a bulk: items are tasks, or pairs of a task and a version; ``fields`` are set."""
    fields = change.pop("fields", {})
    key = ids.command(ANNA, f"key-{next(_numbers)}") if bulk is None else bulk
    return r.ChangeTasks(
        id=ids.chunk(key, number),
        user=ANNA,
        at=NOON,
        actor=f"user:{ANNA}",
        bulk=key,
        chunk=number,
        chunks=chunks,
        tasks=len(items),
        items=tuple(r.TaskAt(*(item if isinstance(item, tuple) else (item,))) for item in items),
        change=r.TaskChange(action, tuple(fields), r.TaskFields(**fields), **change),
        resolution=resolution,
    )


def create_list(list_id="l", at=NOON, user=ANNA, **fields):
    return r.CreateList(**sent(at, user), list=list_id, fields=r.ListFields(**{"name": "Errands", **fields}))


def update_list(list_id="l", at=NOON, user=ANNA, expected=None, **fields):
    set_ = {"changed": tuple(fields), "fields": r.ListFields(**fields), "expected": expected}
    return r.UpdateList(**sent(at, user), list=list_id, **set_)


def restore_list(list_id="l", at=NOON, user=ANNA, expected=None):
    return r.RestoreList(**sent(at, user), list=list_id, expected=expected)


def delete_list(list_id="l", at=NOON, user=ANNA, expected=None):
    return r.DeleteList(**sent(at, user), list=list_id, expected=expected)


def save_filter(filter_id="f", at=NOON, user=ANNA, **fields):
    set_ = r.FilterFields(**{"name": "Soon", "text": "due < today+7d", **fields})
    return r.CreateFilter(**sent(at, user), filter=filter_id, fields=set_)


def update_filter(filter_id="f", at=NOON, user=ANNA, expected=None, **fields):
    set_ = {"changed": tuple(fields), "fields": r.FilterFields(**fields), "expected": expected}
    return r.UpdateFilter(**sent(at, user), filter=filter_id, **set_)


def delete_filter(filter_id="f", at=NOON, user=ANNA, expected=None):
    return r.DeleteFilter(**sent(at, user), filter=filter_id, expected=expected)


def restore_filter(filter_id="f", at=NOON, user=ANNA, expected=None):
    return r.RestoreFilter(**sent(at, user), filter=filter_id, expected=expected)


LIFECYCLES = tuple(one for one in entities.TYPES if one.restore and one is not TASK)
"""The types whose entities are created, changed, deleted and restored by commands of their own."""


def lived(of, name="x", expected=None):
    """Return the commands of an entity's lifecycle, by action; the update sets its first field."""
    first, common = of.settable.__struct_fields__[0], {of.word: name}
    return {
        "create": of.create(**sent(), **common, fields=of.settable(**{first: "First"})),
        "update": of.update(
            **sent(), **common, changed=(first,), fields=of.settable(**{first: "Other"}), expected=expected
        ),
        "delete": of.delete(**sent(), **common, expected=expected),
        "restore": of.restore(**sent(), **common, expected=expected),
    }


def colour_tag(tag="home", colour="#1e90ff"):
    return r.UpdateTag(**sent(), tag=tag, changed=("colour",), fields=r.TagFields(colour))


def rename_tag(tag="home", to="house"):
    return r.RenameTag(**sent(), tag=tag, to=to, bulk="b", resolution="once")


def delete_tag(tag="home"):
    return r.DeleteTag(**sent(), tag=tag, bulk="b", resolution="once")


def set_settings(at=NOON, user=ANNA, expected=None, **fields):
    set_ = {"changed": tuple(fields), "fields": r.SettingsFields(**fields), "expected": expected}
    return r.UpdateSettings(**sent(at, user), **set_)


class Waiting(dict):
    """Timers in a dict."""

    def set(self, timer):
        self[timer.due, timer.id] = timer

    def remove(self, timer):
        self.pop((timer.due, timer.id), None)

    def has(self, timer):
        return (timer.due, timer.id) in self

    def due(self, until, limit):
        return [timer for (due, _), timer in sorted(self.items()) if due <= until][:limit]


class Members(dict):
    """An index in a dict."""

    def add(self, key, name):
        self[key, name] = None

    def remove(self, key, name):
        self.pop((key, name), None)

    def names(self, key, limit, after=""):
        return sorted(name for of, name in self if of == key and name > after)[:limit]


class Listed(dict):
    """A map in a dict, whose keys can be listed."""

    def names(self, limit, after=""):
        return sorted(key for key in self if key > after)[:limit]


def in_memory():
    """Return a store of dicts."""
    kept = {"entities": {one: {} for one in entities.TYPES}, "expiries": Waiting(), "purges": Waiting()}
    kept["subtasks"] = Members()
    return Store(**{field.name: {} for field in fields(Store)} | kept)


def reminders_in_memory():
    """Return a store of reminders in dicts."""
    kept = {field.name: {} for field in fields(reminder_state.Store)}
    return reminder_state.Store(**{**kept, "planned": Members(), "timers": Waiting()})


def awaiting_in_memory():
    """Return a store of what series by the calendar await in dicts."""
    kept = {field.name: {} for field in fields(awaiting.Store)}
    return awaiting.Store(**{**kept, "awaited": Listed(), "local": Members(), "timers": Waiting()})


class World(User):
    """A user after commands, with the events and the audit entries of these; other users share the store."""

    def __init__(self, *commands, user=ANNA, version=VERSION):
        self.store = in_memory()
        super().__init__(self.store, user, version)
        self.events, self.audited = [], {}
        for each in commands:
            self.does(each)

    tasks = property(lambda self: by_name(self.store.entities[TASK]))
    latest = property(lambda self: by_name(self.store.series))
    lists = property(lambda self: by_name(self.store.entities[LIST]))
    filters = property(lambda self: by_name(self.store.entities[FILTER]))
    targets = property(lambda self: by_name(self.store.entities[TARGET]))
    tags = property(lambda self: by_name(self.store.entities[TAG]))
    sizes = property(lambda self: by_name(self.store.sizes))

    def does(self, command):
        """Decide any user's command and fold its events; return the decision, None if it was decided before."""
        user = self if command.user == self.user else User(self.store, command.user, self.version)
        return user.decide(command)

    def evolve(self, event):
        """Fold an event, and keep its audit entry."""
        of = entities.of(event)
        before = self.get(of, of.name(of.after(event)))
        if self.version not in BEFORE_8 and before and type(event) is not of.purged:
            assert differing(before, of.after(event)), f"{event} changes nothing"
        changed = audit.entry(None, before, event)
        super().evolve(event)
        reversal = r.Reversal(event.id, changed.event, event.at, changed.changes)
        audited = undo.AuditedEvent(changed.task, event.cause, reversal, changed.subject)
        self.audited.setdefault(event.command, []).append(audited)
        self.events.append(event)
        for list_id in self.lists:
            assert self.size(list_id) == self.counted(list_id)

    def counted(self, list_id):
        """Return the number of tasks on a list, counted from the tasks."""
        return sum(task.list == list_id and task.status is not r.Status.DELETED for task in self.tasks.values())

    def filter(self, filter_id):
        return self.get(FILTER, filter_id)

    def undoing(self, command, at=NOON):
        """Return the chunk that undoes a command, as the API builds it from the audit trail."""
        asked = chunk(r.Action.REVERT)
        return replace(asked, at=at, items=undo.items(self.audited.get(command.id, ())))

    def open(self):
        """Return the ids of the open tasks that recur."""
        return [task.id for task in self.tasks.values() if task.status is r.Status.OPEN and task.recurrence]

    def followup(self):
        """Return the command that the recurrence stage derives from the last event."""
        return derived(self.events[-1], self.version)

    def goes_on(self, task="t", at=NOON):
        """Complete a task and create the next occurrence; return it."""
        self.does(complete(task, at))
        return self.does(self.followup()).events[0].task


def by_name(kept):
    """Return a table's values by name: no two users of a test have the same names."""
    return {key.partition("/")[2]: value for key, value in kept.items()}


def due_reminder(due=NOON):
    return r.ReminderDue("reminder", ANNA, due, "command", "t", "r1", due, "Water the plants")


def a_task(task_id="t", **fields):
    """Return a task with these fields, without commands that led to it."""
    return replace(r.Task(id=task_id, user=ANNA, title="Water", created_at=NOON, changed_at=NOON), **fields)
