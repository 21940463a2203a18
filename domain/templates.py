"""Templates: an occurrence as its series has it, without what was changed of that one alone; the next one copies it.

A series keeps the template of its current occurrence, and of earlier ones the fields that differ from it, so that it
can go back to them. What a change replaced in the template is kept, too: undoing the change gives it back.
"""

from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from domain.decision import BEFORE_7, BEFORE_8
from domain.entity import State, differing
from domain.recurrence import keys
from schemas import records as r

MOST = 20
"""The most changes, and earlier occurrences, of which a series keeps what it has otherwise."""
_SHARED = tuple(name for name in r.Task.__struct_fields__ if name in r.TaskFields.__struct_fields__ and name != "due")
"""The fields that a template may have otherwise than its task. It is due at the occurrence's slot."""


def after(known: r.Series, event: Any, before: r.Task) -> r.Task | None:
    """Return the template of a current occurrence after an event; null if nothing is changed of it alone."""
    if not isinstance(event, r.TaskUpdated):
        return known.template
    template = known.template or (before if event.own else None)
    if template is None or event.task.recurrence is None:
        return None
    passed_on = {name: getattr(event.task, name) for name in event.changed if name not in event.own}
    return _at_slot(replace(template, **passed_on), event)


def is_given_back(event: Any, before: r.Task | None) -> bool:
    """Return whether an event is the undoing that gives a task its rule back."""
    is_undoing = isinstance(event, r.TaskUpdated) and event.template is not None
    return is_undoing and before is not None and before.recurrence is None


def resumed(event: Any) -> r.Task | None:
    """Return the template of an occurrence whose rule was given back by undo."""
    return _at_slot(event.task, event) if isinstance(event, r.TaskUpdated) and event.own else None


def _at_slot(template: r.Task, event: r.TaskUpdated) -> r.Task:
    """Return a template with what an event gives back to it, due when its occurrence is planned."""
    rule = event.task.recurrence
    assert rule is not None
    given = {name: getattr(event.template, name) for name in event.own if event.template and name in _SHARED}
    return replace(template, **given, due=keys.slot_due(rule, event.task.occurrence or ""))


def replaced(
    known: r.Series, event: Any, before: r.Task, template: r.Task | None, version: str
) -> tuple[r.SharedFields, ...]:
    """Return what the last changes replaced in the template, now ``template``, that ``_shared`` does not infer."""
    if not isinstance(event, r.TaskUpdated) or not (event.own or known.template):
        return known.replaced
    names = tuple(name for name in event.changed if name in _SHARED)
    if version not in BEFORE_8:
        inferred = _shared(template, event.task, {name: getattr(before, name) for name in names})
        names = tuple(name for name in names if getattr(known.template or before, name) != inferred[name])
        if not names:
            return known.replaced
    return (*known.replaced, _taken(event.id, known.template or before, names))[-MOST:]


def own(known: r.Series, template: r.Task | None, task: r.Task, version: str) -> tuple[r.SharedFields, ...]:
    """Return what the templates of the last closed occurrences have otherwise than these, with that of one more."""
    if version in BEFORE_7:
        return ()
    others = tuple(each for each in known.own if each.of != task.id)
    names = tuple(name for name in differing(template, task) if name in _SHARED) if template else ()
    return (*others, _taken(task.id, template, names))[-MOST:] if template else others


def earlier(latest: r.Series | None, task: r.Task) -> r.Task | None:
    """Return the template of an occurrence that a series goes back to."""
    kept = _of(latest.own, task.id) if latest else None
    if kept is None or task.recurrence is None:
        return None
    values = {name: getattr(kept.fields, name) for name in kept.names}
    return replace(task, **values, due=keys.slot_due(task.recurrence, task.occurrence or ""))


def given_back(state: State, reversal: r.Reversal, before: Mapping[str, Any], event: Any) -> Any:
    """Return the event that undoes an update with what the template had before it.

    ``before`` are the values of the task's fields before the update.
    """
    if not isinstance(event, r.TaskUpdated) or (rule := event.task.recurrence) is None:
        return event
    latest, task = state.series(event.task.series or ""), event.task
    shared = _shared_before(state, latest, reversal, event, before)
    own = tuple(name for name, value in shared.items() if value != getattr(task, name))
    given = r.TaskFields(**{name: shared[name] for name in own})
    is_moved = task.due != keys.slot_due(rule, task.occurrence or "")
    return replace(event, own=(*own, "due") if is_moved else own, template=given)


def _shared_before(
    state: State, latest: r.Series | None, reversal: r.Reversal, event: r.TaskUpdated, before: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what the template had before an update: all of it if that cleared the rule, else what it changed."""
    if before.get("series"):
        template = latest.template if latest else None
        return {name: getattr(template, name) for name in _SHARED} if template else {}
    shared = {name: getattr(event.task, name) for name in event.changed if name in _SHARED}
    if state.version not in BEFORE_8 and latest and (now := state.task(event.task.id)):
        shared = _shared(latest.template, now, shared)
    kept = _of(latest.replaced, reversal.event) if latest else None
    return {**shared, **{name: getattr(kept.fields, name) for name in kept.names if name in shared}} if kept else shared


def _shared(template: r.Task | None, task: r.Task, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a template had before an update of its task: what it has otherwise than the task was not changed."""
    if template is None:
        return {**before}
    here = {name: getattr(template, name) for name in before}
    return {name: here[name] if here[name] != getattr(task, name) else value for name, value in before.items()}


def _of(kept: tuple[r.SharedFields, ...], name: str) -> r.SharedFields | None:
    return next((each for each in reversed(kept) if each.of == name), None)


def _taken(of: str, task: r.Task, names: tuple[str, ...]) -> r.SharedFields:
    return r.SharedFields(of, names, r.TaskFields(**{name: getattr(task, name) for name in names}))
