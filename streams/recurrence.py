"""Recurrence: a completed task of a series leads to the command that creates its next occurrence.

The stage keeps only which dead letters it has put back: the next occurrence follows from the event, which has the whole
task, and its id from series, occurrence and rule version. The tasks stage decides whether the series is already past
it, also if a dead-lettered completion is sent again.

Gap: ``series-notices`` is read so that timers of series can be added without changing the stage's inputs; so far no
timer is set, so there are no notices.
"""

from domain.decision import UNENDING
from domain.recurrence import succession
from schemas.records import TaskCompleted
from schemas.topics import RETRIES, SERIES_NOTICES, TASK_EVENTS, TASK_FOLLOWUPS
from streams.runtime import App, Block, Stage

stage = Stage("recurrence", reads=(TASK_EVENTS, SERIES_NOTICES, RETRIES), writes=(TASK_FOLLOWUPS, SERIES_NOTICES))


@stage.on(TASK_EVENTS, SERIES_NOTICES, folds=(TaskCompleted,))
def follow(block: Block, event: TaskCompleted) -> None:
    """Emit the command that creates the next occurrence of a series whose task was completed, or that ends it."""
    command = succession.following(event)
    if command is None and block.decision_version not in UNENDING:
        command = succession.ending(event)
    if command:
        block.emit(TASK_FOLLOWUPS, command)


app = App(stage)
