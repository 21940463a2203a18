"""Checks by the log alone that nothing was lost, doubled or reordered, and names each anomaly.

Its checks are of two kinds. Those of ``RECOUNTED`` use nothing of what decides and folds: they count ids, offsets and
versions on the log. Those of ``DECIDED_AGAIN`` run the code under test, the pure functions that each stage folds, in
the order that the log gives: that of the blocks of its topology (``seen.py``). What is on the stage's topic must be
exactly that. So they show what a runtime loses, doubles or reorders, and no wrong decision: that is for the tests of
the domain. ``_followups`` and ``_reminders`` do so, too, and count what is
due and did not come, early or twice; ``_purges`` and ``_ledger`` count
by the domain's timers, and by its rule for which step of a delivery holds.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from domain import audit, deletion, ledger, times
from domain.decision import VERSION
from domain.entities import Entity
from domain.entities import after as after_of
from domain.entities import name as name_of
from domain.reminder_state import Reminders
from domain.tasks import TASK
from schemas import records as r
from schemas.topics import (
    AUDIT_LOG,
    DEAD_LETTERS,
    NOTIFICATIONS,
    REMINDERS,
    TASK_COMMANDS,
    TASK_EVENTS,
    TASK_FOLLOWUPS,
)
from tests.chaos.seen import Seen, Series
from tests.unit.domain.given import reminders_in_memory

GRACE = 5_000
"""Milliseconds after a failure's retry time in which the next claim may come."""
OWED = 60_000
"""Milliseconds after a claim in which its outcome or the next claim may come: a session's end, an opening, a lease."""


def anomalies(seen: Seen, now: int) -> list[str]:
    """Return every anomaly as a sentence; none where all that was asked for by ``now`` is done, once and in order."""
    checks = (*RECOUNTED, *DECIDED_AGAIN)
    timed = (_followups, _reminders, _purges, _ledger)
    return [
        *(sentence for check in checks for sentence in check(seen)),
        *(sentence for check in timed for sentence in check(seen, now)),
    ]


def owed(seen: Seen) -> set[str]:
    """Return the deliveries whose last claim has no outcome: the next owner claims what a dead one was sending."""
    kept = ((reminder, _kept(steps)) for reminder, steps in _steps(seen).items())
    return {reminder for reminder, last in kept if last and not ledger.is_final(last)}


def _answers(seen: Seen) -> Iterator[str]:
    asked = {command.id for topic in (TASK_COMMANDS, TASK_FOLLOWUPS) for command in seen.of(topic.name)}
    answered = Counter(o.command for o in seen.of(TASK_EVENTS.name) if isinstance(o, r.CommandOutcome))
    for command in asked | answered.keys():
        if answered[command] != (command in asked):
            yield f"Command {command} has {answered[command]} outcomes."


def _order(seen: Seen) -> Iterator[str]:
    outcomes = seen.by_user(TASK_EVENTS.name)
    for topic in (TASK_COMMANDS, TASK_FOLLOWUPS):
        for user, commands in seen.by_user(topic.name).items():
            asked = list(dict.fromkeys(command.id for command in commands))
            answered = [o.command for o in outcomes[user] if isinstance(o, r.CommandOutcome)]
            if [command for command in answered if command in set(asked)] != asked:
                yield f"User {user}'s {topic.name} were not answered in their order."


def _decisions(seen: Seen) -> Iterator[str]:
    """Decide again, in the order of commands and notices in the blocks."""
    again: dict[str, list[Any]] = {user: [] for user in seen.users}
    for topic, record in seen.passing("tasks"):
        if topic == TASK_EVENTS.name:
            again[record.user].append(record)
    for user, found in seen.by_user(TASK_EVENTS.name).items():
        yield from _compared(TASK_EVENTS.name, user, found, again[user])


def _purges(seen: Seen, now: int) -> Iterator[str]:
    """Yield what was deleted more than 30 days ago and is not purged."""
    last = {(event.user, name_of(after_of(event))): event for event in _events(seen.of(TASK_EVENTS.name))}
    for (_, name), event in last.items():
        timer = None if deletion.purges(event) else deletion.timer(after_of(event))
        if timer and timer.due <= now:
            yield f"{type(after_of(event)).__name__} {name} was deleted long ago, and is still there."


def _occurrences(seen: Seen) -> Iterator[str]:
    """Yield occurrences that were created while they existed; one that was undone may be created again."""
    standing: dict[str, tuple[str, str, int]] = {}
    for event in (event for event in seen.of(TASK_EVENTS.name) if isinstance(event, TASK.events)):
        task = event.task
        if task.recurrence is None or task.status is r.Status.DELETED:
            standing.pop(task.id, None)
            continue
        key = (task.series, task.occurrence, task.recurrence.version)
        if isinstance(event, r.TaskCreated) and key in standing.values():
            yield f"Occurrence {key} was created twice."
        standing[task.id] = key


def _followups(seen: Seen, now: int) -> Iterator[str]:
    """Derive the followups again, in the order of events and notices in the blocks; none that is awaited is late."""
    series, again = Series(), {user: list[Any]() for user in seen.users}
    for topic, record in seen.passing("recurrence"):
        again[record.user] += series.derived(topic, record)
    for user, found in seen.by_user(TASK_FOLLOWUPS.name).items():
        yield from _compared(TASK_FOLLOWUPS.name, user, found, again[user])
    late = [held for held in series.store.awaited.values() if held.due is not None and held.due <= now]
    yield from (f"What comes after {held.occurrence} of {held.series} was due, and did not come." for held in late)


