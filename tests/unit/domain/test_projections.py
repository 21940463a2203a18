import time
from datetime import UTC, datetime

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace

from domain import entities
from domain.projections import UNSHOWN, collect, project
from domain.times import END
from schemas import records as r
from schemas import topics

ANNA = "11111111-1111-5111-8111-111111111111"
BERT = "22222222-2222-5222-8222-222222222222"
TASK = r.Task(id="33333333-3333-5333-8333-333333333333", user=ANNA, title="Water", created_at=0, changed_at=1_500)
ENTITIES = {one.record for one in entities.TYPES}
PARIS = r.Due("2026-11-24", "09:00:00", "Europe/Paris")


def event(task: r.Task, kind=r.TaskUpdated) -> Struct:
    extra = {"changed": ("title",)} if kind is r.TaskUpdated else {}
    return kind(id="e", user=task.user, at=task.changed_at, actor="user:1", command="c", task=task, **extra)


def rows(query: str, *records: Struct) -> list[tuple]:
    return [row for by, row in collect(records) if by == query]


def due_columns(due: r.Due | None) -> tuple:
    [row] = rows("put_tasks", event(replace(TASK, due=due)))
    return row[5:9]


def cost(records: list[Struct]) -> float:
    """Seconds of CPU that it takes to project records."""
    began = time.thread_time()
    collect(records)
    return time.thread_time() - began


def test_one_text_that_a_bulk_gives_to_very_many_tasks_is_folded_and_parted_once():
    notes = "\u337f" * 16_384
    tags = tuple("\ufdfa" * 60 + str(number) for number in range(50))
    events = [event(replace(TASK, id=f"{number}", title=f"Task {number}", tags=tags)) for number in range(101)]
    first, *others = [replace(each, task=replace(each.task, notes=f" {notes}"[1:])) for each in events]
    once = cost([first])
    assert cost(others) < 10 * once  # each by itself takes as long as the first


READ = (topics.TASK_EVENTS, topics.REMINDERS, topics.AUDIT_LOG, topics.NOTIFICATIONS)


@pytest.mark.parametrize("kind", [kind for topic in READ for kind in topic.records])
def test_the_views_show_every_record_of_the_topics_that_they_read(kind):
    assert bool(list(project(any_of(kind)))) == (kind not in UNSHOWN)


def any_of(kind: type[Struct]) -> Struct:
    """A record with a plain value in each field."""
    plain = {
        int: 1,
        str: "x",
        r.Step: r.Step.SENT,
        r.OutcomeKind: r.OutcomeKind.ACCEPTED,
    }
    required = ((f.name, f.type) for f in msgspec.structs.fields(kind) if f.required)
    return kind(**{name: any_of(of) if of in ENTITIES else plain.get(of, ()) for name, of in required})


def test_a_record_that_no_view_knows_is_refused_by_name():
    with pytest.raises(TypeError, match="SeriesNotice"):
        project(r.SeriesNotice(id="n", user=ANNA, at=0, series="s", due=0))


@pytest.mark.parametrize("kind", [r.TaskCreated, r.TaskUpdated, r.TaskCompleted, r.TaskReopened, r.TaskDeleted])
def test_every_event_of_a_task_shows_the_whole_task(kind):
    [row] = rows("put_tasks", event(TASK, kind))
    assert row[:3] == (TASK.id, ANNA, "Water")


def test_a_due_in_a_zone_has_an_instant():
    eight = int(datetime(2026, 11, 24, 8, tzinfo=UTC).timestamp() * 1000)
    assert due_columns(PARIS) == ("2026-11-24", "09:00:00", "Europe/Paris", eight)


def test_a_floating_due_has_no_instant():
    assert due_columns(r.Due("2026-11-24", "09:00:00")) == ("2026-11-24", "09:00:00", None, None)


def test_a_due_date_has_neither_time_nor_instant():
    assert due_columns(r.Due("2026-11-24")) == ("2026-11-24", None, None, None)


def test_a_task_without_due_has_none():
    assert due_columns(None) == (None, None, None, None)


def test_the_last_evening_of_the_calendar_has_the_last_instant_although_it_is_next_year_in_utc():
    instant = due_columns(r.Due("9999-12-31", "23:30:00", "America/New_York"))[3]
    assert instant == END - 1


def test_the_same_tag_of_the_same_user_is_one_row():
    one, other = replace(TASK, tags=("home",)), replace(TASK, id=BERT, tags=("home", "work"))
    assert len(set(rows("put_tags", event(one), event(other)))) == 2


def test_the_same_tag_of_another_user_is_another_row():
    tags = rows("put_tags", event(replace(TASK, tags=("home",))), event(replace(TASK, user=BERT, tags=("home",))))
    assert len({tag for tag, *_ in tags}) == 2


def test_a_task_names_its_tags_by_id_with_the_version_that_has_them():
    records = [event(replace(TASK, version=7, tags=("home", "work")))]
    ids = [tag for tag, *_ in rows("put_tags", *records)]
    assert rows("put_task_tags", *records) == [(TASK.id, ANNA, 7, ",".join(ids))]


def test_a_task_without_tags_says_so_lest_former_ones_stay():
    assert rows("put_task_tags", event(replace(TASK, version=2))) == [(TASK.id, ANNA, 2, "")]
    assert not rows("put_task_tags", event(TASK)), "A new task has none to remove."


def test_a_cancelled_reminder_says_nothing_of_its_title_and_instant():
    [row] = rows("put_reminders", r.ReminderCancelled(id="x", user=ANNA, at=0, command="c", task=TASK.id))
    assert row == ("x", ANNA, TASK.id, None, None, None, "CANCELLED", 0)


def test_rows_stand_in_the_order_of_the_log():
    versions = [event(replace(TASK, version=version)) for version in (1, 2, 3)]
    assert [row[14] for row in rows("put_tasks", *versions)] == [1, 2, 3]
