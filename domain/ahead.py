"""Occurrences that are yet to come: what commands decide about one of a series whose open occurrence is an earlier one.

Nothing is created for a change: it is an override in the recurrence of the open occurrence (``recurrence.overrides``),
which passes on to the next ones until the series comes to that slot. One that is completed, skipped or deleted ahead of
time becomes a closed task of its own at once, and the series passes over its slot. ``ReopenTask`` takes back all that
was decided about a slot.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias, TypeGuard

from msgspec.structs import replace

from domain import composition, containers, current, merging, scheduling, series, times
from domain.compensation import Compensation, Contradicted
from domain.entity import State, differing
from domain.invalid import Conflict, Invalid
from domain.recurrence import advance, keys, overrides, upcoming
from domain.recurrence.keys import shown_key
from domain.recurrence.sets import Occurrence
from domain.subtasks import Change
from schemas import records as r

Command: TypeAlias = r.UpdateTask | r.CompleteTask | r.SkipTask | r.ReopenTask | r.DeleteTask
_FIELD = "occurrence"


def is_ahead(command: Any, task: r.Task) -> TypeGuard[Command]:
    """Return whether a command on a task is about another occurrence of its series than the task itself."""
    if not isinstance(command, Command) or command.occurrence is None:
        return False
    written, own = command.occurrence, task.occurrence
    if task.recurrence is None or own is None:
        return True
    if "T" in written or "T" not in own:
        return own not in {written, f"{written}:00"}
    following = next(upcoming.after(task.recurrence, own), None)
    return own[:10] != written or (following is not None and following.due.date == written)


def is_of_all(command: Any, task: r.Task) -> TypeGuard[r.UpdateTask | r.DeleteTask]:
    """Return whether a command is about all occurrences of a series, and names one that is yet to come."""
    is_of_all = isinstance(command, r.UpdateTask | r.DeleteTask) and command.scope is r.Scope.ALL
    return is_of_all and is_ahead(command, task)


def decided(state: State, task: r.Task, command: Command) -> Iterator[Change]:
    """Yield what a command about an occurrence that is yet to come changes, first the open one. Raises ``Invalid``."""
    rule, written = _rule(state, task), command.occurrence or ""
    if isinstance(command, r.ReopenTask):
        yield from _reopened(state, task, overrides.of(rule, _decided_slot(task, written)))
        return
    slot = upcoming.find(rule, task.occurrence or "", written)
    name = slot.planned or slot.key
    known = overrides.of(rule, name)
    match command:
        case r.DeleteTask() if command.scope is not r.Scope.THIS:
            yield _with(task, replace(overrides.of(rule, name, following=True), deleted=True))
        case r.UpdateTask():
            yield _with(task, *_changed(state, task, slot, known, command))
        case _ if known.closing is None:
            yield from _closed(state, task, slot, known, command)
        case r.DeleteTask() if not known.deleted:
            raise _is_closed()


def of_all(state: State, task: r.Task, command: r.UpdateTask | r.DeleteTask) -> r.UpdateTask | r.DeleteTask:
    """Return the command on the open occurrence that a command about all of them is, given on one yet to come.

    A due or start is moved there as that one's is. Raises ``Invalid``.
    """
    rule = _rule(state, task)
    slot = upcoming.find(rule, task.occurrence or "", command.occurrence or "")
    if isinstance(command, r.DeleteTask):
        return replace(command, occurrence=None)
    made, own = _made(state, task, _creation(task, slot, command)).task, keys.slot_due(rule, task.occurrence or "")
    wanted = merging.wanted(made, command.changed, command.fields)
    if due := wanted.get("due"):
        wanted["due"] = scheduling.moved_along(own, slot.due, due)
        if wanted["due"] == own:
            del wanted["due"]
    if start := wanted.get("start"):
        wanted["start"] = times.shifted(start, times.days_between(slot.due, own), "start")
    return replace(command, occurrence=None, changed=tuple(wanted), fields=r.TaskFields(**wanted))


def _decided_slot(task: r.Task, written: str) -> str:
    """Return the slot that has an override, or else the one that is written; it may be none any more since."""
    assert task.recurrence is not None
    rule = task.recurrence
    found = [each for each in rule.overrides if each.slot.startswith(written)]
    found += [each for each in rule.overrides if overrides.begins(rule, each).startswith(written)]
    named = (each.slot for each in found)
    return next(named, None) or upcoming.find(rule, task.occurrence or "", written).key


def compensate(
    state: State, task: r.Task, common: Mapping[str, Any], before: r.Recurrence, after: r.Recurrence
) -> Compensation:
    """Return the compensation of an event that changed only the override of one slot, whichever occurrence is open now.

    Raises ``Contradicted``.
    """
    slots = overrides.difference(before, after)
    latest = state.series(task.series or "")
    current = state.task(latest.task) if latest and latest.task else None
    if current is None or current.recurrence is None or current.status is not r.Status.OPEN:
        raise Contradicted("series", "The series has ended since, or none of its occurrences is open.")
    now = current.recurrence
    if shown_key(now, slots[0]) <= (current.occurrence or ""):
        raise Contradicted(_FIELD, f"The series has come to {slots[0]} since; change that occurrence itself.")
    if all(overrides.at(now, slot) == overrides.at(before, slot) for slot in slots):
        return Compensation()
    if changed := next((slot for slot in slots if overrides.at(now, slot) != overrides.at(after, slot)), None):
        raise Contradicted(_FIELD, f"The occurrence of {changed} was changed since.")
    was, is_ = (overrides.at(each, slots[0]) for each in (before, after))
    common = {**common, "task": current.id, _FIELD: slots[0]}
    return Compensation((_command(common, was, is_),), partial(_with_overrides, current, before, slots))


def _command(common: Mapping[str, Any], was: tuple[r.Override, ...], is_: tuple[r.Override, ...]) -> Command:
    """Return the command by which the tasks of a slot become as they were with earlier overrides."""
    if is_:
        return r.ReopenTask(**common)
    [first, *_] = was
    scope = r.Scope.FOLLOWING if first.following else r.Scope.THIS
    if first.fields is not None:
        return r.UpdateTask(**common, changed=first.changed, fields=first.fields, scope=scope)
    if first.deleted:
        return r.DeleteTask(**common, scope=scope)
    return (r.SkipTask if first.closing is r.Closing.SKIPPED else r.CompleteTask)(**common)


def _with_overrides(task: r.Task, before: r.Recurrence, slots: tuple[str, ...], event: Any) -> Any:
    """Return the event of the open occurrence with the overrides of slots as they were."""
    if not isinstance(event, r.TaskUpdated) or event.task.id != task.id:
        return event
    assert task.recurrence is not None
    assert event.task.recurrence is not None
    rule = task.recurrence
    for slot in slots:
        closed = overrides.of(event.task.recurrence, slot).task  # by another id, if the rule was changed since
        given = (replace(each, task=closed) if each.closing and closed else each for each in overrides.at(before, slot))
        rule = overrides.put_at(rule, slot, given)
    after = replace(event.task, recurrence=_of_slots(task, rule))
    return replace(event, task=after, changed=differing(task, after))


def _rule(state: State, task: r.Task) -> r.Recurrence:
    """Return the recurrence of the open occurrence of a series. Raises ``Conflict`` if the task is none."""
    if task.recurrence is None:
        raise Conflict(_FIELD, "Only a task that recurs has occurrences that are yet to come; leave occurrence out.")
    latest = state.series(task.series or task.id)
    if task.status is not r.Status.OPEN or not current.is_current(task, latest):
        raise Conflict(_FIELD, "The series has gone on; name this occurrence on the task that is open.")
    return task.recurrence


def _creation(task: r.Task, slot: Occurrence, command: Command) -> r.CreateOccurrence:
    """Return the command that would create the occurrence of a slot."""
    assert task.recurrence is not None
    name, occurrence = task.series or task.id, task.occurrence or ""
    return advance.creation(command, task.id, task.recurrence, occurrence, series=name, due=slot.due)


def _made(state: State, task: r.Task, creation: r.CreateOccurrence) -> series.Made:
    """Return the occurrence that a command would create now.

    Raises ``Ended``, and ``Conflict`` if it was closed before it came.
    """
    latest = state.series(task.series or task.id)
    like = (latest.template if latest else None) or task
    made = series.composed(state, like, creation)
    if made is None:
        raise _is_closed()
    return made


def _is_closed() -> Conflict:
    return Conflict(_FIELD, "It was closed before it came; reopen it first.")


def _with(task: r.Task, *given: r.Override) -> Change:
    """Return the change of the open occurrence by overrides."""
    assert task.recurrence is not None
    rule = task.recurrence
    for each in given:
        rule = overrides.put(rule, each)
    return Change(task, replace(task, recurrence=_of_slots(task, rule)))


def _of_slots(task: r.Task, changed: r.Recurrence) -> r.Recurrence:
    """Return the changed recurrence of the open occurrence without overrides whose slots are none any more."""
    assert task.recurrence is not None
    switches = (tuple(filter(overrides.is_switch, each.overrides)) for each in (task.recurrence, changed))
    return changed if len({*switches}) == 1 else upcoming.kept(changed, task.occurrence or "", changed)


def _closed(state: State, task: r.Task, slot: Occurrence, known: r.Override, command: Command) -> Iterator[Change]:
    """Yield the closing of an occurrence: a closed task of its own, over whose slot the series passes."""
    deletes = isinstance(command, r.DeleteTask)
    closing = r.Closing.DONE if isinstance(command, r.CompleteTask) else r.Closing.SKIPPED
    creation = _creation(task, slot, command)
    made, name = _made(state, task, creation).task, creation.task
    there = state.task(name)
    if there and there.status is not r.Status.DELETED:  # a task of its own has the id
        name, there = made.id, None
    closed = {"status": r.Status.COMPLETED, "completed_at": command.at, "closing": closing}
    after = replace(made, id=name, recurrence=None, **closed)
    yield _with(task, r.Override(known.slot, closing=closing, deleted=deletes, task=after.id))
    yield Change(there, after)
    if deletes:
        yield Change(after, replace(after, status=r.Status.DELETED))


def _reopened(state: State, task: r.Task, known: r.Override) -> Iterator[Change]:
    """Yield what takes back all that was decided about a slot."""
    closed = state.task(known.task) if known.task else None
    if closed and closed.status is r.Status.OPEN:
        raise Conflict(_FIELD, "It was reopened as a task of its own.")
    assert task.recurrence is not None
    if overrides.at(task.recurrence, known.slot):
        yield _with(task, r.Override(known.slot), r.Override(known.slot, following=True))
        if closed and closed.status is r.Status.COMPLETED:
            yield Change(closed, replace(closed, status=r.Status.DELETED))


def _changed(
    state: State, task: r.Task, slot: Occurrence, known: r.Override, command: r.UpdateTask
) -> Iterator[r.Override]:
    """Yield the overrides of a slot after a change of fields: what differs from the series then. Raises ``Invalid``."""
    made = _made(state, task, _creation(task, slot, command))
    wanted = merging.wanted(made.task, command.changed, command.fields)
    alone = {name: value for name, value in wanted.items() if _is_alone(name, wanted, command.scope)}
    following = {name: value for name, value in wanted.items() if name not in alone}
    if not alone.keys().isdisjoint(scheduling.PARTS):
        raise scheduling.whole_series()
    if alone:
        after = replace(made.task, **alone)
        _check(state, task, slot, made.task, after)
        changed = differing(made.plain, after)
        yield replace(known, changed=changed, fields=_fields(after, changed))
    if following:
        if command.scope is r.Scope.ALL:
            raise Invalid("scope", "All occurrences are changed on the open one; leave occurrence out.")
        yield _followed(state, task, slot, made.plain, following)


def _is_alone(name: str, wanted: Mapping[str, Any], scope: r.Scope) -> bool:
    """Return whether a field is changed of one occurrence alone; unnamed, a moved due or start without a new rule."""
    if scope is r.Scope.UNNAMED:
        return name in {"due", "start"} and "rrule" not in wanted
    return scope is r.Scope.THIS


def _fields(values: Any, changed: tuple[str, ...]) -> r.TaskFields | None:
    return r.TaskFields(**{name: getattr(values, name) for name in changed}) if changed else None


def _followed(state: State, task: r.Task, slot: Occurrence, made: r.Task, wanted: Mapping[str, Any]) -> r.Override:
    """Return the override of a slot and those following after a change of fields. Raises ``Invalid``."""
    rule = task.recurrence
    assert rule is not None
    if "repeats" in wanted:
        raise Invalid("repeats", "What a series counts from is changed on its open occurrence; leave occurrence out.")
    if wanted.get("rrule", "") is None:
        raise Invalid("recurrence", "A series is ended before an occurrence by deleting that with scope following.")
    switch = next(
        (each for each in filter(overrides.is_switch, rule.overrides) if overrides.begins(rule, each) == slot.key), None
    )
    known = switch or overrides.of(rule, slot.planned or slot.key, following=True)
    after = replace(made, **{name: value for name, value in wanted.items() if name not in scheduling.PARTS})
    _check(state, task, slot, made, after)
    fields = replace(known.fields or r.TaskFields(), **wanted)
    changed = tuple(name for name in r.TaskFields.__struct_fields__ if name in {*known.changed, *wanted})
    override = replace(known, changed=changed, fields=fields, deleted=False)
    return (
        _checked(task, slot, override) if "due" in wanted or not wanted.keys().isdisjoint(overrides.RULE) else override
    )


def _checked(task: r.Task, slot: Occurrence, override: r.Override) -> r.Override:
    """Return an override that changes when a series recurs, with its rule in canonical form. Raises ``Invalid``."""
    rule, own, fields = task.recurrence, task.occurrence or "", override.fields
    assert rule is not None
    assert fields is not None
    due = overrides.due_of(override) or slot.due
    if (due.time is None, due.zone) != (slot.due.time is None, slot.due.zone):
        raise Invalid("due", "The zone, and whether there is a time, are changed on the open occurrence of the series.")
    earlier = advance.last(upcoming.base(rule), own, times.local(slot.due), lambda each: each.key < slot.key)
    if times.key(due) <= (earlier[0].key if earlier else own):
        raise Conflict("due", "It would be due before the occurrence before it; choose a later one.")
    if "rrule" in override.changed:
        fields = replace(fields, rrule=composition.check_rule(fields.rrule or "", due))
    segment = advance.come_to(overrides.put(rule, r.Override(override.slot, following=True)), slot.key)
    again = advance.checked(advance.switched(segment, replace(override, fields=fields)))
    return replace(override, fields=replace(fields, rdates=again.rdates, exdates=again.exdates))


def _check(state: State, task: r.Task, slot: Occurrence, before: r.Task, after: r.Task) -> None:
    """Raise ``Invalid`` if an occurrence that is yet to come can't be like that."""
    if after.due is None:
        raise Invalid("due", "An occurrence needs a due; give one, or skip it.")
    composition.check_reminders(after.due, after.start, after.reminders)
    composition.check_start(after.start, after.due)
    containers.check(state, before, after)
    if task.recurrence and task.recurrence.repeats is r.Repeats.CALENDAR:
        _check_order(task, slot, after.due)


def _check_order(task: r.Task, slot: Occurrence, due: r.Due) -> None:
    """Raise ``Conflict`` if an occurrence of a series by the calendar would not come between its neighbours."""
    rule = task.recurrence
    assert rule is not None
    moved, own = overrides.moved(rule), task.occurrence or ""
    base = upcoming.base(rule)
    earlier = advance.last(base, shown_key(rule, own), times.local(slot.due), lambda each: each.key < slot.key)
    last = moved.get(earlier[0].key, earlier[0].due) if earlier else task.due
    following = base.after(slot.key)
    later = following and moved.get(following.key, following.due)
    if (last and not times.is_later(due, last)) or (later and not times.is_later(later, due)):
        raise Conflict("due", "By the calendar occurrences come in their order; choose a due between its neighbours'.")
