"""Recurrence: a completed task of a series leads to the command that creates its next occurrence.

The stage remembers nothing but which dead letters it put back: the next occurrence follows from the event, which holds
the whole task, and its id from series, occurrence and rule version. Whether the series is already past it is for the
tasks stage to say, also where a completion that was set aside is sent again.

Gap: ``series-notices`` is read so that timers of series can come without a change of what the stage reads; as yet no
timer is set, so no notice stands.
"""

from domain.decision import UNENDING
from domain.recurrence import succession
from schemas.records import TaskCompleted
from schemas.topics import RETRIES, SERIES_NOTICES, TASK_EVENTS, TASK_FOLLOWUPS
from streams.runtime import App, Block, Stage

stage = Stage("recurrence", reads=(TASK_EVENTS, SERIES_NOTICES, RETRIES), writes=(TASK_FOLLOWUPS, SERIES_NOTICES))


@stage.on(TASK_EVENTS, SERIES_NOTICES, folds=(TaskCompleted,))
def follow(block: Block, event: TaskCompleted) -> None:
    """Send the command for the next occurrence of each series whose task was completed, or that tells why it ends."""
    command = succession.following(event)
    if command is None and block.rules not in UNENDING:
        command = succession.ending(event)
    if command:
        block.emit(TASK_FOLLOWUPS, command)


app = App(stage)
