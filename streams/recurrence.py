"""Recurrence: a completed or skipped task of a series leads to the command that creates its next occurrence.

The stage keeps only which dead letters it has put back: the next occurrence follows from the event, which has the whole
task, and its id from series, occurrence and rule version. The tasks stage decides whether the series is already past
it, also if a dead-lettered completion is sent again.

Gap: ``series-notices`` is read so that timers of series can be added without changing the stage's inputs; so far no
timer is set, so there are no notices.
"""

from domain.recurrence.advance import Closed
from domain.recurrence.derived import CLOSING, derived
from schemas.topics import RETRIES, SERIES_NOTICES, TASK_EVENTS, TASK_FOLLOWUPS
from streams.runtime import App, Block, Stage

stage = Stage("recurrence", reads=(TASK_EVENTS, SERIES_NOTICES, RETRIES), writes=(TASK_FOLLOWUPS, SERIES_NOTICES))


@stage.on(TASK_EVENTS, SERIES_NOTICES, folds=CLOSING)
def follow(block: Block, event: Closed) -> None:
    """Emit the command that creates the next occurrence of a series whose task was closed, or that ends it."""
    if command := derived(event, block.decision_version):
        block.emit(TASK_FOLLOWUPS, command)


app = App(stage)
