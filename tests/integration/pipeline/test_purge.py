"""What was deleted 30 days ago is gone from a whole Rondo, all but its audit trail."""

from collections.abc import Callable
from uuid import uuid4

import pytest

from domain.deletion import RESTORABLE
from rondo.client import NotFound
from schemas import records as r
from tests.acceptance.days import WAIT
from tests.acceptance.stack import PATIENCE, Stack, User, until
from tests.integration.pipeline.wire import Wire

LONG_AGO = RESTORABLE + 60_000
AN_HOUR_AGO = 3_600_000


TASK = {"fields": r.TaskFields(title="Long ago", tags=("old",))}
LIST = {"fields": r.ListFields(name="Long ago")}
FILTER = {"fields": r.FilterFields(name="Long ago", text="#old")}


def told(history: Callable[[str], list[dict]], of: str) -> list[str]:
    """The events of a thing, none before the views have come to it."""
    try:
        return [entry["event"] for entry in history(of)]
    except NotFound:
        return []


async def test_a_task_is_gone_30_days_after_it_was_deleted_and_its_history_stays(
    stack: Stack, user: User, wire: Wire
) -> None:
    gone, kept = str(uuid4()), str(uuid4())
    await wire.send(user.id, LONG_AGO, (r.CreateTask, {"task": gone, **TASK}), (r.DeleteTask, {"task": gone}))
    back = (r.DeleteTask, {"task": kept}), (r.RestoreTask, {"task": kept})
    await wire.send(user.id, AN_HOUR_AGO, (r.CreateTask, {"task": kept, **TASK}), *back)

    history, past = user.rondo.history, ["TaskCreated", "TaskDeleted"]
    until(lambda: told(history, gone) == [*past, "TaskPurged"], PATIENCE, "The task was not purged.")
    until(lambda: told(history, kept) == [*past, "TaskRestored"], PATIENCE, "The task is not back.")
    until(lambda: [task["id"] for task in user.everything()] == [kept], PATIENCE, "The views still have it.")
    with pytest.raises(NotFound):
        user.rondo.restore(gone, wait=WAIT)


async def test_a_list_and_a_saved_filter_are_gone_too_and_their_ids_free(stack: Stack, user: User, wire: Wire) -> None:
    id_ = str(uuid4())
    new = (r.CreateList, {"list": id_, **LIST}), (r.CreateFilter, {"filter": id_, **FILTER})
    await wire.send(user.id, LONG_AGO, *new, (r.DeleteList, {"list": id_}), (r.DeleteFilter, {"filter": id_}))

    of_list, of_filter = user.rondo.history_of_list, user.rondo.history_of_filter
    past = ["ListCreated", "ListDeleted", "ListPurged"]
    until(lambda: told(of_list, id_) == past, PATIENCE, "The list was not purged.")
    past_filter = ["FilterCreated", "FilterDeleted", "FilterPurged"]
    until(lambda: told(of_filter, id_) == past_filter, PATIENCE, "The saved filter was not purged.")
    for restore in (user.rondo.restore_list, user.rondo.restore_filter):
        with pytest.raises(NotFound):
            restore(id_, wait=WAIT)

    await wire.send(user.id, 0, *new)
    until(lambda: [one["id"] for one in user.rondo.lists()] == [id_], PATIENCE, "The list did not come again.")
    until(lambda: [one["id"] for one in user.rondo.filters()] == [id_], PATIENCE, "The filter did not come again.")
