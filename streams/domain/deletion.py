"""Deletion: a deleted task can be restored for 30 days, and is then gone, all but its audit trail.

A timer is set for each deleted task, by the deletion's own time. A notice says that it has come; it acts only if the
task is still deleted by that same deletion, which the timer's id tells: a version of the task stands for it.
"""

from msgspec.structs import replace

from schemas import ids
from schemas.records import Status, Task, TaskNotice, TaskPurged, Timer

RESTORABLE = 30 * 24 * 60 * 60 * 1000
"""Milliseconds for which a deleted task can be restored."""

ACTOR = "stage:tasks"


def timer(task: Task | None) -> Timer | None:
    """Return the timer that stands for a task: that of its purge if it is deleted."""
    if task is None or task.status is not Status.DELETED:
        return None
    return Timer(ids.derive("purge", task.id, task.version), task.user, task.id, task.changed_at + RESTORABLE)


def purge(task: Task | None, notice: TaskNotice) -> TaskPurged | None:
    """Return the event that a notice leads to, None where the timer does not stand any more."""
    stands = timer(task)
    if task is None or stands is None or (stands.id, stands.user) != (notice.id, notice.user):
        return None
    return TaskPurged(
        id=ids.event(notice.id),
        user=notice.user,
        at=notice.at,
        actor=ACTOR,
        command=notice.id,
        task=replace(task, changed_at=notice.at, version=task.version + 1),
    )
