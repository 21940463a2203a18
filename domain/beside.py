"""Earlier occurrences that are open beside the current one: those of a series that opens each by the calendar.

Their series knows them (``Series.others``), with the current one at most ``advance.MOST_OPEN``: then the one that has
been open longest is closed as missed. One of them that was closed or deleted, but not missed, opens beside the current
one again. Once the series no longer opens each, since its mode was changed or its rule cleared, they become tasks of
their own; the series remembers them (``Series.left``), so that undoing the change makes them its occurrences again.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace as replaced
from typing import Any

from msgspec.structs import replace

from domain import composition
from domain.compensation import Compensation
from domain.decision import BEFORE_8
from domain.entity import State, differing
from domain.invalid import Invalid
from domain.recurrence import advance
from domain.subtasks import Change
from schemas import ids
from schemas import records as r


def opens_each(rule: r.Recurrence | None) -> bool:
    """Return whether a rule opens each occurrence that comes, whether or not earlier ones are open."""
    return rule is not None and rule.repeats is r.Repeats.CALENDAR and rule.missed is r.Missed.EACH


def oldest_of_most(state: State, series: str) -> r.Task | None:
    """Return the occurrence that has been open longest of a series to which one is added, if it has the most."""
    latest = state.series(series)
    return state.task(latest.others[0]) if latest and latest.others and not _has_room(latest) else None


def may_open(state: State, task: r.Task, latest: r.Series) -> bool:
    """Return whether an earlier occurrence that was closed or deleted may be open beside the current one again."""
    current = state.task(latest.task) if latest.task and latest.previous != task.id else None
    is_of_each = current is not None and opens_each(task.recurrence) and opens_each(current.recurrence)
    return state.version not in BEFORE_8 and is_of_each and task.closing is not r.Closing.MISSED and _has_room(latest)


def left(state: State, previous: r.Task, after: r.Task) -> Iterator[Change]:
    """Yield how open earlier occurrences become tasks of their own, if a series no longer opens each.

    ``previous`` is the current occurrence before, and ``after`` as it is then, or the one that opens after it.
    """
    latest = state.series(previous.series or "")
    if state.version in BEFORE_8 or latest is None or latest.task != previous.id or opens_each(after.recurrence):
        return
    names = latest.others if after.id == previous.id else (*latest.others, previous.id)
    for task in filter(None, map(state.task, names)):
        if task.status is r.Status.OPEN and task.recurrence is not None:
            yield Change(task, replace(task, recurrence=None))


def followed(latest: r.Series | None, task: r.Task) -> r.Series | None:
    """Return a series after an event of one of its earlier occurrences, by the task after it."""
    if latest is None:
        return None
    others, gone = (tuple(each for each in known if each != task.id) for known in (latest.others, latest.left))
    if task.status is not r.Status.OPEN:
        return replace(latest, others=others)
    if task.recurrence is not None:
        return latest if task.id in latest.others else replace(latest, others=(*others, task.id), left=gone)
    if task.id not in latest.others:
        return latest
    return replace(latest, others=others, left=(*gone, task.id)[-advance.MOST_OPEN :])


def given_back(
    state: State, found: Compensation, common: Mapping[str, Any], name: str | None, rule: r.Recurrence | None
) -> Compensation:
    """Return a compensation that gives a series its earlier rule, and those back that it left with that."""
    latest = state.series(name or "")
    if state.version in BEFORE_8 or latest is None or rule is None or not opens_each(rule):
        return found
    room = advance.MOST_OPEN - 1 - len(latest.others)
    tasks = [task for task in map(state.task, latest.left) if task and _may_return(task, name, rule)][:room]
    again = {task.id: replace(rule, version=latest.rule_version + 1, overrides=()) for task in tasks}
    cause = ids.event(common["id"])
    its = (
        {**common, "id": ids.derive("beside", common["id"], each), "task": each, "cause": cause, "expected": None}
        for each in again
    )
    commands = (r.UpdateTask(**each, changed=("rrule",), fields=r.TaskFields(rrule=rule.rrule)) for each in its)

    def amended(event: Any) -> Any:
        if event.task.id not in again:
            return found.amend(event)
        task = state.task(event.task.id)
        assert task is not None
        changes = {"changed_at": event.task.changed_at, "version": event.task.version}
        after = replace(task, recurrence=again[task.id], **changes)
        return replace(event, task=after, changed=differing(task, after), own=())

    return replaced(found, commands=(*found.commands, *commands), amend=amended)


def _may_return(task: r.Task, series: str | None, rule: r.Recurrence) -> bool:
    """Return whether a task is open and its own since its series left it, and may have the rule of that."""
    if task.status is not r.Status.OPEN or task.recurrence is not None or task.series != series:
        return False
    try:
        composition.check_rule(rule.rrule, task.due)
    except Invalid:
        return False
    return True


def _has_room(latest: r.Series) -> bool:
    return len(latest.others) + 1 < advance.MOST_OPEN