def _trail(seen: Seen) -> Iterator[str]:
    events = seen.by_user(TASK_EVENTS.name)
    for user, found in seen.by_user(AUDIT_LOG.name).items():
        head, entities, again = None, dict[str, Entity](), []
        for event in _events(events[user]):
            after = after_of(event)
            entry = audit.entry(head, entities.get(name_of(after)), event)
            head, entities[name_of(after)] = audit.head_after(entry), after
            if deletion.purges(event):
                del entities[name_of(after)]  # another may come under its id
            again.append(entry)
        yield from _compared(AUDIT_LOG.name, user, found, again)
        if broken := audit.verify(found, head):
            yield f"User {user}'s chain breaks at {broken.sequence}: {broken.reason}"


def _blocks(seen: Seen) -> Iterator[str]:
    """Yield inputs of a topology, or notices of its timers, of which a record is not in exactly one block, in order."""
    for topology in (one for one in seen.topologies if one.blocks):
        assert topology.blocks
        taken: dict[tuple[str, int], list[int]] = defaultdict(list)
        for entry in seen.topics.get(topology.blocks.name, ()):
            block = entry.value
            inside = seen.within(block.topic, entry.partition, block.first, block.last)
            taken[block.topic, entry.partition] += [one.offset for one in inside]
        notices = {topic for stage in topology.timed for topic in stage.timer_outputs if topic.name in topology.handed}
        for name in sorted(topic.name for topic in notices.union(topology.reads)):
            for partition in {entry.partition for entry in seen.topics.get(name, ())}:
                if taken[name, partition] != [e.offset for e in seen.topics[name] if e.partition == partition]:
                    yield f"{topology.blocks.name} does not take each record of {name}/{partition} once, in order."


def _reminders(seen: Seen, now: int) -> Iterator[str]:
    """Decide the reminders again, in the order of events and notices in the blocks."""
    store = reminders_in_memory()
    reminders = Reminders(store, VERSION, times.tzdata_version())
    again: dict[str, list[Any]] = {user: [] for user in seen.users}
    for record in seen.folded("reminders"):
        if isinstance(record, (*TASK.events, r.SettingsUpdated)):
            output = reminders.follow(record)
        elif isinstance(record, r.ReminderNotice | r.DigestNotice | r.ReplanNotice):
            output = reminders.decide(record)
        else:
            continue
        for one in output:
            again[one.user].append(one)
    for user, found in seen.by_user(REMINDERS.name).items():
        yield from _compared(REMINDERS.name, user, found, again[user])
    waiting = [one.id for held in store.held.values() for one in held.standing if one.due <= now]
    yield from (f"Reminder {reminder} was scheduled and neither cancelled nor due." for reminder in waiting)
    late = [plan for plan in store.digests.values() if plan.day and plan.due <= now]
    yield from (f"The digest of {plan.day} was due, and did not come." for plan in late)
    came = [due for due in seen.of(REMINDERS.name) if isinstance(due, ledger.Decided)]
    yield from (f"Reminder {due.id} was due before its time." for due in came if due.at < due.due)
    yield from _twice("Reminder", (due.id for due in came))


def _ledger(seen: Seen, now: int) -> Iterator[str]:
    steps = _steps(seen)
    due = {record.id for record in seen.of(REMINDERS.name) if isinstance(record, ledger.Decided)}
    for reminder in due | steps.keys():
        last = _kept(steps.get(reminder, []))
        if reminder not in due:
            yield f"Reminder {reminder} was never due, and is in the ledger."
        elif last is None or not (ledger.is_final(last) or now < _owed_until(last)):
            yield f"Reminder {reminder} was due, and its ledger has no end."
    recorded = [step for some in steps.values() for step in some]
    yield from _twice("Claim", ((s.id, s.attempt, s.at, s.detail) for s in recorded if s.step is r.Step.CLAIMED))
    outcomes = {(s.id, s.attempt, s.step.value, s.at) for s in recorded if s.step is not r.Step.CLAIMED}
    yield from _twice("Outcome", ((reminder, attempt) for reminder, attempt, *_ in outcomes))


def _owed_until(last: r.Notification) -> int:
    return last.at + OWED if last.retry_at is None else last.retry_at + GRACE


def _steps(seen: Seen) -> dict[str, list[r.Notification]]:
    found: dict[str, list[r.Notification]] = defaultdict(list)
    for step in seen.of(NOTIFICATIONS.name):
        found[step.id].append(step)
    return found


def _kept(steps: Iterable[r.Notification]) -> r.Notification | None:
    """Return the last step that counts."""
    last: r.Notification | None = None
    for step in steps:
        last = ledger.accept(last, step) or last
    return last


def _set_aside(seen: Seen) -> Iterator[str]:
    for entry in seen.topics.get(DEAD_LETTERS.name, ()):
        dead = entry.value
        yield f"{dead.stage} dead-lettered {dead.topic}/{dead.partition}/{dead.offset}: {dead.reason}"


def _events(records: Iterable[Any]) -> Iterator[Any]:
    return (record for record in records if not isinstance(record, r.CommandOutcome))


def _compared(topic: str, user: str, found: list[Any], again: list[Any]) -> Iterator[str]:
    if found != again:
        pairs = zip(found, again, strict=False)
        first = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(found), len(again)))
        yield (
            f"User {user} has {len(found)} records on {topic}, {len(again)} were to be there; the first that differs is"
            f" number {first}: {found[first : first + 1]} instead of {again[first : first + 1]}."
        )


def _twice(what: str, keys: Iterable[Any]) -> Iterator[str]:
    yield from (f"{what} {key} is there {times} times." for key, times in Counter(keys).items() if times > 1)


RECOUNTED = (_answers, _order, _occurrences, _blocks, _set_aside)
DECIDED_AGAIN = (_decisions, _trail)
