"""What the domain's tests are told with: a user's tasks folded from events, and commands with sensible fields."""

from itertools import count

from msgspec.structs import replace

from schemas import ids
from schemas import records as r
from streams.domain import audit, bulk, commands, deletion, lists, recurrence, saved, tags, tasks, undo
from streams.domain.decision import Decision

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
    """A command of a person on a task, with an id of its own."""
    return kind(**sent(at, user), task=task, **fields)


def sent(at=NOON, user=ANNA):
    """What every command of a person says, an id of its own among it."""
    return {"id": ids.command(ANNA, f"key-{next(_numbers)}"), "user": user, "at": at, "actor": f"user:{user}"}


def create(task="t", at=NOON, **fields):
    return command(r.CreateTask, task, at, fields=r.TaskFields(**{"title": "Water the plants", **fields}))


def update(task="t", at=NOON, **fields):
    return command(r.UpdateTask, task, at, fields=r.TaskFields(**fields), changed=tuple(fields))


def complete(task="t", at=NOON):
    return command(r.CompleteTask, task, at)


def reopen(task="t", at=NOON):
    return command(r.ReopenTask, task, at)


def delete(task="t", at=NOON):
    return command(r.DeleteTask, task, at)


def restore(task="t", at=NOON):
    return command(r.RestoreTask, task, at)


def chunk(action, *items, resolution="once", bulk=None, number=0, chunks=1, **change):
    """A chunk of a bulk: items are tasks, or a task and a version each; what ``fields`` holds is set."""
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


def colour_tag(tag="home", colour="#1e90ff"):
    return r.UpdateTag(**sent(), tag=tag, changed=("colour",), fields=r.TagFields(colour))


def rename_tag(tag="home", to="house"):
    return r.RenameTag(**sent(), tag=tag, to=to, bulk="b", resolution="once")


def delete_tag(tag="home"):
    return r.DeleteTag(**sent(), tag=tag, bulk="b", resolution="once")


class World:
    """The state after commands: the fold of the events that they led to, as the tasks stage keeps it."""

    def __init__(self, *commands):
        self.tasks, self.heads, self.lists, self.filters, self.tags = {}, {}, {}, {}, {}
        self.events, self.told, self.begun, self.bulks = [], {}, {}, {}
        for each in commands:
            self.does(each)

    def task(self, task_id):
        return self.tasks.get(task_id)

    def series(self, series_id):
        return self.heads.get(series_id)

    def list(self, list_id):
        return self.lists.get(list_id)

    def filter(self, filter_id):
        return self.filters.get(filter_id)

    def tag(self, name):
        return self.tags.get(name)

    def size(self, list_id):
        """How many tasks are on a list, counted anew each time."""
        return sum(task.list == list_id and task.status is not r.Status.DELETED for task in self.tasks.values())

    def changed_by(self, bulk_id):
        """How many tasks a bulk has changed."""
        return self.bulks.get(bulk_id, 0)

    def does(self, command):
        """Decide a command, fold its events, return the decision."""
        if isinstance(command, r.ChangeTasks):
            return self._changes(command)
        if isinstance(command, r.RenameTag | r.DeleteTag) and self._is_superseded(command):
            return tags.superseded(command)
        decision = commands.decide(self, command)
        self._fold(decision.events)
        return decision

    def expires(self, notice):
        """Drop what was deleted and whose time is over, as a notice says; return the events, none or one."""
        purged = deletion.purge(self, notice)
        self._fold(events := (purged,) if purged else ())
        return events

    def _is_superseded(self, command):
        """Whether a bulk was begun on other tasks; the first to ask begins it."""
        return self.begun.setdefault((command.user, command.bulk), command.resolution) != command.resolution

    def _changes(self, chunk):
        if self._is_superseded(chunk):
            return Decision((), bulk.superseded(chunk))
        decided = []
        for item in chunk.items:
            decided.append(bulk.decide(self, chunk, item))
            self._fold(decided[-1].events)
        outcome = bulk.outcome(chunk, decided)
        self.bulks[chunk.bulk] = self.bulks.get(chunk.bulk, 0) + outcome.part.changed
        return Decision(tuple(event for each in decided for event in each.events), outcome)

    def _fold(self, events):
        for event in events:
            self._tells(event)
            self.folds(event)
            self.events.append(event)

    def _tells(self, event):
        after = commands.thing(event)
        changed = audit.entry(None, self.thing(after), event)
        reversal = r.Reversal(event.id, changed.event, event.at, changed.changes)
        told = undo.Told(changed.task, event.cause, reversal, changed.subject)
        self.told.setdefault(event.command, []).append(told)

    def thing(self, like):
        """What stands where another state of the same thing does."""
        things = {r.Task: self.tasks, r.List: self.lists, r.SavedFilter: self.filters, r.Tag: self.tags}
        return things[type(like)].get(commands.name(like))

    def undoing(self, command, at=NOON):
        """The chunk that undoes a command, as the API makes it of the audit trail."""
        asked = chunk(r.Action.REVERT)
        return replace(asked, at=at, items=undo.items(self.told.get(command.id, ())))

    def folds(self, event):
        """Fold an event, as the tasks stage does."""
        if isinstance(event, lists.Event):
            keep(self.lists, event.list.id, lists.evolve(self.list(event.list.id), event))
            return
        if isinstance(event, saved.Event):
            keep(self.filters, event.filter.id, saved.KIND.evolve(self.filter(event.filter.id), event))
            return
        if isinstance(event, tags.Event):
            self.tags[event.tag.name] = tags.evolve(self.tag(event.tag.name), event)
            return
        keep(self.tasks, event.task.id, tasks.evolve(self.task(event.task.id), event))
        if event.task.series and (head := tasks.head_after(self.series(event.task.series), event)):
            self.heads[event.task.series] = head

    def followup(self):
        """The command that the recurrence stage derives from the last event."""
        return recurrence.following(self.events[-1])

    def goes_on(self, task="t", at=NOON):
        """Complete a task and let its series go on; return the new task."""
        self.does(complete(task, at))
        self.does(self.followup())
        return self.events[-1].task


def keep(things, id_, after):
    """Keep a thing as it comes to stand, or no more."""
    if after is None:
        del things[id_]
    else:
        things[id_] = after


def due_reminder(due=NOON):
    return r.ReminderDue("reminder", ANNA, due, "command", "t", "r1", due, "Water the plants")


def standing(task_id="t", **fields):
    """A task as it stands, without a way that led there."""
    return replace(r.Task(id=task_id, user=ANNA, title="Water", created_at=NOON, changed_at=NOON), **fields)
