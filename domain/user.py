"""A user: the aggregate of their tasks, lists, saved filters, tags and settings.

It decides each command, chunk of a bulk and purge notice, and evolves by each event. The tasks stage runs it over its
tables, the unit tests and the oracle of the chaos runs over dicts.
"""

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

from domain import (
    before_6,
    bulk,
    current,
    deletion,
    entities,
    hierarchy,
    idempotency,
    lists,
    settings,
    tags,
    tasks,
)
from domain.decision import BEFORE_6, UNENDING, VERSION, Decision
from domain.entities import Entity, Event
from domain.entity import EntityType
from domain.rejections import Code
from domain.store import Map, Store
from schemas import records as r

Command: TypeAlias = entities.Command | r.ChangeTasks
Found = TypeVar("Found")


class User:
    """One user's state in a store, loaded lazily; ``version`` is the decision version."""

    def __init__(self, store: Store, user: str, version: str = VERSION) -> None:
        self.user, self.version, self._store = user, version, store
        self._prefix = f"{user}/"  # of the keys in the store
        self._cached: dict[tuple[str, str], Any] = {}  # entities decoded for one command, by type and name

    def decide(self, command: Command) -> Decision[Event] | None:
        """Decide a command and evolve by its events; None if it was decided before."""
        key = self._prefix + command.id
        if idempotency.get(self._store, key, command.at):
            return None
        decision = self._chunk(command) if isinstance(command, r.ChangeTasks) else self._one(command)
        idempotency.put(self._store, key, command.at, getattr(command, "fingerprint", ""))
        return decision

    def purge(self, notice: r.TaskNotice) -> Sequence[Event]:
        """Purge the entity of a notice, which was deleted 30 days ago; return the events, none or one."""
        event = deletion.purge(self, notice)
        return self._evolved((event,)) if event else ()

    def evolve(self, event: Event) -> None:
        """Fold an event into the state. Raises ``OutOfOrder`` if it is not its entity's next one."""
        of = entities.of(event)
        name = of.name(of.after(event))
        before = self.get(of, name)
        after = self._cached[of.word, name] = of.evolve(before, event)
        self._keep(self._store.entities[of], self._prefix + name, before, after)
        if of is tasks.TASK:
            self._follow(event, before, after)

    def get(self, of: EntityType[Found], name: str) -> Found | None:
        """Return the entity of a type with a name, None if the user has none."""
        if (known := (of.word, name)) not in self._cached:
            self._cached[known] = self._store.entities[of].get(self._prefix + name)
        found: Found | None = self._cached[known]
        return found

    def task(self, task: str) -> r.Task | None:
        """Return a task, None if the user has none with this id."""
        return self.get(tasks.TASK, task)

    def series(self, series: str) -> r.Series | None:
        """Return the current occurrence of a series."""
        return self._store.series.get(self._prefix + series)

    def settings(self) -> r.Settings:
        """Return the user's settings, the defaults in version 0 if none was ever set."""
        return self.get(settings.SETTINGS, self.user) or settings.defaults(self.user)

    def size(self, list_id: str) -> int:
        """Return the number of tasks on a list."""
        found = self._store.sizes.get(self._prefix + list_id)
        return found.tasks if found else 0

    def subtasks(self, task: str, limit: int) -> list[str]:
        """Return the ids of the first ``limit`` subtasks of a task, in order, without those that are deleted."""
        return self._store.subtasks.names(self._prefix + task, limit)

    def index(self, task: r.Task) -> None:
        """Put a task that the state has into the index of subtasks."""
        self._move(task.id, None, hierarchy.above(task))

    def changed_by(self, bulk: str) -> int:
        """Return the number of tasks that a bulk has changed so far."""
        return idempotency.changed_by(self._store, self.user, bulk)

    def _one(self, command: entities.Command) -> Decision[Event]:
        """Decide a command on one entity."""
        if isinstance(command, r.RenameTag | r.DeleteTag) and idempotency.is_superseded(self._store, command):
            return Decision((), tags.superseded(command))
        decision: Decision[Any] = entities.decide(self, command)
        if decision.outcome.code == Code.ENDED and self.version in UNENDING and isinstance(command, r.CreateOccurrence):
            decision = tasks.decide_by_version_4(self, command)
        self._evolved(decision.events)
        return decision

    def _chunk(self, chunk: r.ChangeTasks) -> Decision[Event]:
        """Decide a chunk of a bulk, item by item."""
        if idempotency.is_superseded(self._store, chunk):
            return Decision((), bulk.superseded(chunk))
        decided = []
        for item in chunk.items:
            decided.append(bulk.decide(self, chunk, item))
            self._evolved(decided[-1].events)
        outcome = bulk.outcome(chunk, decided)
        idempotency.note_changed(self._store, chunk, _changed(outcome))
        return Decision(tuple(event for each in decided for event in each.events), outcome)

    def _evolved(self, events: Sequence[Any]) -> Sequence[Any]:
        for event in events:
            self.evolve(event)
        return events

    def _follow(self, event: Any, before: r.Task | None, after: r.Task | None) -> None:
        """Update the current occurrence of the task's series, the sizes of its lists, and the index of subtasks."""
        if name := event.task.series:
            latest = self.series(name)
            if self.version in BEFORE_6:
                moved = before_6.latest_after(latest, event)
            else:
                led = latest.task if latest and isinstance(event, r.TaskCreated) and event.cause else None
                moved = current.followed(latest, event, self.task(led) if led else before, self.version)
            if moved and moved != latest:
                self._store.series[self._prefix + name] = moved
        self._resize(lists.moves(before, after))
        self._move(event.task.id, hierarchy.above(before), hierarchy.above(after))

    def _resize(self, moves: Iterable[tuple[str, int]]) -> None:
        for list_id, change in moves:
            key = self._prefix + list_id
            if size := self.size(list_id) + change:
                self._store.sizes[key] = r.ListSize(size)
            else:
                del self._store.sizes[key]

    def _move(self, task: str, was: str | None, now: str | None) -> None:
        """Move a task from one parent to another in the index of subtasks."""
        if was == now:
            return
        if was is not None:
            self._store.subtasks.remove(self._prefix + was, task)
        if now is not None:
            self._store.subtasks.add(self._prefix + now, task)

    def _keep(self, kept: Map[Any], key: str, before: Entity | None, after: Entity | None) -> None:
        """Store an entity, and set or remove the timer of its purge."""
        if after is None:
            del kept[key]
        else:
            kept[key] = after
        was, now = deletion.timer(before), deletion.timer(after)
        if was and was != now:
            self._store.purges.remove(was)
        if now and was != now:
            self._store.purges.set(now)


def _changed(outcome: r.CommandOutcome) -> int:
    return outcome.part.changed if outcome.part else 0
